"""All pairs of rows of two tables that belong together, without a loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["pairs", "ranges"]

Rows = NDArray[np.int64]


def pairs(left: Rows, right: Rows) -> tuple[Rows, Rows]:
    """All (i, j) with left[i] == right[j], (pairs,) each.

    Args:
        left: for example the collision of each jet, in any order, (rows,).
        right: for example the collision of each particle, ascending, (rows,).

    >>> [rows.tolist() for rows in pairs(np.array([2, 0]), np.array([0, 0, 1, 2]))]
    [[0, 1, 1], [3, 0, 1]]
    """
    first = np.searchsorted(right, left, side="left")
    count = np.searchsorted(right, left, side="right") - first
    return ranges(first, count)


def ranges(first: Rows, count: Rows) -> tuple[Rows, Rows]:
    """(i, first[i] + k) for each i and 0 <= k < count[i], (sum of count,) each."""
    owner = np.repeat(np.arange(len(first)), count)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(count) - count - first, count)
