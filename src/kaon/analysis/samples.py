"""The files of a process, or of the data: checked before anything is read, then read in parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.analysis.config import AnalysisConfig
from kaon.analysis.entries import DATA, Data, Process
from kaon.analysis.names import Plan, plan
from kaon.data.cuts import Expression, parse
from kaon.data.io.formats import expand, open_source
from kaon.data.io.source import Layout
from kaon.errors import ConfigError, DataError, KaonError

__all__ = ["File", "Part", "Sample", "sample_of", "samples_of"]

_STEP = 50_000
_PB_PER_FB = 1000.0


@dataclass(frozen=True)
class Part:
    """Some events of a sample.

    Args:
        columns: name -> (events,), jagged where physics is jagged.
        weight: nominal, scaled to the luminosity, (events,).
        index: event numbers, (events,).
    """

    columns: Mapping[str, Any]
    weight: NDArray[np.float64]
    index: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.weight)

    def take(self, chosen: NDArray[np.bool_]) -> Part:
        """The chosen events."""
        return Part({n: v[chosen] for n, v in self.columns.items()}, self.weight[chosen], self.index[chosen])


@dataclass(frozen=True)
class File:
    """What a file says of itself, read once: wide ones take seconds to open.

    Args:
        path: of the file.
        columns: all that can be read.
        events: entries, 0 if only reading to the end can tell.
        sum_weights: of all generated events, if the file notes it.
    """

    path: Path
    columns: tuple[str, ...]
    events: int
    sum_weights: float | None


@dataclass(frozen=True)
class Sample:
    """One process, the data, or a process with other files.

    Args:
        name: of the process.
        config: of the analysis.
        files: that can be opened.
        weight: expression; None counts events.
        scale: of the weights.
    """

    name: str
    config: AnalysisConfig
    files: tuple[File, ...]
    weight: Expression | None = None
    scale: float = 1.0

    @property
    def selection(self) -> dict[str, Expression]:
        """The cuts that all its events pass."""
        own = _settings(self.config, self.name).select
        return {name: parse(text) for name, text in (own | self.config.selection).items()}

    @property
    def events(self) -> int:
        """Entries of the files, as far as these tell without being read."""
        return sum(file.events for file in self.files)

    def check(self, wanted: Iterable[Expression], later: Iterable[str] = ()) -> None:
        """Make sure that every file has what the expressions need.

        Raises:
            UnknownName: a name that is neither a variable nor a branch.
        """
        needed = list(wanted)
        for file in self.files:
            self._plan(needed, file, later)

    def parts(self, wanted: Iterable[Expression], later: Iterable[str] = (), step: int = _STEP) -> Iterator[Part]:
        """All events with the columns that the expressions need, at most `step` at a time.

        Raises:
            DataError: a damaged file, weights that are NaN, infinite or no numbers, event numbers that are not whole.
        """
        needed, start = list(wanted), 0
        for file in self.files:
            made = self._plan(needed, file, later)
            with open_source(file.path, _layout(self.config, self.name)) as source:
                for chunk in source.chunks(made.raw or source.columns[:1], step):
                    columns = made.columns(chunk)
                    count = len(next(iter(columns.values())))
                    rows = np.arange(start, start + count)
                    start += count
                    if count:
                        where = str(file.path)
                        yield Part(columns, self._weights(columns, count, where), self._index(columns, rows, where))

    def passing(self, cuts: Iterable[Expression], wanted: Iterable[Expression]) -> Iterator[Part]:
        """The events that pass the selection and further cuts, with the columns that the expressions need.

        Args:
            cuts: beside those of the selection.
            wanted: what is computed of the events.

        Raises:
            DataError: as `parts`.
        """
        every = [*self.selection.values(), *cuts]
        for part in self.parts([*every, *wanted]):
            passed = np.logical_and.reduce([np.ones(len(part), bool), *(cut.mask(part.columns) for cut in every)])
            if passed.any():
                yield part.take(passed)

    def weights(self, expression: Expression, part: Part) -> NDArray[np.float64]:
        """Other weights than the nominal ones, scaled as these, (events,).

        Raises:
            DataError: they are NaN, infinite, or no numbers.
        """
        return self.scale * _numbers(expression, part.columns, f"the process {self.name}")

    def _plan(self, wanted: Iterable[Expression], file: File, later: Iterable[str]) -> Plan:
        index = [parse(self.config.index)] if self.config.index else []
        weight = [self.weight] if self.weight is not None else []
        return plan([*wanted, *weight, *index], self.config.variables, file.columns, str(file.path), tuple(later))

    def _weights(self, columns: Mapping[str, Any], count: int, where: str) -> NDArray[np.float64]:
        if self.weight is None:
            return np.full(count, self.scale)
        return self.scale * _numbers(self.weight, columns, where)

    def _index(self, columns: Mapping[str, Any], rows: NDArray[np.int64], where: str) -> NDArray[np.int64]:
        if self.config.index is None:
            return rows
        found = parse(self.config.index).values(columns)
        if found.dtype.kind not in "iu" and not (found == np.rint(found)).all():
            raise DataError(f"the event number {self.config.index!r} of {where} is not whole")
        return found.astype(np.int64)


def samples_of(config: AnalysisConfig) -> dict[str, Sample]:
    """Every process and the data, with files that exist and weights scaled to the luminosity.

    Raises:
        DataError: a file is missing, damaged or empty, or the weights of a process have no positive sum.
        UnknownName: a branch of a weight that is not there.
    """
    return {name: sample_of(config, name) for name in config.all_names}


def sample_of(config: AnalysisConfig, name: str, files: Iterable[str] | None = None) -> Sample:
    """One process or the data; with other files, if they are given.

    Raises:
        DataError: a file is missing, damaged or empty, or the weights have no positive sum.
    """
    settings = _settings(config, name)
    try:
        paths = expand(settings.files if files is None else tuple(files))
        found = tuple(_opened(path, _layout(config, name)) for path in paths)
    except KaonError as error:
        error.args = (f"{'the data' if name == DATA else f'the process {name}'}: {error}",)
        raise
    if not isinstance(settings, Process):
        return Sample(name, config, found)
    text = settings.weight or config.weight
    sample = Sample(name, config, found, None if text is None else parse(text))
    return replace(sample, scale=_scale(sample, settings, files is not None))


def _settings(config: AnalysisConfig, name: str) -> Data:
    found = config.data if name == DATA else config.processes[name]
    assert found is not None
    return found


def _layout(config: AnalysisConfig, name: str) -> Layout:
    index = parse(config.index).columns if config.index else frozenset[str]()
    return Layout(tree=_settings(config, name).tree or config.tree, integers=index)


def _opened(path: Path, layout: Layout) -> File:
    with open_source(path, layout) as source:
        made = source.notes.provenance
        return File(path, source.columns, source.length or 0, None if made is None else made.sum_weights)


def _scale(sample: Sample, settings: Process, varied: bool) -> float:
    """What the weights are multiplied by: cross-section times luminosity over the sum of all generated weights."""
    if settings.cross_section is None:
        return 1.0
    if sample.config.luminosity is None:
        raise ConfigError(f"the process {sample.name} has a cross_section; give luminosity, in 1/fb")
    total = None if varied else settings.sum_weights
    noted = [file.sum_weights for file in sample.files]
    total = total or (sum(filter(None, noted)) if all(noted) else None)
    total = total or sum(float(part.weight.sum()) for part in sample.parts(()))
    if not total > 0:
        raise DataError(
            f"the weights of the process {sample.name} sum to {total:g}, so they cannot be scaled to its cross-section"
        )
    return settings.cross_section * _PB_PER_FB * sample.config.luminosity / total


def _numbers(expression: Expression, columns: Mapping[str, Any], where: str) -> NDArray[np.float64]:
    found = expression.values(columns)
    if found.dtype.kind not in "biuf":
        raise DataError(f"the weight {expression.text!r} of {where} holds {found.dtype} values, not numbers")
    bad = int((~np.isfinite(found)).sum())
    if bad:
        raise DataError(f"the weight {expression.text!r} of {where} is NaN or infinite in {bad} events")
    return found.astype(np.float64)
