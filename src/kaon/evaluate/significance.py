"""What a tagger buys an analysis: expected significance, and how a cut improves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlog1py

from kaon.errors import DataError
from kaon.evaluate._inputs import Scores, binary
from kaon.evaluate._ranking import Ranking
from kaon.evaluate.estimate import Estimate, binomial_variance

__all__ = ["SignificanceImprovement", "asimov_significance", "significance_improvement"]


def asimov_significance(s: ArrayLike, b: ArrayLike, sigma_b: ArrayLike = 0.0) -> Any:
    r"""Median expected discovery significance of s signal events over b +- sigma_b background events.

    Z = sqrt(2 [(s + b) ln((s + b)(b + sigma^2) / (b^2 + (s + b) sigma^2))
    - b^2 / sigma^2 ln(1 + sigma^2 s / (b (b + sigma^2)))]), which is sqrt(2 [(s + b) ln(1 + s / b) - s]) for sigma = 0
    and s / sqrt(b + sigma^2) for small s (Cowan, Cranmer, Gross, Vitells, Eur. Phys. J. C 71 (2011) 1554 for the
    asymptotics; Cowan, "Discovery sensitivity for a counting experiment with background uncertainty" (2012), eq. 20).

    It is computed in an equal form without cancellation: with b' = (b^2 + (s + b) sigma^2) / (b + sigma^2) the fitted
    background without signal and h(x) = (1 + x) ln(1 + x) - x,
    Z^2 / 2 = b' [h((s + b) / b' - 1) + (b / sigma^2) h(b / b' - 1)]. So it also holds for s / b of 1e-9.

    Args:
        s: expected signal events, not negative; any shape.
        b: expected background events, not negative; broadcast with s. Without background Z is infinite.
        sigma_b: absolute uncertainty of b (one standard deviation, events); broadcast with s and b.

    Returns:
        Z in standard deviations: a float for numbers, otherwise an array of the common shape.

    Raises:
        DataError: negative, NaN or infinite numbers, or shapes that do not fit.

    >>> round(asimov_significance(100, 1000, 50), 4), round(asimov_significance(100, 1000), 4)
    (1.6443, 3.1117)
    """
    try:
        given = np.broadcast_arrays(*(np.asarray(x, np.float64) for x in (s, b, sigma_b)))
    except (TypeError, ValueError) as error:
        raise DataError(f"s, b and sigma_b must be numbers or arrays of shapes that fit: {error}") from error
    for name, values in zip(("s", "b", "sigma_b"), given, strict=True):
        if not (np.isfinite(values) & (values >= 0)).all():
            raise DataError(
                f"{name} has negative, NaN or infinite values; expected numbers of events are none of these"
            )
    signal, background, sigma = given
    variance = sigma**2
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread = background + variance
        fitted = np.where(spread > 0, background + variance * (signal / spread), 0.0)
        pull = signal / (spread * fitted)
        up, down = pull * background, -pull * variance  # (s + b) / b' - 1 and b / b' - 1
        z = np.sqrt(2 * fitted * (up**2 * _curvature(up) + background * variance * pull**2 * _curvature(down)))
    z = np.where(background > 0, z, np.where((signal > 0) & (variance == 0), np.inf, 0.0))
    return float(z) if z.ndim == 0 else z


def _curvature(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """h(x) / x^2; by its series 1/2 - x / 6 + x^2 / 12 - ... where the difference would lose digits."""
    series = np.polynomial.polynomial.polyval(x, [(-1) ** k / (k * (k - 1)) for k in range(2, 10)])
    return np.asarray(np.where(np.abs(x) < 0.01, series, (xlog1py(1 + x, x) - x) / x**2))


@dataclass(frozen=True)
class SignificanceImprovement:
    """Factor by which each cut multiplies S / sqrt(B).

    Args:
        signal_efficiency: of each cut, (points,).
        value: eps_S / sqrt(eps_B), (points,); NaN where no background is left.
        threshold: of each cut, (points,).
        reliable: whether enough background is left to believe the value, (points,).
        maximum: the largest reliable value, with its statistical error.
        best_efficiency: signal efficiency where it is reached.
        best_threshold: threshold where it is reached.
    """

    signal_efficiency: NDArray[np.float64]
    value: NDArray[np.float64]
    threshold: NDArray[np.float64]
    reliable: NDArray[np.bool_]
    maximum: Estimate
    best_efficiency: float
    best_threshold: float


def significance_improvement(
    score: Scores,
    target: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    signal: int | str | None = None,
    max_relative_error: float = 0.2,
) -> SignificanceImprovement:
    """Significance improvement characteristic: SIC = eps_S / sqrt(eps_B) for every cut, and its maximum.

    (Gallicchio et al., JHEP 04 (2011) 069.) Where few background events are left the ratio is noise, and its maximum
    would be the luckiest fluctuation. Only cuts whose background is known to `max_relative_error` (sqrt(sum w^2) /
    sum w of the background that passes: 0.2 asks for 25 unweighted events) are `reliable` and compete for the maximum;
    the cut that keeps everything, with SIC = 1, always does. The error of the maximum is binomial; being the largest
    of many, the maximum remains biased upwards by a fraction of it.

    Args:
        score: (N,) growing with signal, (N, C) class scores, or `Predictions`.
        target: class numbers, (N,); not with `Predictions`.
        weight: (N,), possibly negative; ones by default.
        signal: number or name of the signal class, the last by default; all others are background.
        max_relative_error: largest accepted relative statistical error of the background that passes.

    Raises:
        DataError: as `roc_curve`.
    """
    ranking = Ranking(binary(score, target, weight, signal))
    signal2, background2 = ranking.squares()
    eps_s, eps_b = ranking.signal_efficiency, ranking.background_efficiency
    left = ranking.background > 0
    value = np.divide(eps_s, np.sqrt(np.where(left, eps_b, 1.0)), out=np.full_like(eps_s, np.nan), where=left)
    reliable = left & (np.sqrt(background2) <= max_relative_error * ranking.background)
    reliable[-1] = True
    best = int(np.argmax(np.where(reliable, value, -np.inf)))
    relative = [
        np.sqrt(binomial_variance(e, squares, all_squares, total)) / e
        for e, squares, all_squares, total in (
            (eps_s[best], signal2[best], signal2[-1], ranking.signal[-1]),
            (eps_b[best], background2[best], background2[-1], ranking.background[-1]),
        )
    ]
    error = float(value[best] * np.hypot(relative[0], relative[1] / 2))
    thresholds = ranking.thresholds
    return SignificanceImprovement(
        eps_s,
        value,
        thresholds,
        reliable,
        Estimate(float(value[best]), error),
        float(eps_s[best]),
        float(thresholds[best]),
    )
