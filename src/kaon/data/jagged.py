"""Jagged awkward columns as flat NumPy arrays, and back to padded ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.errors import DataError

__all__ = ["cartesian", "counts_of", "flat", "pad", "padded_length", "segment_sum"]

_LARGEST = 1e18
"""GeV: squares still fit single precision."""


def cartesian(column: Any, names: Sequence[str] = ("px", "py", "pz", "E")) -> list[NDArray[np.float64]]:
    """The components of jagged four-momenta, each flat as by `flat`; all four must be numbers, whoever reads them.

    Args:
        column: jagged records with px, py, pz, E (GeV).
        names: the four in the order that is wanted.

    Raises:
        DataError: the column is not jagged, entries are missing, or components are NaN, infinite or beyond 1e18 GeV.
    """
    counts = counts_of(column)
    found = [_numbers(entries) for entries in _fields(_entries(column), names)]
    if not all(v.min(initial=0) > -_LARGEST and v.max(initial=0) < _LARGEST for v in found):  # NaN compares as False
        bad = ~np.logical_and.reduce([np.abs(values) < _LARGEST for values in found])
        events = np.unique(np.repeat(np.arange(len(counts)), counts)[bad])
        raise DataError(
            f"{len(events)} of {len(counts)} events have momenta that are NaN, infinite or beyond {_LARGEST:g} GeV, "
            f"first at row {events[0]}; read with drop_invalid=True (--drop-invalid) to leave out those that are NaN "
            "or infinite, and with a cut to leave out others"
        )
    return found


def counts_of(column: Any) -> NDArray[np.int64]:
    """Number of entries of each event of a jagged column, (events,).

    Raises:
        DataError: the column is not jagged, or lists are missing (None).
    """
    try:
        return np.asarray(ak.to_numpy(ak.num(column, axis=1), allow_missing=False), np.int64)
    except ValueError as error:
        raise DataError(f"a jagged column is needed, not {ak.type(column)}") from error


def flat(column: Any, dtype: Any = np.float64) -> NDArray[Any]:
    """All entries of a jagged column one after another, (entries,).

    Raises:
        DataError: entries are missing (None) or not numbers.
    """
    return _numbers(_entries(column), dtype)


def padded_length(counts: NDArray[np.int64], most: int) -> int:
    """Length of the padded axis that the longest event needs, between one and `most`.

    Args:
        counts: entries of each event, (events,).
        most: limit.

    >>> padded_length(np.array([3, 5]), 4), padded_length(np.array([3]), 4), padded_length(np.array([0]), 4)
    (4, 3, 1)
    """
    return max(1, min(int(counts.max(initial=0)), most))


def pad(
    values: NDArray[Any], counts: NDArray[np.int64], length: int, dtype: Any = np.float32
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Flat entries as a rectangle padded with zeros; entries beyond `length` are dropped.

    Args:
        values: (entries,) or (entries, features).
        counts: entries of each event, (events,).
        length: size of the padded axis.
        dtype: of the result.

    Returns:
        (events, length[, features]) values and (events, length) mask, True for real entries.

    >>> pad(np.array([1.0, 2.0, 3.0]), np.array([1, 0, 2]), 2)[0].tolist()
    [[1.0, 0.0], [0.0, 0.0], [2.0, 3.0]]
    """
    mask = np.arange(length) < counts[:, None]
    padded = np.zeros((len(counts), length, *values.shape[1:]), dtype)
    if counts.max(initial=0) > length:
        starts = np.cumsum(counts) - counts
        position = np.arange(len(values)) - np.repeat(starts, counts)
        values = values[position < length]
    padded[mask] = values
    return padded, mask


def segment_sum(values: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[Any]:
    """Sum of the entries of each event, in double precision.

    Args:
        values: (entries,).
        counts: entries of each event, (events,).

    >>> segment_sum(np.array([1.0, 2.0, 3.0]), np.array([1, 0, 2])).tolist()
    [1.0, 0.0, 5.0]
    """
    owner = np.repeat(np.arange(len(counts)), counts)
    # Without any entry bincount counts in integers.
    return np.bincount(owner, weights=values, minlength=len(counts)).astype(np.float64, copy=False)


def _entries(column: Any) -> Any:
    """All entries of a jagged column one after another."""
    try:
        return ak.flatten(column, axis=1)
    except (TypeError, ValueError) as error:
        raise _useless(column) from error


def _fields(entries: Any, names: Sequence[str]) -> list[Any]:
    """Fields of records; of sorted ones, picked with the index that awkward would check anew for each field."""
    layout = ak.to_layout(entries)
    if layout.is_indexed and layout.content.is_record and all(layout.content[name].is_numpy for name in names):
        rows = np.asarray(layout.index)
        if not layout.is_option or rows.min(initial=0) >= 0:  # none is missing
            return [np.take(np.asarray(layout.content[name].data), rows, axis=0) for name in names]
    return [entries[name] for name in names]


def _numbers(entries: Any, dtype: Any = np.float64) -> NDArray[Any]:
    try:
        return np.asarray(ak.to_numpy(entries, allow_missing=False)).astype(dtype, copy=False)
    except (TypeError, ValueError) as error:
        raise _useless(entries) from error


def _useless(column: Any) -> DataError:
    return DataError(f"a column of type {ak.type(column)} cannot be used as lists of numbers")
