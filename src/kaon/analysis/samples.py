"""The files of a process, or of the data: checked before anything is read, then read in parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.analysis.config import AnalysisConfig
from kaon.analysis.entries import DATA, Process
from kaon.analysis.names import Plan, plan
from kaon.data.cuts import Expression, parse
from kaon.data.io.formats import expand, open_source
from kaon.data.io.source import Layout
from kaon.errors import ConfigError, DataError, KaonError

__all__ = ["Part", "Sample", "sample_of", "samples_of"]

_STEP = 50_000


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
class Sample:
    """One process, the data, or a process with other files.

    Args:
        name: of the process.
        config: of the analysis.
        files: that exist.
        weight: expression; None counts events.
        scale: of the weights.
    """

    name: str
    config: AnalysisConfig
    files: tuple[Path, ...]
    weight: Expression | None = None
    scale: float = 1.0

    @property
    def selection(self) -> dict[str, Expression]:
        """The cuts that all its events pass."""
        own = self._settings.select
        return {name: parse(text) for name, text in (own | self.config.selection).items()}

    @property
    def events(self) -> int:
        """Entries of the files, as far as these tell without being read."""
        total = 0
        for path in self.files:
            with open_source(path, self._layout) as source:
                total += source.length or 0
        return total

    def check(self, wanted: Iterable[Expression], later: Iterable[str] = ()) -> None:
        """Make sure that every file has what the expressions need, without reading any event.

        Raises:
            UnknownName: a name that is neither a variable nor a branch.
            DataError: a damaged file.
        """
        for path in self.files:
            with open_source(path, self._layout) as source:
                self._plan(wanted, source.columns, path, later)

    def parts(self, wanted: Iterable[Expression], later: Iterable[str] = (), step: int = _STEP) -> Iterator[Part]:
        """All events with the columns that the expressions need, at most `step` at a time.

        Raises:
            DataError: a damaged file, weights that are NaN, infinite or no numbers, event numbers that are not whole.
        """
        needed, start = list(wanted), 0
        for path in self.files:
            with open_source(path, self._layout) as source:
                made = self._plan(needed, source.columns, path, later)
                for chunk in source.chunks(made.raw or source.columns[:1], step):
                    columns = made.columns(chunk)
                    count = len(next(iter(columns.values())))
                    rows = np.arange(start, start + count)
                    start += count
                    if count:
                        yield Part(columns, self._weights(columns, count, path), self._index(columns, rows, path))

    def weights(self, expression: Expression, part: Part) -> NDArray[np.float64]:
        """Other weights than the nominal ones, scaled as these, (events,).

        Raises:
            DataError: they are NaN, infinite, or no numbers.
        """
        return self.scale * _numbers(expression, part.columns, str(self.files[0]))

    @property
    def _settings(self) -> Any:
        return self.config.data if self.name == DATA else self.config.processes[self.name]

    @property
    def _layout(self) -> Layout:
        index = parse(self.config.index).columns if self.config.index else frozenset[str]()
        return Layout(tree=self._settings.tree or self.config.tree, integers=index)

    def _plan(self, wanted: Iterable[Expression], available: tuple[str, ...], path: Path, later: Iterable[str]) -> Plan:
        index = [parse(self.config.index)] if self.config.index else []
        weight = [self.weight] if self.weight is not None else []
        return plan([*wanted, *weight, *index], self.config.variables, available, str(path), tuple(later))

    def _weights(self, columns: Mapping[str, Any], count: int, path: Path) -> NDArray[np.float64]:
        if self.weight is None:
            return np.full(count, self.scale)
        return self.scale * _numbers(self.weight, columns, str(path))

    def _index(self, columns: Mapping[str, Any], rows: NDArray[np.int64], path: Path) -> NDArray[np.int64]:
        if self.config.index is None:
            return rows
        found = parse(self.config.index).values(columns)
        if found.dtype.kind not in "iu" and not (found == np.rint(found)).all():
            raise DataError(f"the event number {self.config.index!r} of {path} is not whole")
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
    settings = config.data if name == DATA else config.processes[name]
    assert settings is not None
    try:
        found = tuple(expand(settings.files if files is None else tuple(files)))
    except KaonError as error:
        raise type(error)(f"{'the data' if name == DATA else f'the process {name}'}: {error}") from error
    if not isinstance(settings, Process):
        return Sample(name, config, found)
    text = settings.weight or config.weight
    sample = Sample(name, config, found, None if text is None else parse(text))
    return Sample(name, config, found, sample.weight, _scale(sample, settings, files is not None))


def _scale(sample: Sample, settings: Process, varied: bool) -> float:
    """What the weights are multiplied by: cross-section times luminosity over the sum of all generated weights."""
    if settings.cross_section is None:
        return 1.0
    if sample.config.luminosity is None:
        raise ConfigError(f"the process {sample.name} has a cross_section; give luminosity, in 1/pb")
    total = None if varied else settings.sum_weights
    total = total or _noted(sample) or sum(float(part.weight.sum()) for part in sample.parts(()))
    if not total > 0:
        raise DataError(
            f"the weights of the process {sample.name} sum to {total:g}, so they cannot be scaled to its cross-section"
        )
    return settings.cross_section * sample.config.luminosity / total


def _noted(sample: Sample) -> float | None:
    """Sum of the weights of all generated events, if each of the files notes it."""
    total = 0.0
    for path in sample.files:
        with open_source(path, sample._layout) as source:
            made = source.notes.provenance
        if made is None or not made.sum_weights:
            return None
        total += made.sum_weights
    return total


def _numbers(expression: Expression, columns: Mapping[str, Any], where: str) -> NDArray[np.float64]:
    found = expression.values(columns)
    if found.dtype.kind not in "biuf":
        raise DataError(f"the weight {expression.text!r} of {where} holds {found.dtype} values, not numbers")
    bad = int((~np.isfinite(found)).sum())
    if bad:
        raise DataError(f"the weight {expression.text!r} of {where} is NaN or infinite in {bad} events")
    return found.astype(np.float64)
