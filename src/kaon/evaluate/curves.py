"""The ROC curve and the area under it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kaon.evaluate._inputs import Scores, binary, multiclass
from kaon.evaluate._ranking import Ranking

__all__ = ["RocCurve", "auc", "macro_auc", "roc_curve"]


class RocCurve(NamedTuple):
    """Efficiencies of the cuts `score >= threshold`, from none passing (0, 0) to all passing (1, 1).

    Args:
        signal_efficiency: true positive rate, (points,).
        background_efficiency: false positive rate, (points,).
        threshold: falling; the first is infinite, (points,).
    """

    signal_efficiency: NDArray[np.float64]
    background_efficiency: NDArray[np.float64]
    threshold: NDArray[np.float64]


def roc_curve(
    score: Scores,
    target: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    signal: int | str | None = None,
) -> RocCurve:
    """Signal and background efficiency at every distinct score.

    Tied events pass together: there is one point a distinct score, never an order among equals. With negative
    weights the efficiencies may fall from one point to the next and leave [0, 1] in between; the curve is then
    what the weighted counts say, not smoothed.

    Args:
        score: (N,) growing with signal, (N, C) class scores, or `Predictions`.
        target: class numbers, (N,); not with `Predictions`.
        weight: (N,), possibly negative; ones by default.
        signal: number or name of the signal class, the last by default; all others are background.

    Raises:
        DataError: no events, NaN, shapes that do not fit, one class only, or a class whose weights sum to nothing.

    >>> roc_curve([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1]).signal_efficiency
    array([0. , 0.5, 1. , 1. ])
    """
    ranking = Ranking(binary(score, target, weight, signal))
    return RocCurve(ranking.signal_efficiency, ranking.background_efficiency, ranking.thresholds)


def auc(
    score: Scores,
    target: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    signal: int | str | None = None,
) -> float:
    """Area under the ROC curve: the probability that a signal event scores higher than a background event.

    AUC = sum_ij w_i w_j ([s_i > s_j] + [s_i = s_j] / 2) / (sum_i w_i sum_j w_j), i over signal, j over background
    (Mann and Whitney, Ann. Math. Stat. 18 (1947) 50), computed in O(N log N). The definition holds for negative
    weights too; the area may then leave [0, 1].

    Arguments and errors are those of `roc_curve`.

    >>> auc([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1])
    0.875
    """
    ranking = Ranking(binary(score, target, weight, signal))
    heights = ranking.signal[1:] + ranking.signal[:-1]
    area = float(np.dot(np.diff(ranking.background), heights)) / 2
    return area / float(ranking.signal[-1] * ranking.background[-1])


def macro_auc(score: Scores, target: ArrayLike | None = None, weight: ArrayLike | None = None) -> float:
    """Mean over the classes of the AUC of each against all others, every class counting the same.

    Hand, Till, https://doi.org/10.1023/A:1010920819831, discuss it beside the mean over pairs of classes. A class of
    which there is no event is left out.

    Arguments and errors are those of `roc_curve`, without a signal.

    >>> macro_auc([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.3, 0.4, 0.3]], [0, 1, 2])
    0.916...
    """
    events = multiclass(score, target, weight)
    values = events.score if events.score.ndim == 2 else np.stack([-events.score, events.score], axis=1)
    areas = [auc(values, events.target, events.weight, signal=int(c)) for c in np.unique(events.target)]
    return float(np.mean(areas))
