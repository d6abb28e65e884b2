"""Expected discovery significance against the cut on the score, and the best single cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kaon.errors import DataError
from kaon.evaluate._inputs import Scores, binary
from kaon.evaluate._ranking import Ranking
from kaon.evaluate.estimate import Estimate, binomial_variance
from kaon.evaluate.significance import asimov_significance

__all__ = ["CutScan", "best_cut", "expected_events"]

_STEP = 1e-4
"""Relative change of an efficiency for numerical derivatives."""


@dataclass(frozen=True)
class CutScan:
    """What passes each cut `score >= threshold`, and the best of the cuts.

    Args:
        threshold: of each cut, falling, (points,); the first lets nothing pass.
        signal_efficiency, background_efficiency: share that passes, (points,).
        signal, background: expected events that pass, (points,).
        significance: Asimov significance of each cut, (points,).
        reliable: whether enough simulated background is left to believe it, (points,).
        best: position of the reliable cut of largest significance.
        maximum: that significance, with its statistical error.
    """

    threshold: NDArray[np.float64]
    signal_efficiency: NDArray[np.float64]
    background_efficiency: NDArray[np.float64]
    signal: NDArray[np.float64]
    background: NDArray[np.float64]
    significance: NDArray[np.float64]
    reliable: NDArray[np.bool_]
    best: int
    maximum: Estimate

    @property
    def purity(self) -> NDArray[np.float64]:
        """signal / (signal + background), (points,); NaN where nothing passes."""
        both = self.signal + self.background
        return np.divide(self.signal, both, out=np.full_like(both, np.nan), where=both > 0)


def best_cut(
    score: Scores,
    target: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    signal: int | str | None = None,
    signal_events: float | None = None,
    background_events: float | None = None,
    background_uncertainty: float = 0.0,
    max_relative_error: float = 0.2,
) -> CutScan:
    """Scan all cuts for the largest `asimov_significance` of what passes.

    Where little simulated background is left the scan follows its fluctuations, so only cuts whose background is known
    to `max_relative_error` compete, as in `significance_improvement`; the one that keeps everything always does. The
    error of the maximum is that of both efficiencies; being the largest of many it remains biased upwards by a
    fraction of it.

    Args:
        score: (N,) growing with signal, (N, C) class scores, or `Predictions`.
        target: class numbers, (N,); not with `Predictions`.
        weight: (N,), possibly negative; ones by default.
        signal: number or name of the signal class, the last by default; all others are background.
        signal_events, background_events: expected before the cut; the sums of the weights by default.
        background_uncertainty: relative, of the expected background that passes.
        max_relative_error: largest accepted relative statistical error of the simulated background that passes.

    Raises:
        DataError: as `roc_curve`, or a number of events or uncertainty that is negative or not finite.
    """
    ranking = Ranking(binary(score, target, weight, signal))
    total_s, total_b = expected_events(ranking, signal_events, background_events)
    if not (np.isfinite(background_uncertainty) and background_uncertainty >= 0):
        raise DataError(f"a background uncertainty of {background_uncertainty} makes no sense; 0.05 stands for 5%")
    eps_s, eps_b = ranking.signal_efficiency, ranking.background_efficiency
    signal2, background2 = ranking.squares()
    reliable = (ranking.background > 0) & (np.sqrt(background2) <= max_relative_error * ranking.background)
    reliable[-1] = True

    def z(signal_share: NDArray[np.float64], background_share: NDArray[np.float64]) -> NDArray[np.float64]:
        # Negative weights can take an efficiency below zero.
        s, b = total_s * np.maximum(signal_share, 0), total_b * np.maximum(background_share, 0)
        return np.asarray(asimov_significance(s, b, background_uncertainty * b))

    found = z(eps_s, eps_b)
    best = int(np.argmax(np.where(reliable, found, -np.inf)))
    variance = 0.0
    for number, (eps, squares, total) in enumerate(
        ((eps_s, signal2, ranking.signal[-1]), (eps_b, background2, ranking.background[-1]))
    ):
        moved = [eps_s[[best, best]], eps_b[[best, best]]]
        step = _STEP * eps[best]
        moved[number] = moved[number] + np.array([-step, step])
        low, high = z(*moved)
        slope = (high - low) / (2 * step) if step else 0.0
        variance += slope**2 * float(binomial_variance(eps[best], squares[best], squares[-1], total))
    return CutScan(
        ranking.thresholds,
        eps_s,
        eps_b,
        total_s * eps_s,
        total_b * eps_b,
        found,
        reliable,
        best,
        Estimate(float(found[best]), float(np.sqrt(variance))),
    )


def expected_events(ranking: Ranking, signal: float | None, background: float | None) -> tuple[float, float]:
    """Expected numbers of signal and background events: those given, else the sums of the weights.

    Raises:
        DataError: negative, NaN or infinite.
    """
    found = (
        float(ranking.signal[-1]) if signal is None else float(signal),
        float(ranking.background[-1]) if background is None else float(background),
    )
    if not all(np.isfinite(n) and n >= 0 for n in found):
        raise DataError(f"{found[0]} signal and {found[1]} background events; both must be finite and not negative")
    return found
