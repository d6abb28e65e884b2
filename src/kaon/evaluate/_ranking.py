"""Events from the most to the least signal-like: one sort, from which every efficiency follows."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.errors import ConfigError, DataError
from kaon.evaluate._inputs import Binary

__all__ = ["Ranking", "check_efficiency"]

_TOLERANCE = 1e-10
"""Relative rounding of a sum of a million weights, below which an efficiency counts as reached."""


class Ranking:
    """Efficiencies of the cuts `score >= threshold`, one for each distinct score, preceded by the cut nobody passes.

    Points are taken at distinct scores only, so that tied events pass together and their order cannot matter.

    Args:
        events: signal and background.

    Raises:
        DataError: the weights of the signal or of the background do not sum to a positive number.
    """

    def __init__(self, events: Binary) -> None:
        self._events = events
        self._order = np.argsort(events.score)[::-1]
        ordered = events.score[self._order]
        self._last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
        self._thresholds = ordered[self._last]
        if events.weight is None:  # counting is exact and quicker
            self.signal = _from_zero(np.cumsum(events.signal[self._order])[self._last])
            self.background = _from_zero(self._last + 1) - self.signal
        else:
            self.signal = self.cumulative(np.where(events.signal, events.weight, 0.0))
            self.background = self.cumulative(np.where(events.signal, 0.0, events.weight))
        for name, total in (("signal", self.signal[-1]), ("background", self.background[-1])):
            if not total > 0:
                raise DataError(f"the weights of the {name} sum to {total:g}; an efficiency needs a positive sum")

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """Thresholds, falling, (points,); the first is infinite: no event passes."""
        return np.concatenate(([np.inf], self._thresholds))

    @cached_property
    def signal_efficiency(self) -> NDArray[np.float64]:
        """Weighted share of the signal that passes each threshold, (points,)."""
        return np.asarray(self.signal / self.signal[-1])

    @cached_property
    def background_efficiency(self) -> NDArray[np.float64]:
        """Weighted share of the background that passes each threshold, (points,)."""
        return np.asarray(self.background / self.background[-1])

    def cumulative(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Sum of `values` (N,) over the events that pass each threshold, (points,)."""
        return _from_zero(np.cumsum(values[self._order])[self._last])

    def squares(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sums of w^2 of the signal and of the background that pass each threshold, each (points,)."""
        if self._events.weight is None:
            return self.signal, self.background
        squared = self._events.weight**2
        is_signal = self._events.signal
        return self.cumulative(np.where(is_signal, squared, 0.0)), self.cumulative(np.where(is_signal, 0.0, squared))

    @cached_property
    def _reached(self) -> NDArray[np.float64]:
        return np.maximum.accumulate(self.signal_efficiency)  # negative weights make the efficiency fall in places

    def first(self, efficiency: NDArray[np.float64]) -> NDArray[np.intp]:
        """The strictest point whose signal efficiency reaches `efficiency`: the first crossing."""
        found = np.searchsorted(self._reached, efficiency * (1 - _TOLERANCE), side="left")
        return np.clip(found, 1, len(self._reached) - 1)

    def at(self, efficiency: NDArray[np.float64], *values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Each of `values` (points,) at given signal efficiencies, linear from the point before to the first crossing.

        Between these points lie tied events only; the straight line is what a random choice among them gives.
        """
        i = self.first(efficiency)
        before, after = self.signal_efficiency[i - 1], self.signal_efficiency[i]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(after > before, (efficiency - before) / (after - before), 1.0).clip(0.0, 1.0)
        return [v[i - 1] + share * (v[i] - v[i - 1]) for v in values]


def check_efficiency(efficiency: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same efficiencies, or a ConfigError if one is outside (0, 1]."""
    if not ((efficiency > 0) & (efficiency <= 1)).all():
        raise ConfigError(f"signal efficiency {efficiency.tolist()}; allowed: above 0, up to 1")
    return efficiency


def _from_zero(values: NDArray[Any]) -> NDArray[np.float64]:
    out = np.empty(len(values) + 1)
    out[0], out[1:] = 0.0, values
    return out
