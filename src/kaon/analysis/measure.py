"""One pass over the events of a sample: cut flow, yields of the regions, histograms, for every weight at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from kaon.analysis.config import AnalysisConfig
from kaon.analysis.counts import Counts
from kaon.analysis.entries import DATA
from kaon.analysis.samples import Part, Sample
from kaon.analysis.scores import Scorer
from kaon.data.cuts import Expression, parse
from kaon.errors import DataError

__all__ = ["NOMINAL", "YIELD", "Measured", "Progress", "Step", "expressions", "measure"]

Progress = Callable[[str, int, int], None]
"""Told what is done, events done, and events in all."""

NOMINAL = ""
"""Name of the nominal weights among their variations."""

YIELD = "yield"
"""Name of the number of events among the histograms."""

Counted = dict[str, dict[str, Counts]]
"""Histogram (or yield) -> region -> counts."""


@dataclass(frozen=True)
class Step:
    """One line of a cut flow.

    Args:
        cut: its name.
        region: that the cut belongs to; empty for the selection.
        raw: events that pass it and all before.
        weighted: the same, weighted.
    """

    cut: str
    region: str
    raw: int
    weighted: Counts


@dataclass(frozen=True)
class Measured:
    """What one pass over a sample found.

    Args:
        events: entries read.
        cut_flow: of the selection, then of each region.
        counted: variation of the weights -> histogram -> region -> counts.
        raw: region -> events.
    """

    events: int
    cut_flow: tuple[Step, ...]
    counted: Mapping[str, Counted]
    raw: Mapping[str, int]


def expressions(config: AnalysisConfig) -> list[Expression]:
    """Cuts of the regions and variables of the histograms."""
    cuts = [text for region in config.regions.values() for text in region.cuts.values()]
    drawn = [h.variable or f"`{name}`" for name, h in config.histograms.items()]
    return [parse(text) for text in (*cuts, *drawn)]


def measure(
    sample: Sample,
    scorers: Sequence[Scorer] = (),
    variations: Mapping[str, Expression] | None = None,
    progress: Progress | None = None,
) -> Measured:
    """Read a sample once and count.

    Args:
        sample: process or data.
        scorers: what adds the scores of models.
        variations: further weights: name -> expression.
        progress: told the events done after each part.

    Raises:
        DataError: a damaged file, wrong weights, or an event in two regions that must not overlap.
    """
    config, extra = sample.config, dict(variations or {})
    regions = {n: r for n, r in config.regions.items() if not (r.blind and sample.name == DATA)}
    cuts = {name: {n: parse(t) for n, t in region.cuts.items()} for name, region in regions.items()}
    drawn = {name: parse(h.variable or f"`{name}`") for name, h in config.histograms.items()}
    selection = sample.selection
    inputs = [parse(f"`{f}`") for s in scorers for f in s.features]
    wanted = [*expressions(config), *selection.values(), *extra.values(), *inputs]
    flow, tally, raw = _Flow(), _Tally(config, regions), dict.fromkeys(regions, 0)
    done, total = 0, sample.events if progress else 0
    for part in sample.parts(wanted, later=[s.name for s in scorers]):
        done += len(part)
        weights = {NOMINAL: part.weight, **{name: sample.weights(e, part) for name, e in extra.items()}}
        kept = flow.follow("", {"all events": None, **selection}, part, np.ones(len(part), bool))
        part, weights = part.take(kept), {name: w[kept] for name, w in weights.items()}
        columns = dict(part.columns)
        columns |= {s.name: s(columns, part.index, sample.name) for s in scorers}
        part = Part(columns, part.weight, part.index)
        inside = {n: flow.follow(n, cuts[n], part, np.ones(len(part), bool)) for n in regions}
        _refuse_overlap(inside, config.disjoint, sample.name)
        values = {name: e.values(columns).astype(np.float64) for name, e in drawn.items()}
        for name, mask in inside.items():
            raw[name] += int(mask.sum())
            tally.add(name, mask, values, weights)
        if progress:
            progress(sample.name, done, max(total, done))
    if done == 0:
        raise DataError(f"{', '.join(str(file.path) for file in sample.files)}: no events")
    return Measured(done, flow.steps, tally.counted([NOMINAL, *extra]), raw)


class _Flow:
    """Adds up the cut flow over the parts."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], list[float]] = {}

    def follow(
        self, region: str, cuts: Mapping[str, Expression | None], part: Part, passed: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """The events that pass all the cuts, (events,)."""
        for name, cut in cuts.items():
            if cut is not None:
                passed = passed & cut.mask(part.columns)
            sums = self._sums.setdefault((region, name), [0.0, 0.0, 0.0])
            weight = part.weight[passed]
            for i, value in enumerate((len(weight), weight.sum(), np.square(weight).sum())):
                sums[i] += float(value)
        return passed

    @property
    def steps(self) -> tuple[Step, ...]:
        """In the order of the cuts."""
        order = sorted(self._sums, key=lambda key: key[0] != "")  # stable: the selection, then region by region
        made = [(key, self._sums[key]) for key in order]
        return tuple(Step(c, r, int(n), Counts(np.array([w]), np.array([v]))) for (r, c), (n, w, v) in made)


class _Tally:
    """Adds up counts of all variations, histograms and regions."""

    def __init__(self, config: AnalysisConfig, regions: Iterable[str]) -> None:
        self.edges = {name: h.binning for name, h in config.histograms.items()}
        self.regions = list(regions)
        self._sums: dict[tuple[str, str, str], Counts] = {}

    def add(
        self,
        region: str,
        mask: NDArray[np.bool_],
        values: Mapping[str, NDArray[np.float64]],
        weights: Mapping[str, NDArray[np.float64]],
    ) -> None:
        """Count the events of a region."""
        chosen = {name: v[mask] for name, v in values.items()}
        for variation, all_weights in weights.items():
            weight = all_weights[mask]
            self._plus((variation, YIELD, region), Counts.of(weight))
            for name, found in chosen.items():
                self._plus((variation, name, region), Counts.of(weight, found, self.edges[name]))

    def _plus(self, key: tuple[str, str, str], counts: Counts) -> None:
        self._sums[key] = self._sums[key] + counts if key in self._sums else counts

    def counted(self, variations: Iterable[str]) -> dict[str, Counted]:
        """Zero where there was nothing."""
        bins = {YIELD: 1, **{name: len(e) - 1 for name, e in self.edges.items()}}
        return {
            v: {h: {r: self._sums.get((v, h, r), Counts.zeros(n)) for r in self.regions} for h, n in bins.items()}
            for v in variations
        }


def _refuse_overlap(inside: Mapping[str, NDArray[np.bool_]], disjoint: Iterable[str], sample: str) -> None:
    for a, b in combinations([name for name in disjoint if name in inside], 2):
        both = int((inside[a] & inside[b]).sum())
        if both:
            raise DataError(
                f"{both} events of {sample} are in the regions {a} and {b}, which must not overlap (exclusive); "
                "tighten their cuts, or name in `exclusive` only the regions for which that holds"
            )
