"""A measured number and how well it is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "binomial_error", "binomial_variance"]


@dataclass(frozen=True)
class Estimate:
    """A value with its statistical error.

    Args:
        value: the value; infinite for a rejection with no background left.
        error: one standard deviation; infinite where the value is.
        lower: lower limit at 95% confidence, finite also where the value is not; None where none was computed.

    >>> print(Estimate(812.4, 31.0), "|", Estimate(math.inf, math.inf, 334.2))
    812 ± 31 | > 334 (95% CL)
    """

    value: float
    error: float
    lower: float | None = None

    @property
    def finite(self) -> bool:
        """Whether the value and its error are finite numbers."""
        return math.isfinite(self.value) and math.isfinite(self.error)

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        if math.isinf(self.value) and self.lower is not None:
            return f"> {self.lower:.3g} (95% CL)"
        if not self.finite or self.error <= 0:
            return f"{self.value:.4g}"
        places = 1 - math.floor(math.log10(self.error))  # two digits of the error, as in the Review of Particle Physics
        if places <= 0:
            return f"{round(self.value, places):.0f} ± {round(self.error, places):.0f}"
        return f"{self.value:.{places}f} ± {self.error:.{places}f}"


def binomial_variance(fraction: Any, passed_squares: Any, total_squares: Any, total: Any) -> NDArray[np.float64]:
    """Variance of a weighted fraction e = sum of w that pass / sum of all w, by propagation of sum w^2.

    ((1 - e)^2 sum_pass w^2 + e^2 sum_fail w^2) / (sum w)^2; it is e (1 - e) / N for unit weights, and stays
    non-negative for negative weights.

    Args:
        fraction: e.
        passed_squares: sum of w^2 of the events that pass.
        total_squares: sum of w^2 of all events.
        total: sum of w of all events.
    """
    e = np.asarray(fraction, np.float64)
    failed = np.maximum(np.asarray(total_squares) - passed_squares, 0.0)
    return np.asarray(((1 - e) ** 2 * passed_squares + e**2 * failed) / np.square(total), np.float64)


def binomial_error(fraction: Any, passed_squares: Any, total_squares: Any, total: Any) -> NDArray[np.float64]:
    """Half the width of Wilson's 68% interval of a weighted fraction; never zero, also when none or all pass.

    sqrt(V + 1 / 4n^2) / (1 + 1 / n), with V of `binomial_variance` and n = (sum w)^2 / sum w^2
    (Wilson, J. Am. Stat. Assoc. 22 (1927) 209). Arguments are those of `binomial_variance`; NaN without events.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        count = np.square(np.asarray(total, np.float64)) / total_squares
        variance = binomial_variance(fraction, passed_squares, total_squares, total)
        return np.asarray(np.sqrt(variance + 0.25 / count**2) / (1 + 1 / count), np.float64)
