"""Which event goes where: decided by the event number and a seed only, never by the order in a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.errors import ConfigError

__all__ = ["HELD_OUT", "assign_folds", "assign_parts", "uniform_hash"]


HELD_OUT = 0x6B616F6E
"""Added to a seed where a part is split once more: the second split must be independent of the first."""


def uniform_hash(index: NDArray[Any], seed: int) -> NDArray[np.float64]:
    """A number in [0, 1) for each event number: the same for the same (number, seed), on every machine.

    The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) applied to the number and to the seed.

    Args:
        index: event numbers, (events,).
        seed: any integer.
    """
    with np.errstate(over="ignore"):
        offset = _mix(np.asarray(int(seed) & 0xFFFFFFFFFFFFFFFF, np.uint64) + np.uint64(0x9E3779B97F4A7C15))
        mixed = _mix(np.asarray(index).astype(np.int64).view(np.uint64) ^ offset)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def assign_parts(index: NDArray[Any], fractions: Sequence[float], seed: int) -> NDArray[np.int64]:
    """The part (0, 1, ...) of each event; part i holds on average `fractions[i]` of all events.

    Fractions that sum to less than one leave the rest out (part -1).

    Raises:
        ConfigError: no fractions, one of them is negative or NaN, or they sum to more than one.

    >>> assign_parts(np.arange(6), (0.5, 0.5), seed=0)
    array([0, 1, 0, 0, 0, 1])
    """
    values = np.asarray(fractions, float)
    if values.size == 0 or not (values >= 0).all() or values.sum() > 1 + 1e-9:
        raise ConfigError(f"split fractions {tuple(fractions)} must be non-negative and sum to at most 1")
    edges = np.cumsum(values)
    edges[-1] = 1.0 if edges[-1] > 1 - 1e-9 else edges[-1]
    parts = np.searchsorted(edges, uniform_hash(index, seed), side="right")
    return np.where(parts < len(values), parts, -1).astype(np.int64)


def assign_folds(index: NDArray[Any], folds: int, seed: int) -> NDArray[np.int64]:
    """The fold (0 ... folds-1) of each event.

    Raises:
        ConfigError: fewer than two folds.
    """
    if folds < 2:
        raise ConfigError(f"{folds} fold given; cross-validation needs at least 2")
    return (uniform_hash(index, seed) * folds).astype(np.int64)


def _mix(z: NDArray[Any]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)), np.uint64)
