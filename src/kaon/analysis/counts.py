"""Event counts with their statistical variances: what regions, histograms and background estimates are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kaon.errors import DataError

__all__ = ["Counts"]


@dataclass(frozen=True, eq=False)
class Counts:
    """Weighted events of the bins of a histogram; a yield has one bin.

    Args:
        values: sums of weights, (bins,).
        variances: sums of squared weights, or what error propagation made of them, (bins,).

    Raises:
        DataError: shapes differ, or a variance is negative.

    >>> both = Counts.of([1.0, 2.0, 2.0], [0.5, 1.5, 1.7], edges=[0, 1, 2])
    >>> both.values.tolist(), both.variances.tolist(), both.total.values.tolist()
    ([1.0, 4.0], [1.0, 8.0], [5.0])
    """

    values: NDArray[np.float64]
    variances: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("values", "variances"):
            object.__setattr__(self, name, np.atleast_1d(np.asarray(getattr(self, name), np.float64)))
        if self.values.shape != self.variances.shape or self.values.ndim != 1:
            raise DataError(f"counts of shape {self.values.shape} with variances of shape {self.variances.shape}")
        if (self.variances < 0).any():
            raise DataError(f"counts have negative variances: {self.variances.tolist()}")

    @classmethod
    def of(cls, weight: ArrayLike, values: ArrayLike | None = None, edges: ArrayLike | None = None) -> Counts:
        """Of weighted events; without values and edges, of all of them in one bin.

        Args:
            weight: (events,), possibly negative.
            values: what the bins are bins of, (events,); NaN falls into none.
            edges: of the bins, (bins + 1,), rising; the first and the last bin hold what lies beyond them too.
        """
        w = np.asarray(weight, np.float64)
        if values is None or edges is None:
            return cls(np.array([w.sum()]), np.array([np.square(w).sum()]))
        x, e = np.asarray(values, np.float64), np.asarray(edges, np.float64)
        known = ~np.isnan(x)
        x, w = x[known], w[known]
        bins = np.clip(np.searchsorted(e, x, side="right") - 1, 0, len(e) - 2)
        made = (np.bincount(bins, weights, len(e) - 1).astype(np.float64) for weights in (w, w * w))  # empty: integers
        return cls(*made)

    @classmethod
    def zeros(cls, bins: int = 1) -> Counts:
        """No events."""
        return cls(np.zeros(bins), np.zeros(bins))

    @classmethod
    def sum(cls, parts: Iterable[Counts], bins: int = 1) -> Counts:
        """Of independent samples; without any, no events in so many bins."""
        found = list(parts)
        start = found.pop() if found else cls.zeros(bins)
        for part in found:
            start = start + part
        return start

    def __len__(self) -> int:
        return len(self.values)

    def __add__(self, other: Counts) -> Counts:
        """Of independent samples."""
        return Counts(self.values + other.values, self.variances + other.variances)

    def __sub__(self, other: Counts) -> Counts:
        """The difference of independent samples."""
        return Counts(self.values - other.values, self.variances + other.variances)

    def scaled(self, factor: float, variance: float = 0.0) -> Counts:
        """Times a factor with a variance of its own, independent of the counts."""
        return Counts(factor * self.values, factor**2 * self.variances + variance * self.values**2)

    @property
    def errors(self) -> NDArray[np.float64]:
        """One standard deviation, (bins,)."""
        return np.sqrt(self.variances)

    @property
    def total(self) -> Counts:
        """All bins together, of independent bins."""
        return Counts(self.values.sum(keepdims=True), self.variances.sum(keepdims=True))

    def ratio(self, other: Counts) -> Counts:
        """Divided by independent counts, NaN where these vanish."""
        safe = np.where(other.values == 0, np.nan, other.values)
        value = self.values / safe
        return Counts(value, (self.variances + value**2 * other.variances) / safe**2)

    def to_json(self) -> dict[str, Any]:
        """As JSON values: values and errors."""
        return {"values": self.values.tolist(), "errors": self.errors.tolist()}
