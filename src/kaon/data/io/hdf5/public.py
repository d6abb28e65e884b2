"""Data frames as columns, with the layouts of two public data sets recognised by their column names.

`top-tagging` (Kasieczka et al., https://zenodo.org/records/2603256): E_i, PX_i, PY_i, PZ_i of up to 200 constituents,
padded with zeros, truthE ... truthPZ of the top quark, `ttv` (train, test or validation) and the label `is_signal_new`.
A file that kaon wrote in this layout has a group `/kaon` beside the table, which pandas passes by: the attribute `note`
(JSON with the classes, the provenance, ...) and the data set `event`, the event numbers.

`lhco` (LHC Olympics 2020, https://zenodo.org/records/6466204): nameless columns pT, eta, phi of up to 700 massless
particles, padded with zeros, and the label in a last column, if there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import awkward as ak
import h5py
import numpy as np
from numpy.typing import NDArray

from kaon.data.io.hdf5.pandas import open_frame, unpickled_text
from kaon.data.io.source import Layout, Notes, Sink, Source, decoding
from kaon.data.records import momenta, sort_by_pt
from kaon.errors import ConfigError, DataError

__all__ = ["FrameSource", "TopTaggingSink"]

_CLASSES = ("background", "signal")
_TRUTH = ("truthE", "truthPX", "truthPY", "truthPZ", "ttv", "is_signal_new")
_LHCO_PARTICLES = 700
_TOP_CONSTITUENTS = 200
_KEY = "table"
_OWN = "kaon"
_NOTE = "note"
_EVENT = "event"


class FrameSource(Source):
    """A data frame; the columns of the public layouts become `constituents` (and `jet`, their sum, for top-tagging).

    Args:
        path: the file.
        file: opened.
        layout: `layout` is pandas, top-tagging or lhco; None looks at the column names.

    Raises:
        ConfigError: the columns do not have the layout that was asked for.
        DataError: what kaon stored beside the table is damaged.
    """

    def __init__(self, path: Path, file: h5py.File, layout: Layout) -> None:
        self.path, self._file, self._frame = path, file, open_frame(path, file, layout.tree)
        names = self._frame.names
        kind = layout.layout or _recognise(names)
        self._particles: list[tuple[str, ...]] = []
        made: list[str] = []
        notes = Notes()
        if kind == "top-tagging":
            self._particles = _top_columns(names)
            made = ["constituents", "jet"]
            reserved = frozenset(n for n in names if n in _TRUTH)
            label = "is_signal_new" if "is_signal_new" in names else None
            notes = Notes(label=label, classes=_CLASSES if label else (), reserved=reserved)
            notes = self._own_notes(notes)
        elif kind == "lhco":
            self._particles = [tuple(names[i : i + 3]) for i in range(0, len(names) // 3 * 3, 3)]
            made = ["constituents"]
            label = names[-1] if len(names) % 3 == 1 else None
            notes = Notes(label=label and "label", classes=_CLASSES if label else (), reserved=frozenset({"label"}))
        if kind in ("top-tagging", "lhco") and not self._particles:
            raise ConfigError(f"{path} does not have the layout {kind!r}; its columns are {names[:6]} ...")
        used = {n for particle in self._particles for n in particle}
        self._plain = {n: n for n in names if n not in used}
        if kind == "lhco":
            self._plain = {"label": names[-1]} if notes.label else {}
        super().__init__(path, [*made, *self._plain, *notes.hidden], self._frame.length, notes)

    def chunks(self, columns: Sequence[str], step: int) -> Iterator[dict[str, Any]]:
        """See `Source`."""
        assert self.length is not None
        plain = [self._plain[c] for c in columns if c in self._plain]
        lists = [c for c in columns if c not in self._plain and c not in self.notes.hidden]
        names = [*plain, *(n for particle in self._particles if lists for n in particle)]
        for start in range(0, self.length, step):
            stop = min(start + step, self.length)
            with decoding(self.path):
                values = self._frame.read(names, start, stop)
                made = {c: ak.Array(self._file[_OWN][c][start:stop]) for c in columns if c in self.notes.hidden}
            made |= self._make(values) if lists else {}
            yield {c: made[c] if c in made else _column(values[self._plain[c]]) for c in columns}

    def close(self) -> None:
        """See `Source`."""
        self._file.close()

    def _own_notes(self, notes: Notes) -> Notes:
        """The same notes with what kaon stored in its own group, if it wrote the file."""
        if _OWN not in self._file or _NOTE not in self._file[_OWN].attrs:
            return notes
        stored = Notes.from_json(self._file[_OWN].attrs[_NOTE], self.path)
        if _EVENT not in self._file[_OWN] or len(self._file[_OWN][_EVENT]) != self._frame.length:
            raise DataError(f"{self.path} does not hold one event number for each of its {self._frame.length} rows")
        classes = (stored.classes or notes.classes) if notes.label else ()
        return replace(notes, index=_EVENT, classes=classes, hidden=frozenset({_EVENT}), provenance=stored.provenance)

    def _make(self, values: dict[str, NDArray[Any]]) -> dict[str, Any]:
        parts = np.stack([np.stack([values[n] for n in particle], -1) for particle in self._particles], 1)
        if parts.shape[-1] == 3:
            parts = _massless(parts)
        E, px, py, pz = np.moveaxis(parts, -1, 0)  # each (rows, particles)
        kept = ~((E == 0) & (px == 0) & (py == 0) & (pz == 0))
        counts = kept.sum(1)
        jagged = [ak.unflatten(component[kept], counts) for component in (px, py, pz, E)]
        made = {"constituents": sort_by_pt(momenta(*jagged))}
        if "jet" in self.columns:
            made["jet"] = momenta(*(component.sum(1, dtype=np.float64) for component in (px, py, pz, E)))
        return made


class TopTaggingSink(Sink):
    """Writes the table of the public top-tagging data set, readable by `pandas.read_hdf(path, "table")`.

    The 200 hardest constituents are kept. The truth is that of the column `parton`, else of truthE, truthPX, truthPY,
    truthPZ, else zero. Other columns that the layout does not have are left out. Classes, provenance and event numbers
    are kept beside the table.

    Args:
        path: file to make.
        notes: label (None writes zeros), weight and event number, and what is stored beside the table.
    """

    def __init__(self, path: Path, notes: Notes | None) -> None:
        self._notes = notes or Notes()
        self._file = h5py.File(path, "w")
        self._table: Any = None

    def append(self, array: Any) -> None:
        """See `Sink`.

        Raises:
            DataError: there is no column `constituents`, or a weight is not one.
        """
        if "constituents" not in array.fields:
            raise DataError(f"the top-tagging layout needs the column 'constituents'; there are {array.fields[:12]}")
        if self._notes.weight is not None and not (ak.to_numpy(array[self._notes.weight]) == 1).all():
            raise DataError(
                "the top-tagging layout has no place for weights, and some are not 1; use kaon's own layout "
                "(layout='kaon', the default), or write the events without their weights"
            )
        particles = array["constituents"][:, :_TOP_CONSTITUENTS]
        counts = np.asarray(ak.num(particles))
        rows = np.zeros(len(array), _row_type())
        mask = np.arange(_TOP_CONSTITUENTS) < counts[:, None]
        padded = np.zeros((len(array), _TOP_CONSTITUENTS, 4), np.float32)
        flat = [np.asarray(ak.to_numpy(ak.flatten(particles[c], axis=1))) for c in ("E", "px", "py", "pz")]
        padded[mask] = np.stack(flat, -1)
        rows["values_block_0"][:, : 4 * _TOP_CONSTITUENTS] = padded.reshape(len(array), -1)
        for i, values in enumerate(_truth(array)):
            rows["values_block_0"][:, 4 * _TOP_CONSTITUENTS + i] = values
        for i, name in enumerate(("ttv", self._notes.label or "is_signal_new")):
            if name in array.fields:
                rows["values_block_1"][:, i] = ak.to_numpy(array[name])
        start = 0 if self._table is None else len(self._table)
        rows["index"] = np.arange(start, start + len(rows))
        index = self._notes.index
        self._grow(rows, rows["index"] if index is None else ak.to_numpy(array[index]))

    def close(self) -> None:
        """See `Sink`."""
        if self._table is not None:
            self._table.attrs["NROWS"] = np.int64(len(self._table))
        self._file.close()

    def _grow(self, rows: NDArray[Any], numbers: NDArray[Any]) -> None:
        if self._table is None:
            self._table = _prepare(self._file)
            own = self._file.create_group(_OWN)
            own.attrs[_NOTE] = self._notes.to_json()
            self._numbers = own.create_dataset(
                _EVENT, (0,), np.int64, maxshape=(None,), chunks=True, compression="gzip"
            )
        for data, values in ((self._table, rows), (self._numbers, numbers)):
            data.resize(len(data) + len(values), axis=0)
            if len(values):
                data[-len(values) :] = values


def _recognise(names: Sequence[str]) -> str:
    if _top_columns(names):
        return "top-tagging"
    nameless = all(n.isdigit() for n in names)
    return "lhco" if nameless and len(names) in (3 * _LHCO_PARTICLES, 3 * _LHCO_PARTICLES + 1) else "pandas"


def _top_columns(names: Sequence[str]) -> list[tuple[str, ...]]:
    """(E_i, PX_i, PY_i, PZ_i) for i = 0, 1, ... as far as all four exist."""
    known = set(names)
    numbers = sorted(int(m[1]) for m in (re.fullmatch(r"E_(\d+)", n) for n in names) if m)
    particles = [tuple(f"{c}_{i}" for c in ("E", "PX", "PY", "PZ")) for i in numbers]
    return particles if all(set(p) <= known for p in particles) else []


def _massless(parts: NDArray[Any]) -> NDArray[Any]:
    pt, eta, phi = np.moveaxis(parts, -1, 0)
    return np.stack([pt * np.cosh(eta), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], -1)


def _truth(array: Any) -> list[NDArray[Any]]:
    """E, px, py, pz of what each jet comes from; zeros where that is unknown."""
    if "parton" in array.fields:
        return [ak.to_numpy(array["parton"][c]) for c in ("E", "px", "py", "pz")]
    zero = np.zeros(len(array))
    return [ak.to_numpy(array[name]) if name in array.fields else zero for name in _TRUTH[:4]]


def _column(values: NDArray[Any]) -> Any:
    if values.dtype.kind == "S":
        return ak.Array([v.decode() for v in values.tolist()]) if len(values) else ak.Array([""])[:0]
    return ak.Array(np.ascontiguousarray(values))


def _row_type() -> np.dtype[Any]:
    return np.dtype(
        [
            ("index", "<i8"),
            ("values_block_0", "<f4", (4 * _TOP_CONSTITUENTS + 4,)),
            ("values_block_1", "<i8", (2,)),
        ]
    )


def _prepare(file: h5py.File) -> h5py.Dataset:
    """The groups and attributes by which PyTables and pandas know a table."""
    particles = [f"{c}_{i}" for i in range(_TOP_CONSTITUENTS) for c in ("E", "PX", "PY", "PZ")]
    floats, integers = [*particles, *_TRUTH[:4]], list(_TRUTH[4:])
    _set(file, CLASS="GROUP", PYTABLES_FORMAT_VERSION="2.1", TITLE="", VERSION="1.0")
    group = file.create_group(_KEY)
    _set(group, CLASS="GROUP", TITLE="", VERSION="1.0", pandas_type="frame_table", pandas_version="0.15.2")
    _set(group, encoding="UTF-8", errors="strict", levels=1, nan_rep="nan", table_type="appendable_frame")
    _set(group, index_cols=b"(l(I0\nVindex\nta.", data_columns=b"(l.", info=b"(dI1\n(dVtype\nVIndex\nsVnames\n(lNass.")
    _set(group, values_cols=unpickled_text(["values_block_0", "values_block_1"]))
    _set(group, non_index_axes=b"(l(I1\n" + unpickled_text([*floats, *integers])[:-1] + b"ta.")
    table = group.create_dataset(
        "table", (0,), _row_type(), maxshape=(None,), chunks=(64,), compression="gzip", shuffle=True
    )
    _set(table, CLASS="TABLE", VERSION="2.7", TITLE="", NROWS=0, index_kind="integer")
    for i, (name, columns, dtype) in enumerate(
        [("index", None, None), ("values_block_0", floats, "float32"), ("values_block_1", integers, "int64")]
    ):
        _set(table, **{f"FIELD_{i}_NAME": name})
        if columns:
            _set(table, **{f"{name}_kind": unpickled_text(columns), f"{name}_dtype": dtype, f"{name}_meta": b"N."})
    return table


def _set(item: Any, **attributes: Any) -> None:
    """Attributes as PyTables stores them: 64-bit integers, UTF-8 texts, and pickles as plain bytes."""
    for name, value in attributes.items():
        if isinstance(value, str):
            item.attrs.create(name, value.encode(), dtype=h5py.string_dtype("utf-8", max(len(value.encode()), 1)))
        else:
            item.attrs[name] = np.int64(value) if isinstance(value, int) else np.bytes_(value)
