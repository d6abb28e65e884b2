"""What the systematic uncertainties do to the counts of each process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kaon.analysis.config import AnalysisConfig
from kaon.analysis.counts import Counts
from kaon.analysis.entries import Sides, Systematic
from kaon.analysis.measure import NOMINAL, Measured
from kaon.analysis.samples import Sample, sample_of
from kaon.data.cuts import Expression, parse

__all__ = ["Varied", "varied", "varied_samples", "varied_weights"]

_UP, _DOWN = "up", "down"


@dataclass(frozen=True)
class Varied:
    """The passes over one process.

    Args:
        nominal: with all variations of the weights.
        up, down: systematic -> the pass over other files.
    """

    nominal: Measured
    up: Mapping[str, Measured]
    down: Mapping[str, Measured]


def varied_weights(config: AnalysisConfig, sample: Sample) -> dict[str, Expression]:
    """Further weights of a process: `name.up` and `name.down` of each systematic that has them."""
    usual = "1" if sample.weight is None else sample.weight.text
    found = {}
    for name, systematic in _of(config, sample.name).items():
        for sides, text in ((systematic.weight, "{0}"), (systematic.factor, "({1}) * ({0})")):
            for side, given in _given(sides):
                found[f"{name}.{side}"] = parse(text.format(given, usual))
    return found


def varied_samples(config: AnalysisConfig, process: str) -> dict[tuple[str, str], Sample]:
    """(systematic, up or down) -> the process with other files.

    Raises:
        DataError: one of them is missing.
    """
    return {
        (name, side): sample_of(config, process, files[process])
        for name, systematic in config.systematics.items()
        if systematic.files is not None
        for side, files in ((_UP, systematic.files.up), (_DOWN, systematic.files.down))
        if process in files
    }


def varied(
    config: AnalysisConfig, process: str, passes: Varied, histogram: str, region: str
) -> dict[str, tuple[Counts, Counts | None]]:
    """Systematic -> (up, down) of one histogram of one process in one region; None for no down."""

    def counted(measured: Measured, variation: str = NOMINAL) -> Counts:
        return measured.counted[variation][histogram][region]

    found: dict[str, tuple[Counts, Counts | None]] = {}
    nominal = counted(passes.nominal)
    for name, systematic in _of(config, process).items():
        if systematic.normalisation is not None:
            size = systematic.normalisation
            down, up = size if isinstance(size, tuple) else (size, size)
            found[name] = nominal.scaled(1 + up), nominal.scaled(1 - down)
        for sides in (systematic.weight, systematic.factor):
            made = {side: counted(passes.nominal, f"{name}.{side}") for side, _ in _given(sides)}
            if made:
                found[name] = made[_UP], made.get(_DOWN)
    for name, measured in passes.up.items():
        found[name] = counted(measured), counted(passes.down[name]) if name in passes.down else None
    for name in passes.down.keys() - passes.up.keys():
        found[name] = nominal.scaled(2) - counted(passes.down[name]), None
    return found


def _of(config: AnalysisConfig, process: str) -> dict[str, Systematic]:
    """The systematics that concern a process, without those of other files."""
    every = config.systematics.items()
    return {
        n: s
        for n, s in every
        if s.files is None and process in (config.processes if s.processes is None else s.processes)
    }


def _given(sides: Sides | None) -> list[tuple[str, str]]:
    pairs = [] if sides is None else [(_UP, sides.up), (_DOWN, sides.down)]
    return [(side, text) for side, text in pairs if text is not None]
