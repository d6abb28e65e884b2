"""Background rejection at a given signal efficiency, the figure of merit of a tagger."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

from kaon.evaluate._inputs import Binary, Scores, binary
from kaon.evaluate._ranking import Ranking, check_efficiency
from kaon.evaluate.estimate import Estimate, binomial_variance

__all__ = ["RejectionCurve", "background_rejection", "rejection_curve"]

_CONFIDENCE = 0.95


class RejectionCurve(NamedTuple):
    """Background rejection against signal efficiency; every field (points,).

    Args:
        signal_efficiency: where the curve was asked for.
        value: 1 / background efficiency; infinite where no background is left.
        error: one standard deviation; infinite where the value is.
        lower: lower limit at 95% confidence; always finite.
    """

    signal_efficiency: NDArray[np.float64]
    value: NDArray[np.float64]
    error: NDArray[np.float64]
    lower: NDArray[np.float64]


def background_rejection(
    score: Scores,
    target: ArrayLike | None = None,
    signal_efficiency: float = 0.3,
    weight: ArrayLike | None = None,
    *,
    signal: int | str | None = None,
) -> Estimate:
    r"""1 / eps_B at the cut that keeps a given share eps_S of the signal, with its statistical error.

    The cut is the strictest one that keeps at least eps_S of the signal; where tied scores make it overshoot, eps_B is
    interpolated linearly between this point of the ROC curve and the one before (what a random choice among the tied
    events gives). With negative weights, where the efficiency may cross eps_S several times, it is the first crossing
    from the strict side.

    The error of eps_B has two parts, added in quadrature: the weighted binomial one (`binomial_variance`), and that of
    the threshold, because the signal that fixes it fluctuates too: half the change of eps_B when eps_S moves by plus
    and minus its own binomial error. Then sigma(1 / eps_B) = sigma(eps_B) / eps_B^2.

    When no background is left (or its weights sum to nothing or less) the value and the error are infinite: the sample
    only gives a limit. `lower` is the lower limit on 1 / eps_B at 95% confidence in every case: Clopper and
    Pearson's upper limit on eps_B with the effective number of background events n = (sum w)^2 / sum w^2; without any
    background left it is close to n / 3.

    Args:
        score: (N,) growing with signal, (N, C) class scores, or `Predictions`.
        target: class numbers, (N,); not with `Predictions`.
        signal_efficiency: eps_S, in (0, 1].
        weight: (N,), possibly negative; ones by default.
        signal: number or name of the signal class, the last by default; all others are background.

    Raises:
        DataError: as `roc_curve`.
        ConfigError: a signal efficiency outside (0, 1].

    >>> background_rejection([0.1, 0.2, 0.3, 0.6, 0.5, 0.9], [0, 0, 0, 0, 1, 1], signal_efficiency=1.0).value
    4.0
    """
    curve = rejection_of(binary(score, target, weight, signal), np.array([signal_efficiency], float))
    return Estimate(float(curve.value[0]), float(curve.error[0]), float(curve.lower[0]))


def rejection_curve(
    score: Scores,
    target: ArrayLike | None = None,
    signal_efficiency: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    signal: int | str | None = None,
) -> RejectionCurve:
    """`background_rejection` at many signal efficiencies, with one sort.

    Args:
        score: as in `background_rejection`, like `target`, `weight` and `signal`.
        target: class numbers, (N,); not with `Predictions`.
        signal_efficiency: (points,) in (0, 1]; 0.01, 0.02, ..., 1 by default.
        weight: (N,).
        signal: number or name of the signal class.

    Raises:
        DataError: as `roc_curve`.
        ConfigError: a signal efficiency outside (0, 1].
    """
    points = np.linspace(0.01, 1, 100) if signal_efficiency is None else np.atleast_1d(signal_efficiency).astype(float)
    return rejection_of(binary(score, target, weight, signal), points)


def rejection_of(events: Binary, efficiency: NDArray[np.float64]) -> RejectionCurve:
    """What `background_rejection` describes, for checked events and many efficiencies (points,)."""
    check_efficiency(efficiency)
    ranking = Ranking(events)
    signal2, background2 = ranking.squares()
    passed, passed2, passed_signal2 = ranking.at(efficiency, ranking.background_efficiency, background2, signal2)
    total, total2 = ranking.background[-1], background2[-1]

    counting = binomial_variance(passed, passed2, total2, total)
    width = np.sqrt(binomial_variance(efficiency, passed_signal2, signal2[-1], ranking.signal[-1]))
    high, low = np.minimum(efficiency + width, 1.0), np.maximum(efficiency - width, 0.0)
    (above,), (below,) = (ranking.at(e, ranking.background_efficiency) for e in (high, low))
    moved = np.divide((above - below) * width, high - low, out=np.zeros_like(width), where=high > low)
    variance = counting + moved**2

    left = passed > 0
    value = np.divide(1.0, passed, out=np.full_like(passed, np.inf), where=left)
    error = np.divide(np.sqrt(variance), passed**2, out=np.full_like(passed, np.inf), where=left)
    return RejectionCurve(efficiency, value, error, 1 / _upper_limit(passed, total**2 / total2))


def _upper_limit(fraction: NDArray[np.float64], count: float) -> NDArray[np.float64]:
    """Clopper and Pearson's upper limit on a binomial fraction, of an effective (not whole) number of events."""
    found = np.clip(fraction, 0.0, 1.0) * count
    rest = np.maximum(count - found, 0.0)
    return np.where(rest > 0, betaincinv(found + 1, np.maximum(rest, 1e-300), _CONFIDENCE), 1.0)
