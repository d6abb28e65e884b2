"""Whether a score of 0.8 means that 80% of such events are signal."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kaon.errors import ConfigError, DataError
from kaon.evaluate._inputs import Scores, bin_edges, binary, multiclass
from kaon.evaluate.estimate import binomial_error

__all__ = ["CalibrationCurve", "calibration_curve", "expected_calibration_error"]

Spacing = Literal["uniform", "quantile"]


class CalibrationCurve(NamedTuple):
    """Predicted and observed share of signal, in the bins of the score that hold events.

    Args:
        predicted: weighted mean score, (bins,).
        observed: weighted share of signal, (bins,).
        error: of `observed`, half a 68% interval, (bins,).
        weight: sum of weights, (bins,).
    """

    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    error: NDArray[np.float64]
    weight: NDArray[np.float64]


def calibration_curve(
    score: Scores,
    target: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    bins: int = 10,
    spacing: Spacing = "uniform",
    balanced: bool = False,
    signal: int | str | None = None,
) -> CalibrationCurve:
    """Observed share of signal against predicted probability, in bins of the predicted probability.

    Bins without events are left out, and so are bins whose weights sum to nothing or less (negative weights): no share
    exists there.

    Args:
        score: probabilities (N,) or (N, C), or `Predictions`.
        target: class numbers, (N,); not with `Predictions`.
        weight: (N,), possibly negative; ones by default.
        bins: number of bins.
        spacing: `uniform` in probability, or `quantile`: equally many events a bin.
        balanced: scale the weights so that signal and background sum to the same. A model that was trained on
            balanced classes is calibrated for such a mixture, not for the mixture of the sample.
        signal: number or name of the signal class, the last by default; all others are background.

    Raises:
        DataError: as `roc_curve`; scores outside [0, 1], which are no probabilities.
        ConfigError: fewer than one bin, or another spacing.

    >>> calibration_curve([0.1, 0.1, 0.9, 0.9], [0, 0, 1, 0], bins=2).observed
    array([0. , 0.5])
    """
    events = binary(score, target, weight, signal)
    weights = events.weights
    if balanced:
        sums = [float(weights[kind].sum()) for kind in (events.signal, ~events.signal)]
        if min(sums) <= 0:
            raise DataError(f"the weights of signal and background sum to {sums[0]:g} and {sums[1]:g}; cannot balance")
        weights = weights / np.where(events.signal, sums[0], sums[1])
    return _curve(events.score, events.signal, weights, bins, spacing)


def expected_calibration_error(
    score: Scores,
    target: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    bins: int = 10,
    spacing: Spacing = "uniform",
    balanced: bool = False,
    signal: int | str | None = None,
) -> float:
    """Mean distance of observed and predicted share, ECE = sum_b W_b |observed_b - predicted_b| / sum_b W_b, b: bins.

    For two classes, or with `signal` given, the probability is that of the signal. For more classes it is the
    confidence, that of the most probable class, and the observed share is how often this class is right
    (Guo et al., ICML 2017, arXiv:1706.04599).

    Arguments and errors are those of `calibration_curve`; `balanced` is for signal against background only.
    """
    events = multiclass(score, target, weight, several=False)
    if events.score.ndim == 1 or events.score.shape[1] == 2 or signal is not None:
        curve = calibration_curve(score, target, weight, bins=bins, spacing=spacing, balanced=balanced, signal=signal)
    elif balanced:
        raise ConfigError("balanced=True needs signal=, the class to hold against the rest")
    else:
        right = events.score.argmax(axis=1) == events.target
        curve = _curve(events.score.max(axis=1), right, events.weights, bins, spacing)
    return float(np.average(np.abs(curve.observed - curve.predicted), weights=curve.weight))


def _curve(
    p: NDArray[Any], hit: NDArray[np.bool_], weight: NDArray[np.float64], bins: int, spacing: str
) -> CalibrationCurve:
    if p.min() < 0 or p.max() > 1:
        raise DataError(f"scores range from {p.min():g} to {p.max():g}; a calibration needs probabilities in [0, 1]")
    if bins < 1 or spacing not in ("uniform", "quantile"):
        raise ConfigError(f"bins={bins}, spacing={spacing!r}; needed: at least 1 bin, 'uniform' or 'quantile'")
    edges = np.linspace(0, 1, bins + 1) if spacing == "uniform" else bin_edges(p.astype(np.float64), bins)
    number = np.clip(np.searchsorted(edges, p, side="right") - 1, 0, len(edges) - 2)

    def total(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(number, weights=values, minlength=len(edges) - 1), np.float64)

    sums, hits, scores = total(weight), total(weight * hit), total(weight * p)
    squares, hit_squares = total(weight**2), total(weight**2 * hit)
    kept = sums > 0
    if not kept.any():
        raise DataError("in no bin of the score do the weights sum to a positive number")
    observed = hits[kept] / sums[kept]
    error = binomial_error(observed, hit_squares[kept], squares[kept], sums[kept])
    return CalibrationCurve(scores[kept] / sums[kept], observed, error, sums[kept])
