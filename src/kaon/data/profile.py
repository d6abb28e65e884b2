"""What is in a file, found in one pass in the memory of a chunk: columns, ranges, missing values, classes, weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.data.cuts import Expression, parse
from kaon.data.io.explode import explode
from kaon.data.io.formats import Paths, open_source
from kaon.data.io.invalid import with_missing, without_options
from kaon.data.io.labels import BINARY
from kaon.data.io.request import Request
from kaon.data.io.source import Source
from kaon.data.provenance import Provenance
from kaon.errors import DataError, UnknownName

__all__ = ["Column", "Share", "Table", "profile"]

_STEP = 50_000
_SAMPLE = 20_000
"""Values a column that are kept, drawn uniformly from all of them, for quantiles and histograms."""
_TEXTS = 1000
"""Different texts a column that are counted."""


@dataclass
class Column:
    """One column, or one member of a column of records (`constituents.px`).

    Args:
        name: of the column.
        kind: type of one event's entry, such as `float32` or `var * float64`.
        role: `label`, `weight`, `index`, or empty.
        values: how many there are; of a list column, of all entries.
        missing: values that are NaN or absent.
        infinite: values that are infinite.
        minimum, maximum, mean, deviation: of the finite values; None without any, or for texts.
        lengths: (smallest, mean, largest) number of entries an event, of a list column; otherwise None.
        texts: the most frequent texts with their counts, of a text column.
        sample: finite values drawn uniformly from all of them, (at most 20,000,).
    """

    name: str
    kind: str
    role: str = ""
    values: int = 0
    missing: int = 0
    infinite: int = 0
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    deviation: float | None = None
    lengths: tuple[int, float, int] | None = None
    texts: tuple[tuple[str, int], ...] = ()
    sample: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def histogram(self, bins: int = 24, tail: float = 0.005) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Counts (bins,) and edges (bins + 1,) of the sample, without a share of `tail` of the values on each side."""
        if not len(self.sample):
            return np.zeros(bins, np.int64), np.linspace(0, 1, bins + 1)
        low, high = np.quantile(self.sample, (tail, 1 - tail))
        counts, edges = np.histogram(self.sample, bins, (low, high if high > low else low + 1))
        return counts.astype(np.int64), edges


@dataclass(frozen=True)
class Share:
    """Events of one class: how many, their summed weight, and how many have a negative weight."""

    events: int
    weight: float
    negative: int


@dataclass(frozen=True)
class Table:
    """What is in one file, or several of the same columns.

    Args:
        files: that were read.
        events: that pass the cut.
        columns: in the order of the file; members of records after each other.
        classes: class name (or label value) -> its share; empty without a label.
        weights: (smallest, largest, sum) of the event weights; None without any.
        provenance: of the first file, if kaon wrote it.
    """

    files: tuple[str, ...]
    events: int
    columns: tuple[Column, ...]
    classes: Mapping[str, Share]
    weights: tuple[float, float, float] | None
    provenance: Provenance | None


def profile(path: Paths | None = None, *, step: int = _STEP, **options: Any) -> Table:
    """Look through files of any size once; invalid values are counted, not refused.

    Args:
        path: as for `kaon.read`.
        step: most entries at a time: decides the memory.
        options: of `kaon.read`: signal, background, label, weight, index, columns, cut, explode, missing, limit,
            classes, tree, layout, format, header.

    Raises:
        DataError: a damaged or empty file.
        ConfigError: options that make no sense; UnknownName for a column that is not there.
    """
    request = Request.make(path, **options)
    found = _Profile(request)
    left: dict[int | None, int] = {}
    for file, target in request.files:
        most = None if request.limit is None else left.setdefault(target, request.limit)
        if most == 0:
            continue
        with open_source(file, request.layout) as source:
            taken = found.read(source, target, step, most)
        if most is not None:
            left[target] = most - taken
    return found.table()


class _Profile:
    """Sums over all chunks of all files."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.columns: dict[str, _Sums] = {}
        self.classes: dict[str, list[float]] = {}
        self.weights: list[float] = []
        self.events = 0
        self.provenance: Provenance | None = None

    def read(self, source: Source, target: int | None, step: int, limit: int | None) -> int:
        notes, request = source.notes, self.request
        self.provenance = self.provenance or notes.provenance
        label = None if target is not None else request.label or _named(notes.label)
        weight = request.weight or _named(notes.weight)
        index = request.index or _named(notes.index)
        roles = {"label": label, "weight": weight, "index": index}
        kept = self._kept(source)
        needed = set(kept).union(
            *(e.required(source.columns, str(source.path)) for e in (label, weight, request.cut) if e is not None)
        )
        everything = source.columns if request.explode else [c for c in source.columns if c in needed]
        taken = 0
        for chunk in source.chunks(everything, step):
            columns = self._selected(chunk, source)
            count = len(next(iter(columns.values())))
            if limit is not None and taken + count > limit:
                count = limit - taken
                columns = {name: values[:count] for name, values in columns.items()}
            taken += count
            self.events += count
            for name in kept:
                role = next((r for r, e in roles.items() if e is not None and name in e.columns), "")
                self._add(name, columns[name], role)
            self._share(columns, label, weight, target, notes.classes if request.label is None else (), count)
            if taken == limit:
                break
        return taken

    def table(self) -> Table:
        files = tuple(str(file) for file, _ in self.request.files)
        if self.events == 0:
            raise DataError(
                f"{', '.join(files[:3])} holds no events" + (" that pass the cut" if self.request.cut else "")
            )
        weights = (min(self.weights[0::3]), max(self.weights[1::3]), sum(self.weights[2::3])) if self.weights else None
        # Named as `kaon.read` names them: 0 and 1, or no and yes, are background and signal.
        pairs = ({"0": 0, "1": 1}, {"False": 0, "True": 1}) if self.request.label is not None else ()
        places = next((pair for pair in pairs if set(self.classes) <= set(pair)), {})
        binary = self.request.classes or BINARY
        names = {value: binary[place] for value, place in places.items() if len(binary) == len(places)}
        shares = {
            names.get(name, name): Share(int(n), w, int(negative))
            for name, (n, w, negative) in sorted(self.classes.items())
        }
        columns = tuple(sums.column() for sums in self.columns.values())
        return Table(files, self.events, columns, shares, weights, self.provenance)

    def _kept(self, source: Source) -> list[str]:
        patterns = self.request.columns
        available = [c for c in source.columns if patterns is not None or c not in source.notes.hidden]
        if patterns is None:
            return available
        for pattern in patterns:
            if not any(fnmatchcase(c, pattern) for c in available):
                raise UnknownName("column", pattern, available, str(source.path))
        return [c for c in available if any(fnmatchcase(c, p) for p in patterns)]

    def _selected(self, chunk: Mapping[str, Any], source: Source) -> dict[str, Any]:
        columns = {name: without_options(values) for name, values in chunk.items()}
        if self.request.missing is not None:
            columns = {name: with_missing(values, self.request.missing) for name, values in columns.items()}
        if self.request.explode is not None:
            columns = dict(explode(columns, self.request.explode, source.notes.groups, str(source.path)).columns)
        if self.request.cut is not None:
            passed = self.request.cut.mask(columns)
            columns = {name: values[passed] for name, values in columns.items()}
        return columns

    def _add(self, name: str, values: Any, role: str) -> None:
        for leaf, content in _leaves(name, values):
            self.columns.setdefault(leaf, _Sums(leaf, str(ak.type(content).content), role)).add(content)

    def _share(
        self,
        columns: Mapping[str, Any],
        label: Expression | None,
        weight: Expression | None,
        target: int | None,
        classes: tuple[str, ...],
        count: int,
    ) -> None:
        weights = np.ones(count) if weight is None else np.asarray(weight.values(columns), np.float64)[:count]
        if weight is not None and count:
            self.weights += [float(weights.min()), float(weights.max()), float(weights.sum())]
        if target is not None:
            values: NDArray[Any] = np.full(count, (self.request.classes or BINARY)[target])
        elif label is not None:
            values = label.values(columns)[:count]
        else:
            return
        names, inverse = np.unique(values, return_inverse=True)
        for i, value in enumerate(names):
            chosen = inverse == i
            share = self.classes.setdefault(_class_name(value, classes), [0, 0.0, 0])
            share[0] += int(chosen.sum())
            share[1] += float(weights[chosen].sum())
            share[2] += int((weights[chosen] < 0).sum())


class _Sums:
    """Running sums of one column: moments by Chan's merge, and a uniform sample by the smallest random keys."""

    def __init__(self, name: str, kind: str, role: str) -> None:
        self.made = Column(name, kind, role)
        self.mean = self.squares = 0.0
        self.lengths = np.array([np.inf, 0.0, 0.0, 0.0])  # smallest, sum, largest, events
        self.texts: Counter[str] = Counter()
        self.keys = np.zeros(0)
        self.rng = np.random.default_rng(0)

    def add(self, column: Any) -> None:
        if "string" in self.made.kind:
            self._add_texts(column)
            return
        if column.ndim > 1 and len(column):
            lengths = ak.to_numpy(ak.fill_none(ak.num(column, axis=1), 0))
            low, total, high, events = self.lengths
            self.lengths = np.array(
                [min(low, lengths.min()), total + lengths.sum(), max(high, lengths.max()), events + len(lengths)]
            )
        flat = np.asarray(ak.to_numpy(ak.drop_none(ak.flatten(column, axis=None))))
        absent = sum(int(ak.sum(ak.is_none(column, axis=axis), axis=None)) for axis in range(column.ndim))
        values = flat.astype(np.float64)
        finite = values[np.isfinite(values)]
        self.made.values += len(values) + absent
        self.made.missing += int(np.isnan(values).sum()) + absent
        self.made.infinite += int(np.isinf(values).sum())
        if len(finite):
            self._add_numbers(finite)

    def column(self) -> Column:
        made = self.made
        low, total, high, events = self.lengths
        if events:
            made.lengths = (int(low), float(total / events), int(high))
        if made.mean is not None:
            seen = made.values - made.missing - made.infinite
            made.mean, made.deviation = self.mean, float(np.sqrt(self.squares / max(seen - 1, 1)))
        made.texts = tuple(self.texts.most_common(5))
        return made

    def _add_texts(self, column: Any) -> None:
        words = ak.to_list(ak.flatten(column, axis=None) if column.ndim > 2 else column)
        self.made.values += len(words)
        self.made.missing += sum(not word for word in words)
        for word, count in Counter(map(str, words)).items():
            if word in self.texts or len(self.texts) < _TEXTS:
                self.texts[word] += count

    def _add_numbers(self, finite: NDArray[np.float64]) -> None:
        made, count = self.made, len(finite)
        before = made.values - made.missing - made.infinite - count
        shift = finite.mean() - self.mean
        self.mean += float(shift) * count / (before + count)
        self.squares += float(((finite - finite.mean()) ** 2).sum() + shift**2 * before * count / (before + count))
        made.minimum = min(float(finite.min()), np.inf if made.minimum is None else made.minimum)
        made.maximum = max(float(finite.max()), -np.inf if made.maximum is None else made.maximum)
        made.mean = self.mean
        keys = np.concatenate([self.keys, self.rng.random(count)])
        values = np.concatenate([made.sample, finite])
        if len(keys) > _SAMPLE:
            chosen = np.argpartition(keys, _SAMPLE)[:_SAMPLE]
            keys, values = keys[chosen], values[chosen]
        self.keys, made.sample = keys, values


def _leaves(name: str, column: Any) -> Iterator[tuple[str, Any]]:
    if column.fields:
        for member in column.fields:
            yield from _leaves(f"{name}.{member}", column[member])
    else:
        yield name, column


def _named(column: str | None) -> Expression | None:
    return None if column is None else parse(f"`{column}`")


def _class_name(value: Any, classes: tuple[str, ...]) -> str:
    if classes and float(value) == int(value) and 0 <= int(value) < len(classes):
        return classes[int(value)]
    return str(int(value)) if isinstance(value, np.floating) and value == int(value) else str(value)
