"""A ratio of measured totals, refused where it has no meaning."""

from __future__ import annotations

import warnings

from kaon.analysis.backgrounds.uncertain import Uncertain
from kaon.errors import DataError, KaonWarning

__all__ = ["measured_ratio"]

_CERTAIN = 3.0
"""A denominator closer to zero than this many standard deviations makes linear propagation a poor approximation."""


def measured_ratio(numerator: Uncertain, denominator: Uncertain, what: str) -> Uncertain:
    """A ratio of totals, of which the denominator has to be positive.

    Args:
        numerator, denominator: one bin each.
        what: the denominator is, for messages.

    Raises:
        DataError: the denominator is not positive.
    """
    below, error = float(denominator.values[0]), float(denominator.errors[0])
    if not below > 0:
        raise DataError(
            f"{what} sums to {below:.4g} ± {error:.2g} events, so nothing can be divided by it; choose a region with "
            "more of the process, or take it from simulation"
        )
    if below < _CERTAIN * error:
        warnings.warn(
            f"{what} is known to {error / below:.0%} only ({below:.4g} ± {error:.2g} events): the uncertainty of "
            "what is divided by it is rough",
            KaonWarning,
            stacklevel=3,
        )
    return numerator / denominator
