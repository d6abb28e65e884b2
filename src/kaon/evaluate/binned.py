"""How efficiencies and rejection change with another variable: the jet pT, its mass, the pile-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kaon.evaluate._inputs import Scores, bin_edges, binary, column
from kaon.evaluate._ranking import check_efficiency
from kaon.evaluate.estimate import binomial_error
from kaon.evaluate.rejection import rejection_of
from kaon.evaluate.working_point import working_point

__all__ = ["BinnedEfficiency", "BinnedRejection", "efficiency_against", "rejection_against"]

Bins = int | Sequence[float] | NDArray[Any]


class BinnedEfficiency(NamedTuple):
    """Shares of signal and background that pass one cut, in bins of a variable.

    Args:
        edges: of the bins, (B + 1,), in the unit of the variable.
        signal: signal efficiency, (B,); NaN in a bin without signal.
        signal_error: half a 68% interval, (B,).
        background: background efficiency, (B,); NaN in a bin without background.
        background_error: half a 68% interval, (B,).
        threshold: the cut: `score >= threshold`.
    """

    edges: NDArray[np.float64]
    signal: NDArray[np.float64]
    signal_error: NDArray[np.float64]
    background: NDArray[np.float64]
    background_error: NDArray[np.float64]
    threshold: float


class BinnedRejection(NamedTuple):
    """Background rejection in bins of a variable.

    Args:
        edges: of the bins, (B + 1,), in the unit of the variable.
        value: 1 / background efficiency, (B,); infinite with no background left, NaN without signal or background.
        error: one standard deviation, (B,).
        lower: lower limit at 95% confidence, (B,).
    """

    edges: NDArray[np.float64]
    value: NDArray[np.float64]
    error: NDArray[np.float64]
    lower: NDArray[np.float64]


def efficiency_against(
    score: Scores,
    target: ArrayLike | None = None,
    against: str | ArrayLike = "jet_pt",
    bins: Bins = 10,
    weight: ArrayLike | None = None,
    *,
    signal_efficiency: float = 0.5,
    threshold: float | None = None,
    signal: int | str | None = None,
) -> BinnedEfficiency:
    """Signal and background efficiency of one cut, in bins of another variable.

    Args:
        score: (N,) growing with signal, (N, C) class scores, or `Predictions`.
        target: class numbers, (N,); not with `Predictions`.
        against: name of a spectator of the `Predictions`, or values (N,).
        bins: edges (events outside are left out of the bins, not of the cut), or how many bins of equal population.
        weight: (N,), possibly negative; ones by default.
        signal_efficiency: of all events together; fixes the cut.
        threshold: the cut itself, instead.
        signal: number or name of the signal class, the last by default; all others are background.

    Raises:
        DataError: as `roc_curve`; a variable with NaN or of another length; edges that do not increase.
        UnknownName: no spectator of that name.
        ConfigError: a signal efficiency outside (0, 1].
    """
    events = binary(score, target, weight, signal)
    values = column(score, against, len(events.score))
    edges = bin_edges(values, bins)
    cut = threshold
    if cut is None:
        cut = working_point(score, target, signal_efficiency, weight, signal=signal).threshold
    passed = events.score >= cut
    shares: list[NDArray[np.float64]] = []
    for kind in (events.signal, ~events.signal):
        total, total2 = (np.histogram(values[kind], edges, weights=events.weights[kind] ** p)[0] for p in (1, 2))
        kept = kind & passed
        part, part2 = (np.histogram(values[kept], edges, weights=events.weights[kept] ** p)[0] for p in (1, 2))
        share = np.divide(part, total, out=np.full(len(total), np.nan), where=total > 0)
        shares += [share, binomial_error(share, part2, total2, total)]
    return BinnedEfficiency(edges, shares[0], shares[1], shares[2], shares[3], float(cut))


def rejection_against(
    score: Scores,
    target: ArrayLike | None = None,
    against: str | ArrayLike = "jet_pt",
    bins: Bins = 10,
    signal_efficiency: float = 0.3,
    weight: ArrayLike | None = None,
    *,
    signal: int | str | None = None,
) -> BinnedRejection:
    """Background rejection in bins of another variable, at the same signal efficiency in every bin.

    Each bin has its own cut, so that the signal efficiency is flat and the bins can be compared; for one cut in all
    bins take 1 / `efficiency_against(...).background`.

    Args:
        score: as in `efficiency_against`, like `target`, `against`, `bins`, `weight` and `signal`.
        target: class numbers, (N,).
        against: spectator or values (N,).
        bins: edges, or how many bins of equal population.
        signal_efficiency: in each bin, in (0, 1].
        weight: (N,).
        signal: number or name of the signal class.

    Raises:
        DataError, UnknownName, ConfigError: as `efficiency_against`.
    """
    point = check_efficiency(np.array([signal_efficiency], float))
    events = binary(score, target, weight, signal)
    values = column(score, against, len(events.score))
    edges = bin_edges(values, bins)
    number = np.searchsorted(edges, values, side="right") - 1
    number[values == edges[-1]] = len(edges) - 2  # the last bin holds its upper edge, as in numpy.histogram
    found = np.full((3, len(edges) - 1), np.nan)
    for i in range(len(edges) - 1):
        inside = events.take(number == i)
        sums = [float(inside.weights[kind].sum()) for kind in (inside.signal, ~inside.signal)]
        if min(sums) > 0:
            found[:, i] = [v[0] for v in rejection_of(inside, point)[1:]]
    return BinnedRejection(edges, *found)
