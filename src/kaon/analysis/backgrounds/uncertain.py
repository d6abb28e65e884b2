"""Numbers that remember which independent counts they were computed from, so that errors follow by themselves."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kaon.analysis.counts import Counts
from kaon.errors import DataError

__all__ = ["Uncertain", "joined", "summed"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Uncertain:
    r"""Bins with their linear response to independent inputs.

    A function f of independent inputs x_i has the covariance sum_i (df/dx_i)(df/dx_i)^T var(x_i) to first order (JCGM
    100:2008, eq. 10, https://www.bipm.org/en/committees/jc/jcgm/publications). What is kept here is df/dx_i sigma_i,
    through sums, differences, products and ratios; so an input that enters twice is counted once, whether it cancels
    or adds up, and a factor that all bins share correlates them. It is exact for sums, and a good approximation for
    ratios whose denominators are many standard deviations from zero.

    Args:
        values: (bins,).
        responses: what one standard deviation of each input does to the bins: input -> (parts, bins), where parts are
            independent of one another too.

    Raises:
        DataError: shapes that do not fit.

    >>> w, data = Counts([50.0], [2.0]), Counts([110.0, 90.0], [110.0, 90.0])
    >>> factor = Uncertain.of(data).total / Uncertain.of(w)
    >>> estimate = Uncertain.of(w) * factor  # the simulation cancels: what is left is the error of the data
    >>> estimate.values.tolist(), round(float(estimate.errors[0]), 6) == round(200**0.5, 6)
    ([200.0], True)
    """

    values: Array
    responses: Mapping[Hashable, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", np.atleast_1d(np.asarray(self.values, np.float64)))
        for found in self.responses.values():
            if found.ndim != 2 or found.shape[1] != len(self):
                raise DataError(f"responses of shape {found.shape} do not fit {len(self)} bins")

    @classmethod
    def of(cls, counts: Counts | Uncertain, source: Hashable | None = None) -> Uncertain:
        """Of counts, each bin of which is independent; what is uncertain already stays as it is.

        Args:
            counts: of a sample in a region.
            source: names them; by default the object itself does, so that the same object is the same input.
        """
        if isinstance(counts, Uncertain):
            return counts
        return cls(counts.values, {counts if source is None else source: np.diag(counts.errors)})

    @classmethod
    def constant(cls, value: float, error: float = 0.0, source: Hashable | None = None) -> Uncertain:
        """One number from elsewhere, for example a cross-section; with an error, an input of its own.

        Args:
            value: of the only bin.
            error: one standard deviation.
            source: names the input; numbers of the same source move together.
        """
        return cls(
            np.array([value]), {object() if source is None else source: np.array([[float(error)]])} if error else {}
        )

    def __len__(self) -> int:
        return len(self.values)

    def __add__(self, other: Uncertain) -> Uncertain:
        return self._combined(other, self.values + other.values, 1.0, 1.0)

    def __sub__(self, other: Uncertain) -> Uncertain:
        return self._combined(other, self.values - other.values, 1.0, -1.0)

    def __mul__(self, other: Uncertain) -> Uncertain:
        return self._combined(other, self.values * other.values, other.values, self.values)

    def __truediv__(self, other: Uncertain) -> Uncertain:
        """The ratio; NaN where the denominator vanishes."""
        safe = np.where(other.values == 0, np.nan, other.values)
        value = self.values / safe
        return self._combined(other, value, 1 / safe, -value / safe)

    def _combined(self, other: Uncertain, value: Array, left: Array | float, right: Array | float) -> Uncertain:
        """With the derivatives by what stands left and right."""
        found: dict[Hashable, Array] = {k: np.asarray(r * left) for k, r in self.responses.items()}
        for key, response in other.responses.items():
            moved = np.asarray(response * right)
            if key in found and len(found[key]) != len(moved):
                raise DataError(f"source {key!r} has {len(found[key])} parts in one place and {len(moved)} in another")
            found[key] = found[key] + moved if key in found else moved
        bins = len(value)
        return Uncertain(value, {k: np.broadcast_to(r, (len(r), bins)) for k, r in found.items()})

    @property
    def covariance(self) -> Array:
        """Of the bins, (bins, bins)."""
        every = np.vstack([np.zeros((1, len(self))), *self.responses.values()])
        return np.asarray(every.T @ every)

    @property
    def variances(self) -> Array:
        """Of each bin alone, (bins,)."""
        start = np.zeros(len(self))
        return np.asarray(sum((np.square(r).sum(axis=0) for r in self.responses.values()), start))

    @property
    def errors(self) -> Array:
        """One standard deviation of each bin, (bins,)."""
        return np.sqrt(self.variances)

    @property
    def total(self) -> Uncertain:
        """All bins together, with what correlates them."""
        shared = {key: r.sum(axis=1, keepdims=True) for key, r in self.responses.items()}
        return Uncertain(self.values.sum(keepdims=True), shared)

    @property
    def floored(self) -> Uncertain:
        """Negative bins at zero, with the uncertainty they had: for figures, and for fits that take no negative rate.

        The sum of the bins is no longer unbiased.
        """
        return Uncertain(np.maximum(self.values, 0.0), self.responses)

    @property
    def counts(self) -> Counts:
        """Values and variances alone; what correlates bins, or this with another estimate, is forgotten."""
        return Counts(self.values, self.variances)

    def __str__(self) -> str:
        return ", ".join(f"{v:.4g} ± {e:.2g}" for v, e in zip(self.values, self.errors, strict=True))


def summed(parts: Iterable[Counts | Uncertain], bins: int = 1) -> Uncertain:
    """Of counts and estimates; without any, zero in so many bins.

    Raises:
        DataError: different numbers of bins.
    """
    total = Uncertain(np.zeros(bins))
    for part in parts:
        if len(part) != bins:
            raise DataError(f"counts in {len(part)} bins cannot be summed with counts in {bins} bins")
        total = total + Uncertain.of(part)
    return total


def joined(parts: Iterable[Counts | Uncertain]) -> Uncertain:
    """Bins of several, one after the other, with what correlates them: the regions of an analysis, for example."""
    found = [Uncertain.of(part) for part in parts]
    starts = np.cumsum([0, *(len(part) for part in found)])
    responses: dict[Hashable, Array] = {}
    for start, part in zip(starts[:-1], found, strict=True):
        for key, response in part.responses.items():
            into = responses.setdefault(key, np.zeros((len(response), starts[-1])))
            into[:, start : start + len(part)] += response
    return Uncertain(np.concatenate([np.zeros(0), *(part.values for part in found)]), responses)
