"""The significance of a whole histogram of the score, and the binning that makes the most of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import rel_entr, xlogy

from kaon.errors import ConfigError, DataError
from kaon.evaluate._inputs import Scores, binary
from kaon.evaluate._ranking import Ranking
from kaon.evaluate.best_cut import expected_events
from kaon.evaluate.significance import asimov_significance

__all__ = ["Binning", "best_binning", "binned_significance"]

Floats = NDArray[np.float64]

_CANDIDATES = 400
"""Thresholds among which edges are chosen."""


def binned_significance(s: ArrayLike, b: ArrayLike, uncertainty: float = 0.0) -> float:
    r"""Median expected discovery significance of a histogram whose background has one common relative uncertainty.

    The bins hold Poisson counts of mean mu s_i + theta b_i; theta is constrained by a control count of mean tau theta,
    tau = 1 / uncertainty^2. For the Asimov data n_i = s_i + b_i the fit without signal is
    theta = (sum n + tau) / (sum b + tau), and

    Z^2 / 2 = sum_i n_i ln(n_i / (theta b_i)) - sum n + theta sum b + tau (theta - 1 - ln theta).

    With one bin it is `asimov_significance`, and without uncertainty the squares of the bins' Z add up (Cowan, Cranmer,
    Gross, Vitells, Eur. Phys. J. C 71 (2011) 1554, https://arxiv.org/abs/1007.1727).

    Args:
        s, b: expected events of each bin, not negative, (bins,).
        uncertainty: relative, of the normalisation of all of b.

    Returns:
        Z; infinite where a bin holds signal and no background.

    Raises:
        DataError: negative, NaN or infinite numbers, or shapes that do not fit.

    >>> round(binned_significance([100], [1000], 0.05), 4), round(binned_significance([20, 80], [900, 100], 0.05), 4)
    (1.6443, 6.7131)
    """
    signal, background = (np.atleast_1d(np.asarray(x, np.float64)) for x in (s, b))
    if signal.shape != background.shape or signal.ndim != 1:
        raise DataError(f"s of shape {signal.shape} and b of shape {background.shape}; needed: (bins,) both")
    for name, values in (("s", signal), ("b", background), ("the uncertainty", np.array(uncertainty))):
        if not (np.isfinite(values) & (values >= 0)).all():
            raise DataError(f"{name} has negative, NaN or infinite values: {values.tolist()}")
    if ((background == 0) & (signal > 0)).any():
        return float("inf")
    n = signal + background
    if uncertainty == 0:
        return float(np.sqrt((asimov_significance(signal, background) ** 2).sum()))
    tau = 1 / uncertainty**2
    theta = (n.sum() + tau) / (background.sum() + tau)
    half = rel_entr(n, theta * background).sum() - n.sum() + theta * background.sum()
    half += tau * (theta - 1) - xlogy(tau, theta)
    return float(np.sqrt(2 * max(half, 0.0)))


@dataclass(frozen=True)
class Binning:
    """A histogram of the score.

    Args:
        edges: rising, (bins + 1,); the outer ones are infinite.
        signal, background: expected events of each bin, (bins,).
        significance: of the histogram, `binned_significance`.
    """

    edges: Floats
    signal: Floats
    background: Floats
    significance: float


def best_binning(
    score: Scores,
    target: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    bins: int = 10,
    signal: int | str | None = None,
    signal_events: float | None = None,
    background_events: float | None = None,
    background_uncertainty: float = 0.0,
    max_relative_error: float = 0.2,
) -> Binning:
    """The edges of at most `bins` bins whose histogram discovers the signal best.

    Dynamic programming over some hundred thresholds (Bellman, Commun. ACM 4 (1961) 284) maximises the sum of the
    squared significances of the bins with statistical uncertainties, which is what can be summed; the significance that
    is returned has the common uncertainty of the background too. A bin counts only where its simulated background is
    known to `max_relative_error`, so that no bin is a lucky gap in the simulation. More bins are never worse, up to
    the number that is useful: fewer are returned if more would gain nothing.

    Args:
        score, target, weight, signal: as for `best_cut`.
        bins: largest number of bins.
        signal_events, background_events: expected in all; the sums of the weights by default.
        background_uncertainty: relative, common to all bins.
        max_relative_error: largest accepted relative statistical error of the simulated background of a bin.

    Raises:
        ConfigError: fewer than one bin.
        DataError: as `best_cut`.
    """
    if bins < 1:
        raise ConfigError(f"{bins} bins; at least 1 is needed")
    ranking = Ranking(binary(score, target, weight, signal))
    total_s, total_b = expected_events(ranking, signal_events, background_events)
    points = _candidates(ranking)
    s, b = (part[points] for part in (total_s * ranking.signal_efficiency, total_b * ranking.background_efficiency))
    squares = ranking.squares()[1][points] * (total_b / ranking.background[-1]) ** 2
    gain = _gains(s, b, squares, max_relative_error)
    cuts = _best_path(gain, bins)
    inside = points[cuts[1:-1]]
    edges = np.concatenate([[-np.inf], ranking.thresholds[inside][::-1], [np.inf]])
    counted_s, counted_b = (np.maximum(np.diff(part[cuts])[::-1], 0.0) for part in (s, b))
    return Binning(edges, counted_s, counted_b, binned_significance(counted_s, counted_b, background_uncertainty))


def _candidates(ranking: Ranking) -> NDArray[np.intp]:
    """Points of the ranking, from the cut that nothing passes to the one that everything does."""
    last = len(ranking.thresholds) - 1
    steps = np.linspace(0, 1, _CANDIDATES // 2)
    chosen = [
        np.searchsorted(np.maximum.accumulate(eps), steps)
        for eps in (ranking.signal_efficiency, ranking.background_efficiency)
    ]
    return np.unique(np.concatenate([[0, last], *(np.minimum(c, last) for c in chosen)]))


def _gains(s: Floats, b: Floats, squares: Floats, most: float) -> Floats:
    """Squared significance of the bin between each two candidates, (candidates, candidates); -inf where it is none."""
    signal, background, error2 = (part[None, :] - part[:, None] for part in (s, b, squares))
    usable = np.triu(np.ones(signal.shape, bool), 1) & (background > 0)
    usable &= np.sqrt(np.maximum(error2, 0)) <= most * background
    gain = np.full(signal.shape, -np.inf)
    gain[usable] = asimov_significance(np.maximum(signal[usable], 0), background[usable]) ** 2
    if np.isneginf(gain[0, -1]):  # one bin of everything is always allowed
        gain[0, -1] = asimov_significance(max(s[-1], 0), max(b[-1], 0)) ** 2
    return gain


def _best_path(gain: Floats, bins: int) -> NDArray[np.intp]:
    """Candidates at the edges of the best bins, from the first candidate to the last."""
    reached, steps = gain[0].copy(), []
    best, count = reached[-1], 1
    totals = [reached]
    for _ in range(bins - 1):
        through = totals[-1][:, None] + gain
        before = np.argmax(through, axis=0)
        totals.append(np.take_along_axis(through, before[None], 0)[0])
        steps.append(before)
        if totals[-1][-1] > best * (1 + 1e-9):
            best, count = totals[-1][-1], len(totals)
    place = gain.shape[1] - 1
    path = [place]
    for before in reversed(steps[: count - 1]):
        place = int(before[place])
        path.append(place)
    return np.array([0, *reversed(path)])
