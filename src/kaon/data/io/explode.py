"""From one entry an event to one entry a jet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.errors import DataError, UnknownName

__all__ = ["Exploded", "explode"]


@dataclass(frozen=True)
class Exploded:
    """Columns with one entry a jet.

    Args:
        columns: all of them, each (jets, ...).
        parent: row that each jet came from, (jets,).
        inner: the columns that had a list for each event; all others are repeated for each jet of the event.
    """

    columns: dict[str, Any]
    parent: NDArray[np.int64]
    inner: frozenset[str]


def explode(columns: Mapping[str, Any], name: str, groups: Mapping[str, str], where: str) -> Exploded:
    """One entry for each entry of the lists that `name` means.

    `name` is a list column, a group of an HDF5 file, or what stands before the first underscore of either, also in the
    plural: `Jet` means Jet_pt, Jet_eta, ... and `jets` means the groups jet_features and jet_eflow.

    Args:
        columns: each (events, ...).
        name: what to explode.
        groups: column -> group.
        where: file, for messages.

    Raises:
        UnknownName: it means no list column; the message lists what could be meant.
        DataError: the lists differ in length.
    """
    lists = [n for n, values in columns.items() if values.ndim >= 2]
    inner = members(lists, name, groups, where)
    counts = {n: np.asarray(ak.to_numpy(ak.num(columns[n], axis=1)), np.int64) for n in inner}
    first = counts[inner[0]]
    odd = [n for n in inner if not np.array_equal(counts[n], first)]
    if odd:
        raise DataError(f"{where}: {inner[0]} and {odd[0]} have lists of different length; explode one of them by name")
    parent = np.repeat(np.arange(len(first)), first)
    made = {n: ak.flatten(v, axis=1) if n in counts else v[parent] for n, v in columns.items()}
    return Exploded(made, parent, frozenset(inner))


def members(lists: Sequence[str], name: str, groups: Mapping[str, str], where: str) -> list[str]:
    """Which list columns `name` means.

    Raises:
        UnknownName: none.
    """
    known: dict[str, list[str]] = {}
    for column in lists:
        group = groups.get(column, column)
        for meaning in {column, group, group.partition("_")[0]}:
            known.setdefault(meaning.lower(), []).append(column)
    wanted = name.lower()
    for form in (wanted, wanted.removesuffix("s"), f"{wanted}s"):
        if form in known:
            return known[form]
    raise UnknownName("list to explode", name, known, where)
