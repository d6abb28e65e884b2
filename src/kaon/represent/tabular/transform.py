"""Monotonic transforms of a column: logarithm, uniform and normal scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from kaon.errors import DataError

__all__ = ["KINDS", "Transform"]

KINDS = ("none", "log", "uniform", "normal", "auto")

_QUANTILES = 1000
_TAIL = 10.0
"""In units of a Gaussian's standard deviation, from the quartiles: how far a value is when `auto` sees a tail."""


@dataclass(frozen=True)
class Transform:
    """One column's transform, fitted on training events.

    - none: x.
    - log: ln max(x, least), where least is the smallest positive training value; for energies and momenta.
    - uniform: F(x), the fraction of training events below x, linear between up to 1000 quantiles, half of those that
      equal x included.
    - normal: the normal score, inverse of the Gaussian's distribution function at F(x). F is kept 1/(2 n) away from 0
      and 1 for n training events, so that a value beyond all of them is no further out than the last one.

    `auto` chooses one of these in training: log for positive values with a far tail, normal for others with one, else
    none. A tail is far if a value is more than 10 standard deviations from the median, as the quartiles of a Gaussian
    would have them.

    Args:
        kind: none, log, uniform or normal.
        points: of log, the least value; of the others, the quantiles at equal steps of probability.
        least: smallest probability of a normal score.
    """

    kind: str = "none"
    points: tuple[float, ...] = ()
    least: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", tuple(self.points))
        needed = {"none": 0, "log": 1, "uniform": 2, "normal": 2}.get(self.kind)
        points = np.asarray(self.points, float)
        # One comparison for all that a damaged file may hold.
        sound = needed is not None and len(points) >= needed and bool(np.isfinite(points).all())
        if not sound or (np.diff(points) < 0).any() or (self.kind == "log" and points[0] <= 0):
            raise ValueError(f"a transform {self.kind!r} with {len(points)} points {self.points[:3]}")

    @classmethod
    def fit(cls, kind: str, values: NDArray[np.float64], name: str) -> Self:
        """From training events.

        Args:
            kind: one of `KINDS`.
            values: (events,), at least one and all finite.
            name: of the column, for the message.

        Raises:
            DataError: a logarithm of values that are negative, or nowhere positive.
        """
        if kind == "auto":
            kind = _chosen(values)
        if kind == "none":
            return cls()
        if kind == "log":
            positive = values[values > 0]
            if (values < 0).any() or not len(positive):
                raise DataError(
                    f"the column {name!r} holds values down to {values.min():.6g}, which have no logarithm; "
                    "choose transform normal or uniform for it"
                )
            return cls("log", (float(positive.min()),))
        steps = np.linspace(0, 1, min(_QUANTILES, len(values) + 1))
        return cls(kind, tuple(np.quantile(values, steps).tolist()), 0.5 / len(values))

    def __call__(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """(events,) -> (events,) float32; NaN stays NaN."""
        if self.kind == "none":
            return np.asarray(values, np.float32)
        values = values.astype(np.float64)
        if self.kind == "log":
            return np.asarray(np.log(np.maximum(values, self.points[0])), np.float32)
        points, steps = np.asarray(self.points), np.linspace(0, 1, len(self.points))
        # A value that many events share is a step of F; from the two sides come its two ends.
        below = np.interp(-values, -points[::-1], -steps[::-1])
        chance = (np.interp(values, points, steps) - below) / 2
        if self.kind == "uniform":
            return np.asarray(chance, np.float32)
        return np.asarray(ndtri(np.clip(chance, self.least, 1 - self.least)), np.float32)


def _chosen(values: NDArray[np.float64]) -> str:
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    sigma = (high - low) / 1.349
    if not np.abs(values - middle).max() > _TAIL * sigma > 0:
        return "none"
    return "log" if values.min() > 0 else "normal"
