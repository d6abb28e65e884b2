"""Histograms of all processes in all regions with every uncertainty on them, statistical and systematic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kaon.analysis.backgrounds.uncertain import Uncertain, summed
from kaon.analysis.counts import Counts
from kaon.analysis.entries import DATA

__all__ = ["Statistical", "Templates", "uncertain"]

Regions = Mapping[str, Mapping[str, Uncertain]]
"""Region -> process -> bins."""


class Statistical(NamedTuple):
    """Names the statistical uncertainty of one sample in one region: the source of an `Uncertain`'s response.

    Sources of systematic uncertainty are plain names.
    """

    process: str
    region: str
    histogram: str


def uncertain(nominal: Counts, source: Statistical, varied: Mapping[str, tuple[Counts, Counts | None]]) -> Uncertain:
    """Counts with their statistical error and what the systematic variations do to them.

    A variation is taken as linear: half the difference of up and down, or up minus nominal where there is no down.

    Args:
        nominal: (bins,).
        source: of the statistical error.
        varied: systematic -> (up, down).
    """
    responses: dict[object, NDArray[np.float64]] = {source: np.diag(nominal.errors)}
    for name, (up, down) in varied.items():
        step = up.values - nominal.values if down is None else (up.values - down.values) / 2
        if step.any():
            responses[name] = step[None, :]
    return Uncertain(nominal.values, responses)


@dataclass(frozen=True)
class Templates:
    """Every histogram.

    Args:
        histograms: histogram (`yield` among them) -> region -> process -> bins.
    """

    histograms: Mapping[str, Regions]

    def replacing(self, new: Mapping[str, Mapping[str, Mapping[str, Uncertain]]]) -> Templates:
        """With processes of some regions replaced, or added after the simulated ones."""
        made = {h: {r: dict(found) for r, found in regions.items()} for h, regions in self.histograms.items()}
        for histogram, regions in new.items():
            for region, found in regions.items():
                made[histogram][region].update(found)
        return Templates(made)

    def expected(self, histogram: str, region: str, without: Iterable[str] = ()) -> Uncertain:
        """All processes together, without the data."""
        found = self.histograms[histogram][region]
        left_out = {DATA, *without}
        bins = len(next(iter(found.values()))) if found else 1
        return summed([v for name, v in found.items() if name not in left_out], bins)
