"""kaon's own HDF5 layout, version 1: readable by event range, growing by chunks, no jagged data padded.

    /                attribute `kaon`: JSON with format, version, roles, classes, reserved columns, provenance
    /events          attribute `length`; the columns as a record node

A node is a group whose attribute `kind` says what it is:

    number           dataset `values`, (n, ...)
    text             dataset `values`, (n,) variable-length UTF-8
    list             dataset `offsets`, (n + 1,) int64: event i owns content rows offsets[i] to offsets[i + 1];
                     group `content`, a node
    record           attribute `fields`: JSON list of [field, group] in order; one group a field, each a node

Datasets are chunked and compressed with shuffle + gzip.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import awkward as ak
import h5py
import numpy as np
from numpy.typing import NDArray

from kaon.data.events import Events
from kaon.data.io.source import Notes, Sink, Source, decoding, pack
from kaon.errors import DataError

__all__ = ["Hdf5Sink", "Hdf5Writer", "KaonSource", "add_columns", "is_kaon"]

_ROOT = "events"
_NOTE = "kaon"
_BYTES_PER_CHUNK = 1 << 18


def is_kaon(file: h5py.File) -> bool:
    """Whether an HDF5 file has kaon's layout."""
    return _NOTE in file.attrs and _ROOT in file


class KaonSource(Source):
    """An HDF5 file in kaon's layout.

    Raises:
        DataError: damaged, unfinished, or from a newer kaon.
    """

    def __init__(self, path: Path, file: h5py.File) -> None:
        self._file = file
        notes = Notes.from_json(file.attrs[_NOTE], path)
        with decoding(path):
            self._columns = {n: _Node(file[_ROOT][key]) for n, key in json.loads(file[_ROOT].attrs["fields"])}
            length = int(file[_ROOT].attrs["length"])
        super().__init__(path, list(self._columns), length, notes)

    def chunks(self, columns: Sequence[str], step: int) -> Iterator[dict[str, Any]]:
        """See `Source`."""
        assert self.length is not None
        for start in range(0, self.length, step):
            stop = min(start + step, self.length)
            with decoding(self.path):
                chunk = {n: ak.Array(self._columns[n].read(start, stop)) for n in columns}
            yield chunk

    def close(self) -> None:
        """See `Source`."""
        self._file.close()


class Hdf5Sink(Sink):
    """Writes kaon's HDF5 layout, chunk by chunk.

    Args:
        path: file to make.
        notes: stored in the file.
    """

    def __init__(self, path: Path, notes: Notes | None) -> None:
        self._file = h5py.File(path, "w")
        self._file.attrs[_NOTE] = (notes or Notes()).to_json()
        self._root = self._file.create_group(_ROOT)
        self._root.attrs["length"] = 0
        self._open: list[Any] = []

    def append(self, array: Any) -> None:
        """See `Sink`.

        Raises:
            DataError: a column has missing values or mixed types, or the columns differ from those before.
        """
        _append(self._root, ak.to_layout(ak.to_packed(array)), "events")
        if (
            not self._open
        ):  # while data sets are open, HDF5 keeps their last chunk, which the next part may go on filling
            self._root.visititems(lambda _, item: self._open.append(item))
        self._root.attrs["length"] = int(self._root.attrs["length"]) + len(array)

    def close(self) -> None:
        """See `Sink`."""
        self._file.close()


class Hdf5Writer:
    """Makes a kaon HDF5 file from several `Events`, one after another; the provenance is that of the first.

    Use it on the temporary path of `kaon.files.replacing`, so that a finished file appears at once.

    Args:
        path: file to make.
        provenance: stored instead of that of the first events.

    Example: `with replacing("jets.h5") as scratch, Hdf5Writer(scratch) as writer: writer.append(events)`
    """

    def __init__(self, path: Path, provenance: Any = None) -> None:
        self._path, self._provenance = path, provenance
        self._sink: Hdf5Sink | None = None
        self._classes: tuple[str, ...] = ()

    def append(self, events: Events) -> None:
        """Add events, with the same columns and classes as before.

        Raises:
            DataError: other classes or columns.
        """
        array, notes = pack(events)
        if self._sink is None:
            notes = notes if self._provenance is None else replace(notes, provenance=self._provenance)
            self._sink, self._classes = Hdf5Sink(self._path, notes), events.classes
        if events.classes != self._classes:
            raise DataError(f"the classes {events.classes} differ from those written before: {self._classes}")
        self._sink.append(array)

    def close(self) -> None:
        """Finish the file."""
        if self._sink is not None:
            self._sink.close()

    def __enter__(self) -> Hdf5Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def add_columns(path: Path, parts: Iterable[Mapping[str, NDArray[Any]]]) -> None:
    """Add flat columns to a finished HDF5 file: as reserved columns of kaon's layout, else as data sets at the top.

    Args:
        path: the file, which is changed.
        parts: the columns, chunk by chunk; together as long as the file.
    """
    with h5py.File(path, "r+") as file:
        own = is_kaon(file)
        fields = json.loads(file[_ROOT].attrs["fields"]) if own else []
        keys: dict[str, str] = {}
        for part in parts:
            for name, values in part.items():
                if own:
                    key = keys.setdefault(name, f"{len(fields) + len(keys):04d}")
                    _append(file[_ROOT].require_group(key), ak.to_layout(values), name)
                else:
                    _grow(file, name, values)
        if own:
            notes = Notes.from_json(file.attrs[_NOTE], path)
            file[_ROOT].attrs["fields"] = json.dumps([*fields, *([name, key] for name, key in keys.items())])
            file.attrs[_NOTE] = notes.reserving(keys).to_json()


def _append(group: h5py.Group, layout: Any, where: str) -> None:
    while layout.is_indexed or layout.is_option:
        if layout.is_option and np.any(layout.mask_as_bool(valid_when=False)):
            raise DataError(f"the column {where} has missing values, which the HDF5 layout does not hold")
        layout = layout.project()
    if layout.is_union or layout.is_unknown:
        found = "mixed types" if layout.is_union else "no type"
        raise DataError(f"the column {where} has {found}, which the HDF5 layout does not hold")
    if layout.parameter("__array__") == "string":
        _kind(group, "text", where)
        values = np.asarray(ak.to_list(layout), object)
        _grow(group, "values", values, h5py.string_dtype())
    elif layout.is_record:
        _append_record(group, layout, where)
    elif layout.is_numpy or (layout.is_regular and _is_block(layout)):
        _kind(group, "number", where)
        _grow(group, "values", np.asarray(ak.to_numpy(layout)))
    else:
        _kind(group, "list", where)
        jagged = ak.to_layout(ak.from_regular(ak.to_packed(ak.Array(layout)), axis=1)).to_ListOffsetArray64(True)
        offsets = np.asarray(jagged.offsets, np.int64)
        if "offsets" in group:
            offsets = offsets[1:] + group["offsets"][-1]
        _grow(group, "offsets", offsets)
        _append(group.require_group("content"), jagged.content[: int(jagged.offsets[-1])], where)


def _append_record(group: h5py.Group, layout: Any, where: str) -> None:
    _kind(group, "record", where)
    if "fields" not in group.attrs:
        group.attrs["fields"] = json.dumps([[name, f"{i:04d}"] for i, name in enumerate(layout.fields)])
        group.attrs["name"] = layout.parameter("__record__") or ""
    fields = dict(json.loads(group.attrs["fields"]))
    if set(fields) != set(layout.fields):
        odd = sorted(set(fields) ^ set(layout.fields))
        raise DataError(f"{where}: the columns {odd} are not in all parts that are written to one file")
    for name, key in fields.items():
        _append(group.require_group(key), layout.content(name)[: layout.length], name)


def _kind(group: h5py.Group, kind: str, where: str) -> None:
    if "kind" not in group.attrs:
        group.attrs["kind"] = kind
    if group.attrs["kind"] != kind:
        raise DataError(f"the column {where} was {group.attrs['kind']} before and is {kind} now; types must not change")


def _is_block(layout: Any) -> bool:
    while layout.is_regular and layout.parameter("__array__") is None:
        layout = layout.content
    return bool(layout.is_numpy)


def _grow(group: h5py.Group, name: str, values: NDArray[Any], dtype: Any = None) -> None:
    if name not in group:
        row = max(1, int(np.prod(values.shape[1:], dtype=int)) * max(values.dtype.itemsize, 1))
        rows = max(1, min(_BYTES_PER_CHUNK // row, 1 << 16))
        group.create_dataset(
            name,
            data=values,
            dtype=dtype or values.dtype,
            maxshape=(None, *values.shape[1:]),
            chunks=(rows, *values.shape[1:]),
            compression="gzip",
            compression_opts=1,
            shuffle=dtype is None,
        )
        return
    data = group[name]
    if data.shape[1:] != values.shape[1:]:
        raise DataError(f"an array of shape {values.shape[1:]} cannot follow one of shape {data.shape[1:]}")
    data.resize(len(data) + len(values), axis=0)
    if len(values):
        data[-len(values) :] = values


class _Node:
    """A node kept open while its file is: HDF5 caches the chunks of open data sets only."""

    def __init__(self, group: h5py.Group) -> None:
        self.kind = str(group.attrs["kind"])
        self.data: dict[str, Any] = {k: v for k, v in group.items() if isinstance(v, h5py.Dataset)}
        if self.kind == "list":
            self.inner = {"content": _Node(group["content"])}
        elif self.kind == "record":
            self.inner = {name: _Node(group[key]) for name, key in json.loads(group.attrs["fields"])}
            self.name = str(group.attrs["name"])
        elif self.kind not in ("number", "text"):
            raise DataError(f"{group.name} has the unknown kind {self.kind!r}")

    def read(self, start: int, stop: int) -> Any:
        """The awkward layout of rows start to stop."""
        if self.kind == "number":
            return ak.to_layout(self._rows("values", start, stop))
        if self.kind == "text":
            words = [word.decode() for word in self._rows("values", start, stop)]
            return ak.to_layout(ak.Array(words) if words else ak.Array([""])[:0])
        if self.kind == "list":
            offsets = self._rows("offsets", start, stop + 1)
            content = self.inner["content"].read(int(offsets[0]), int(offsets[-1]))
            return ak.contents.ListOffsetArray(ak.index.Index64(offsets - offsets[0]), content)
        contents = [node.read(start, stop) for node in self.inner.values()]
        parameters = {"__record__": self.name} if self.name else None
        return ak.contents.RecordArray(contents, list(self.inner), length=stop - start, parameters=parameters)

    def _rows(self, name: str, start: int, stop: int) -> NDArray[Any]:
        rows = np.asarray(self.data[name][start:stop])
        if len(rows) < stop - start:
            raise EOFError(f"{self.data[name].name} ends before row {stop}")
        return rows
