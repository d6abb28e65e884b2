"""HDF5 files of plain arrays, as many groups publish them.

- A group with `data`, (events, ..., k), and `labels`, (k,): one column a label, (events, ...). If labels are bare
  numbers, the group stays one column, (events, ..., k). Labels that occur twice get the group's name before.
- A data set with named members (compound type), (events,): one column a member.
- A data set with named members, (events, slots): one list column of records; empty slots are those whose member
  `valid` is false.
- Any other data set: one column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import awkward as ak
import h5py
import numpy as np

from kaon.data.io.source import Layout, Notes, Source, decoding
from kaon.errors import DataError, UnknownName

__all__ = ["ArraysSource"]


@dataclass(frozen=True)
class _Entry:
    """One column: its name, its name if that is not unique, its group, length, and how to read rows start to stop."""

    name: str
    full_name: str
    group: str
    data: Any
    pick: Callable[[Any], Any]


class ArraysSource(Source):
    """Data sets of equal length.

    Args:
        path: the file.
        file: opened.
        layout: `tree` restricts to one group or data set.

    Raises:
        DataError: no data sets, or of different lengths.
        UnknownName: no such group.
    """

    def __init__(self, path: Path, file: h5py.File, layout: Layout) -> None:
        self._file = file
        top: Any = file
        if layout.tree is not None:
            if layout.tree not in file:
                raise UnknownName("key", layout.tree, file, str(path))
            top = file[layout.tree]
        with decoding(path):
            entries = list(_entries(top, layout.tree or ""))
        if not entries:
            raise DataError(f"{path} holds no arrays")
        lengths = {e.data.name: len(e.data) for e in entries}
        if len(set(lengths.values())) > 1:
            raise DataError(f"the arrays of {path} differ in length: {lengths}; choose some with tree=... (--tree)")
        seen = Counter(e.name for e in entries)
        self._entries = {e.name if seen[e.name] == 1 else e.full_name: e for e in entries}
        notes = Notes(groups={n: e.group for n, e in self._entries.items() if e.group})
        super().__init__(path, list(self._entries), next(iter(lengths.values())), notes)

    def chunks(self, columns: Sequence[str], step: int) -> Iterator[dict[str, Any]]:
        """See `Source`."""
        assert self.length is not None
        for start in range(0, self.length, step):
            stop = min(start + step, self.length)
            with decoding(self.path):
                raw = {e.data.name: e.data for e in (self._entries[c] for c in columns)}
                loaded = {name: data[start:stop] for name, data in raw.items()}
                chunk = {c: self._entries[c].pick(loaded[self._entries[c].data.name]) for c in columns}
            yield chunk

    def close(self) -> None:
        """See `Source`."""
        self._file.close()


def _entries(item: Any, path: str) -> Iterator[_Entry]:
    name = path.rsplit("/", 1)[-1] or "data"
    if isinstance(item, h5py.Dataset):
        yield from _dataset(item, name, path.replace("/", "_") or name, "")
    elif _is_labelled(item):
        yield from _labelled(item, name)
    else:
        for key, child in item.items():
            inner = f"{path}/{key}".strip("/")
            for entry in _entries(child, inner):
                yield _Entry(
                    entry.name, entry.full_name, entry.group or path.rsplit("/", 1)[-1], entry.data, entry.pick
                )


def _is_labelled(group: h5py.Group) -> bool:
    if not {"data", "labels"} <= set(group):
        return False
    data, labels = group["data"], group["labels"]
    return bool(labels.ndim == 1 and data.ndim > 1 and data.shape[-1] == len(labels) and labels.dtype.kind in "SO")


def _labelled(group: h5py.Group, name: str) -> Iterator[_Entry]:
    data = group["data"]
    labels = [v.decode() if isinstance(v, bytes) else str(v) for v in group["labels"][()]]
    if any(label.isdigit() for label in labels):
        yield _Entry(name, name, name, data, _plain)
        return
    for i, label in enumerate(labels):
        yield _Entry(label, f"{name}_{label}", name, data, partial(_at, (..., i)))


def _dataset(data: h5py.Dataset, name: str, full_name: str, group: str) -> Iterator[_Entry]:
    if data.ndim == 0:
        return
    if data.dtype.names is None:
        yield _Entry(name, full_name, group, data, _plain)
    elif data.ndim == 1:
        for member in data.dtype.names:
            yield _Entry(member, f"{full_name}_{member}", name, data, partial(_at, member))
    else:
        yield _Entry(name, full_name, name, data, _slots)


def _at(place: Any, values: Any) -> Any:
    return _plain(values[place])


def _plain(values: Any) -> Any:
    if values.dtype.kind in "SO":
        words = [v.decode() if isinstance(v, bytes) else str(v) for v in values.tolist()]
        return ak.Array(words) if words else ak.Array([""])[:0]
    return ak.Array(np.ascontiguousarray(values))


def _slots(values: Any) -> Any:
    valid = values["valid"].astype(bool) if "valid" in values.dtype.names else np.ones(values.shape, bool)
    counts = valid.sum(1)
    members = [m for m in values.dtype.names if m != "valid"]
    return ak.zip({m: ak.unflatten(np.ascontiguousarray(values[m][valid]), counts) for m in members})
