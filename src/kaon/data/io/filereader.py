"""One file, read for a request: columns chosen, lists exploded, cut, checked, and given their roles."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.data.cuts import Expression, parse
from kaon.data.events import Events
from kaon.data.io.explode import explode, members
from kaon.data.io.invalid import infinite_rows, invalid_rows, suspected_mev, with_missing, without_options
from kaon.data.io.labels import Labels
from kaon.data.io.request import Request
from kaon.data.io.source import Source
from kaon.data.provenance import Provenance
from kaon.data.records import sort_by_pt, table
from kaon.errors import ConfigError, DataError, KaonWarning, UnknownName

__all__ = ["FileReader"]


class FileReader:
    """Reads one open file.

    Args:
        request: what to read.
        source: the file.
        target: class of all its events; None where its label column decides.
        labels: classes of the request's label; None if it has none, or if they are to be learnt from these events:
            then the events have no target, and `unnumbered` holds the values of their label.
        limit: at most this many events.

    Raises:
        UnknownName: a column that the file does not have; the message lists the nearest.
    """

    def __init__(
        self, request: Request, source: Source, target: int | None, labels: Labels | None, limit: int | None
    ) -> None:
        self.request, self.source, self.target, self.limit = request, source, target, limit
        self.where = str(source.path)
        notes = source.notes
        stored = notes.label if target is None and request.label is None and notes.classes else None
        self.labels = self._stored_labels() if stored else labels
        self.label = None if target is not None else request.label or _named(stored)
        self.weight = request.weight or _named(notes.weight)
        self.index = request.index or _named(notes.index)
        self.kept = self._kept()
        self.taken = self.seen = self.dropped = 0
        self.unnumbered: list[NDArray[Any]] = []

    @property
    def provenance(self) -> Provenance:
        """Of the events read so far."""
        made = self.source.notes.provenance or Provenance(self.where, self.request.layout.settings())
        made = made.then(f"read from {self.source.path.name}") if self.source.notes.provenance else made
        steps = (("missing", self.request.missing), ("exploded", self.request.explode), ("cut", self.request.cut))
        for name, value in steps:
            made = made if value is None else made.then(f"{name}: {getattr(value, 'text', value)}")
        return made.then(f"dropped {self.dropped} of {self.seen} events as invalid") if self.dropped else made

    def chunks(self, step: int) -> Iterator[Events]:
        """The events in order, at most `step` entries at a time; lists are exploded after that.

        Raises:
            DataError: NaN, infinite or missing values (unless they are to be dropped), labels or event numbers of the
                wrong kind, a damaged file.
        """
        start, warned = 0, set[str]()
        for chunk in self.source.chunks(self._needed(self.label, self.weight, self.index), step):
            events = self._events(chunk, start, warned)
            start += len(next(iter(chunk.values())))
            if self.limit is not None:
                events = events.take(slice(0, self.limit - self.taken))
            self.taken += len(events)
            if len(events):
                yield events
            if self.taken == self.limit:
                break
        if start == 0:
            warnings.warn(f"{self.where} holds no entries", KaonWarning, stacklevel=2)
        if self.dropped:
            message = f"{self.dropped} of {self.seen} events hold NaN, infinite or missing values and were dropped"
            warnings.warn(f"{self.where}: {message}", KaonWarning, stacklevel=2)

    def label_values(self, step: int) -> Iterator[NDArray[Any]]:
        """The values of the label of all events that pass the cut."""
        assert self.label is not None
        for chunk in self.source.chunks(self._needed(self.label, keep=False), step):
            columns, _, _ = self._selected(chunk)
            values = self.label.values(columns)
            lost = np.isnan(values) if values.dtype.kind == "f" and self.request.drop_invalid else None
            yield values if lost is None else values[~lost]

    def _events(self, chunk: Mapping[str, Any], start: int, warned: set[str]) -> Events:
        columns, rows, outer = self._selected(chunk)
        if self.label is not None and self.labels is None:
            self.unnumbered.append(self.label.values(columns))
        columns, rows = self._valid(columns, start + rows)
        self._warn_of_units(columns, warned)
        if "constituents" in self.kept and {"px", "py"} <= set(ak.fields(columns["constituents"])):
            columns["constituents"] = sort_by_pt(columns["constituents"])
        target = None
        if self.target is not None:
            target = np.full(len(rows), self.target)
        elif self.label is not None and self.labels is not None:
            target = self.labels.numbers(self.label.values(columns), self.where, self.label.text)
        roles = [e.required(self.source.columns) for e in (self.label, self.weight, self.index) if e is not None]
        return Events(
            table({n: columns[n] for n in self.kept}),
            target=target,
            weight=None if self.weight is None else _weights(self.weight.values(columns), self.where, self.weight.text),
            index=rows if self.index is None else _integers(self.index.values(columns), self.where, self.index.text),
            classes=self.labels.classes if self.labels is not None and target is not None else (),
            reserved=(self.source.notes.reserved.union(*roles) | outer) & frozenset(self.kept),
            provenance=self.provenance,
        )

    def _selected(self, chunk: Mapping[str, Any]) -> tuple[dict[str, Any], NDArray[np.int64], frozenset[str]]:
        """Columns after exploding and cutting, the chunk's row behind each entry, and the columns of whole events."""
        columns = {name: without_options(values) for name, values in chunk.items()}
        if self.request.missing is not None:
            columns = {name: with_missing(values, self.request.missing) for name, values in columns.items()}
        rows, outer = np.arange(len(next(iter(columns.values())))), frozenset[str]()
        if self.request.explode is not None:
            made = explode(columns, self.request.explode, self.source.notes.groups, self.where)
            columns, rows = made.columns, made.parent
            outer = frozenset(columns) - made.inner - frozenset(self.request.columns or ())
        if self.request.cut is not None:
            passed = self.request.cut.mask(columns)
            columns, rows = {n: without_options(v[passed]) for n, v in columns.items()}, rows[passed]
        return columns, rows, outer

    def _valid(self, columns: dict[str, Any], rows: NDArray[np.int64]) -> tuple[dict[str, Any], NDArray[np.int64]]:
        self.seen += len(rows)
        roles = set[str]().union(
            *(e.required(self.source.columns) for e in (self.label, self.weight, self.index) if e is not None)
        )
        lenient = self.request.missing is not None and not self.request.drop_invalid
        bad: dict[str, NDArray[np.bool_]] = {}
        for name in (n for n in columns if n in roles or n in self.kept):
            mask = (infinite_rows if lenient and name not in roles else invalid_rows)(columns[name])
            if mask.any():
                bad[name] = mask
        if not bad:
            return columns, rows
        if not self.request.drop_invalid:
            raise DataError(self._invalid_message(bad, rows))
        good = ~np.logical_or.reduce(list(bad.values()))
        self.dropped += int((~good).sum())
        return {n: without_options(v[good]) for n, v in columns.items()}, rows[good]

    def _invalid_message(self, bad: Mapping[str, NDArray[np.bool_]], rows: NDArray[np.int64]) -> str:
        lines = []
        for name, mask in list(bad.items())[:6]:
            places = np.unique(rows[mask])
            first = ", ".join(map(str, places[:5])) + (", ..." if len(places) > 5 else "")
            lines.append(f"column {name!r} in {int(mask.sum())} events (rows {first})")
        more = f" and {len(bad) - 6} more columns" if len(bad) > 6 else ""
        return (
            f"{self.where} holds NaN, infinite or missing values among rows {rows[0]} to {rows[-1]}: "
            f"{'; '.join(lines)}{more}. Drop these events with drop_invalid=True (--drop-invalid), "
            f"or leave the columns out with columns="
        )

    def _warn_of_units(self, columns: Mapping[str, Any], warned: set[str]) -> None:
        found = suspected_mev(columns, [n for n in self.kept if n not in warned])
        warned.update(self.kept)
        for name, median in found.items():
            warnings.warn(
                f"{self.where}: the median of {name!r} is {median:.0f}; kaon computes in GeV, is this MeV?",
                KaonWarning,
                stacklevel=2,
            )

    def _kept(self) -> list[str]:
        available = [c for c in self.source.columns if c not in self.source.notes.hidden]
        if self.request.columns is None:
            if not available:
                raise DataError(f"{self.where} has no columns that kaon can read")
            return available
        chosen: list[str] = []
        for pattern in self.request.columns:
            exact = [c for c in self.source.columns if c == pattern]
            matches = exact or [c for c in available if fnmatchcase(c, pattern)]
            if not matches:
                raise UnknownName("column", pattern, available, self.where)
            chosen += matches
        return list(dict.fromkeys(chosen))

    def _needed(self, *expressions: Expression | None, keep: bool = True) -> list[str]:
        """The columns to load: those kept, those of the expressions, and those that count the exploded lists."""
        names = set(self.kept) if keep else set()
        for expression in (*expressions, self.request.cut):
            if expression is not None:
                names |= expression.required(self.source.columns, self.where)
        if self.request.explode is not None:
            names.update(members(self.source.columns, self.request.explode, self.source.notes.groups, self.where))
        return [c for c in self.source.columns if c in names]

    def _stored_labels(self) -> Labels:
        stored, given = self.source.notes.classes, self.request.classes
        if given is not None and len(given) != len(stored):
            raise ConfigError(f"{self.where} has the classes {stored}, so classes={given} cannot name them")
        return Labels.stored(given or stored)


def _named(column: str | None) -> Expression | None:
    return None if column is None else parse(f"`{column}`")


def _weights(values: NDArray[Any], where: str, text: str) -> NDArray[np.float64]:
    if values.dtype.kind not in "biuf":
        raise DataError(f"the weight {text!r} of {where} has dtype {values.dtype}; needed: numbers")
    return values.astype(np.float64)


def _integers(values: NDArray[Any], where: str, text: str) -> NDArray[np.int64]:
    """Event numbers; 64-bit unsigned ones wrap around, which does no harm, because they are only hashed."""
    if values.dtype.kind in "iu":
        return values.astype(np.int64)
    if values.dtype.kind == "f" and (values == np.round(values)).all() and (np.abs(values) < 2**53).all():
        return values.astype(np.int64)
    raise DataError(f"the event number {text!r} of {where} holds {values.dtype} values; needed: whole numbers")
