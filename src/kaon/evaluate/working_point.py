"""The cut on the score that keeps a given share of the signal."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from kaon.evaluate._inputs import Scores, binary
from kaon.evaluate._ranking import Ranking, check_efficiency

__all__ = ["WorkingPoint", "working_point"]


class WorkingPoint(NamedTuple):
    """The cut `score >= threshold` and the weighted shares that pass it."""

    threshold: float
    signal_efficiency: float
    background_efficiency: float


def working_point(
    score: Scores,
    target: ArrayLike | None = None,
    signal_efficiency: float = 0.3,
    weight: ArrayLike | None = None,
    *,
    signal: int | str | None = None,
) -> WorkingPoint:
    """The strictest cut that keeps at least a given share of the signal.

    With tied scores the share that is kept may be larger than asked for: events of equal score pass together. With
    negative weights, where a share may be reached several times, the strictest cut counts.

    Args:
        score: (N,) growing with signal, (N, C) class scores, or `Predictions`.
        target: class numbers, (N,); not with `Predictions`.
        signal_efficiency: in (0, 1].
        weight: (N,), possibly negative; ones by default.
        signal: number or name of the signal class, the last by default; all others are background.

    Raises:
        DataError: as `roc_curve`.
        ConfigError: a signal efficiency outside (0, 1].

    >>> working_point([0.1, 0.4, 0.6, 0.9], [0, 1, 0, 1], 0.5)
    WorkingPoint(threshold=0.9, signal_efficiency=0.5, background_efficiency=0.0)
    """
    ranking = Ranking(binary(score, target, weight, signal))
    (i,) = ranking.first(check_efficiency(np.array([signal_efficiency], float)))
    return WorkingPoint(
        float(ranking.thresholds[i]), float(ranking.signal_efficiency[i]), float(ranking.background_efficiency[i])
    )
