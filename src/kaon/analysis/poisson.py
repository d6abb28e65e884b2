"""Error bars of counted events."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

__all__ = ["poisson_interval"]


def poisson_interval(observed: ArrayLike, level: float = 0.682689492137086) -> tuple[NDArray[np.float64], ...]:
    """Central interval of the mean of a Poisson distribution (Garwood, Biometrika 28 (1936) 437).

    From chi2_{alpha/2}(2n) / 2 to chi2_{1 - alpha/2}(2n + 2) / 2; without events the lower end is 0.

    Args:
        observed: events, (bins,); a number that is no integer, as the sum of weights of data, is interpolated.
        level: of confidence.

    Returns:
        Lower and upper ends, (bins,) each; NaN for negative numbers.

    >>> [end.round(3).tolist() for end in poisson_interval([0.0, 1.0, 100.0])]
    [[0.0, 0.173, 90.017], [1.841, 3.3, 111.033]]
    """
    n, tail = np.asarray(observed, np.float64), (1 - level) / 2
    n = np.where(n >= 0, n, np.nan)
    low = np.where(n == 0, 0.0, chi2.ppf(tail, 2 * np.where(n == 0, 1, n)) / 2)
    return low, np.asarray(chi2.ppf(1 - tail, 2 * n + 2) / 2)
