"""The approximate median significance of the HiggsML challenge, and the cut on the score that makes it largest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kaon.errors import DataError
from kaon.evaluate._inputs import Scores, binary
from kaon.evaluate._ranking import Ranking
from kaon.evaluate.best_cut import expected_events
from kaon.evaluate.estimate import Estimate
from kaon.evaluate.significance import asimov_significance

__all__ = ["B_REG", "AmsScan", "ams", "best_ams"]

B_REG = 10.0
"""Events added to the background, by the rules of the challenge."""


def ams(s: ArrayLike, b: ArrayLike, b_reg: float = B_REG) -> Any:
    r"""AMS = sqrt(2 [(s + b + b_reg) ln(1 + s / (b + b_reg)) - s]).

    Adam-Bourdarios et al., The Higgs boson machine learning challenge, PMLR 42 (2015) 19,
    https://proceedings.mlr.press/v42/cowa14.html, eq. 7: `asimov_significance` of a background that is known exactly
    and larger by `b_reg`, so that a cut which leaves hardly any background gains nothing by chance.

    Args:
        s: summed weights of the signal that is selected, not negative; any shape.
        b: summed weights of the background that is selected, not negative; broadcast with s.
        b_reg: regularisation, events.

    Returns:
        In standard deviations: a float for numbers, otherwise an array of the common shape.

    Raises:
        DataError: negative, NaN or infinite numbers, or shapes that do not fit.

    >>> round(ams(691.98, 410999.85), 4), round(ams(0, 5), 4)  # everything is selected
    (1.0791, 0.0)
    """
    if not (np.isfinite(b_reg) and b_reg >= 0):
        raise DataError(f"b_reg={b_reg}; needed: a finite number of events, not negative")
    background = np.asarray(b)
    if background.dtype.kind not in "biuf" or not (background >= 0).all():
        raise DataError("b has negative or NaN values; expected numbers of events are neither")
    return asimov_significance(s, background + b_reg)


@dataclass(frozen=True)
class AmsScan:
    """What each cut `score >= threshold` selects, and the best of the cuts.

    Args:
        threshold: of each cut, falling, (points,); the first selects nothing.
        signal, background: expected events that are selected, (points,).
        value: AMS of each cut, (points,).
        best: position of the largest.
        maximum: that AMS, with the statistical error of the simulated events that are selected.
    """

    threshold: NDArray[np.float64]
    signal: NDArray[np.float64]
    background: NDArray[np.float64]
    value: NDArray[np.float64]
    best: int
    maximum: Estimate

    @property
    def best_threshold(self) -> float:
        """Where the largest AMS is reached."""
        return float(self.threshold[self.best])


def best_ams(
    score: Scores,
    target: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    signal: int | str | None = None,
    signal_events: float | None = None,
    background_events: float | None = None,
    b_reg: float = B_REG,
) -> AmsScan:
    """Scan all cuts for the largest `ams`.

    The largest of many is biased upwards: choose the threshold on events that do not measure its AMS.

    Args:
        score: (N,) growing with signal, (N, C) class scores, or `Predictions`.
        target: class numbers, (N,); not with `Predictions`.
        weight: (N,), possibly negative; ones by default.
        signal: number or name of the signal class, the last by default; all others are background.
        signal_events, background_events: expected before the cut; the sums of the weights by default. Of a part of the
            challenge's events give those of all: 691.99 and 410,999.8.
        b_reg: regularisation, events.

    Raises:
        DataError: as `roc_curve`, or a number of events or `b_reg` that is negative or not finite.
    """
    ranking = Ranking(binary(score, target, weight, signal))
    total_s, total_b = expected_events(ranking, signal_events, background_events)
    # Negative weights can take what passes below zero.
    s = total_s * np.maximum(ranking.signal_efficiency, 0)
    b = total_b * np.maximum(ranking.background_efficiency, 0)
    value = np.asarray(ams(s, b, b_reg))
    best = int(np.argmax(value))
    signal2, background2 = ranking.squares()
    scale_s, scale_b = total_s / ranking.signal[-1], total_b / ranking.background[-1]
    error = 0.0
    if 0 < value[best] < np.inf:
        ratio = s[best] / (b[best] + b_reg)
        by_s, by_b = np.log1p(ratio) / value[best], (np.log1p(ratio) - ratio) / value[best]
        error = float(np.hypot(by_s * scale_s * np.sqrt(signal2[best]), by_b * scale_b * np.sqrt(background2[best])))
    return AmsScan(ranking.thresholds, s, b, value, best, Estimate(float(value[best]), error))
