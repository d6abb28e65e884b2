"""Data frames that pandas wrote to HDF5, read without pandas and without unpickling anything.

pandas has two formats: `fixed` (one matrix a dtype, column names as a dataset) and `table` (one compound dataset,
column names as text pickles in attributes). Those pickles are lists of strings; their opcodes are listed with
`pickletools`, which runs none of them, and anything but a list of strings and whole numbers is refused.
"""

from __future__ import annotations

import pickletools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from kaon.data.io.source import decoding
from kaon.errors import ConfigError, DataError, UnknownName

__all__ = ["Frame", "find_frames", "open_frame", "pickled_names", "unpickled_text"]

_STRINGS = frozenset(
    {
        "STRING",
        "BINSTRING",
        "SHORT_BINSTRING",
        "UNICODE",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "BINUNICODE8",
        "INT",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG",
        "LONG1",
    }
)
_HARMLESS = frozenset(
    {
        "PROTO",
        "FRAME",
        "MARK",
        "LIST",
        "EMPTY_LIST",
        "APPEND",
        "APPENDS",
        "PUT",
        "BINPUT",
        "LONG_BINPUT",
        "MEMOIZE",
        "STOP",
    }
)


def pickled_names(blob: bytes, where: str) -> list[str]:
    r"""The strings of a pickled list of strings, by listing its opcodes; nothing is executed.

    Raises:
        DataError: the pickle holds anything else.

    >>> pickled_names(b"(lVpx\naVpy\na.", "columns")
    ['px', 'py']
    """
    names: list[str] = []
    try:
        for opcode, argument, _ in pickletools.genops(blob):
            if opcode.name in _STRINGS:
                names.append(argument.decode() if isinstance(argument, bytes) else str(argument))
            elif opcode.name not in _HARMLESS:
                raise DataError(
                    f"{where} holds a pickle that is not a list of names ({opcode.name}); it is not executed"
                )
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{where} holds no readable list of names: {error}") from error
    return names


def unpickled_text(names: Sequence[str]) -> bytes:
    r"""A list of names in the text form that pandas and PyTables expect in a file's attributes.

    >>> unpickled_text(["px", "py"])
    b'(lVpx\naVpy\na.'
    """
    return b"(l" + b"".join(b"V" + n.encode("raw_unicode_escape") + b"\na" for n in names) + b"."


class Frame:
    """A data frame in an HDF5 file.

    Args:
        blocks: (names, read) for each block of columns of one dtype; `read(start, stop)` gives (rows, columns).
        length: number of rows.
    """

    def __init__(self, blocks: Sequence[tuple[list[str], Any]], length: int) -> None:
        self._blocks, self.length = blocks, length

    @property
    def names(self) -> list[str]:
        """Names of all columns, block by block."""
        return [n for names, _ in self._blocks for n in names]

    def read(self, names: Sequence[str], start: int, stop: int) -> dict[str, NDArray[Any]]:
        """Some columns of rows start to stop."""
        wanted = set(names)
        found: dict[str, NDArray[Any]] = {}
        for block, matrix in self._blocks:
            here = [(i, n) for i, n in enumerate(block) if n in wanted]
            if here:
                values = matrix(start, stop)
                found |= {n: values[:, i] for i, n in here}
        return found


def find_frames(file: h5py.File) -> list[str]:
    """Keys of the data frames in a file."""
    found: list[str] = []

    def visit(name: str, item: Any) -> None:
        if _text(item.attrs.get("pandas_type", "")) in ("frame", "frame_table"):
            found.append(name)

    file.visititems(visit)
    return found


def open_frame(path: Path, file: h5py.File, key: str | None) -> Frame:
    """The data frame under `key`, or the only one.

    Raises:
        UnknownName, ConfigError: no such key; several frames and none chosen.
        DataError: damaged, or of a kind that is not supported.
    """
    keys = find_frames(file)
    if key is not None and key.strip("/") not in keys:
        raise UnknownName("key", key, keys, str(path))
    if key is None and len(keys) > 1:
        raise ConfigError(f"{path} holds several tables: {', '.join(keys)}; choose one with tree=... (--tree)")
    group = file[key.strip("/") if key else keys[0]]
    with decoding(path):
        return _table(group, str(path)) if "table" in group else _fixed(group, str(path))


def _fixed(group: h5py.Group, where: str) -> Frame:
    blocks: list[tuple[list[str], Any]] = []
    length = len(group["axis1"])
    for i in range(int(group.attrs["nblocks"])):
        data, items = group[f"block{i}_values"], group[f"block{i}_items"]
        if data.dtype.kind not in "biuf":
            continue  # object columns are pickled row by row: not readable safely
        names = [_text(n) for n in items[()]]
        transposed = data.shape != (length, len(names))

        def read(start: int, stop: int, data: Any = data, transposed: bool = transposed) -> NDArray[Any]:
            return np.asarray(data[:, start:stop].T if transposed else data[start:stop])

        blocks.append((names, read))
    if not blocks:
        raise DataError(f"{where}: the table {group.name} has no numeric columns")
    return Frame(blocks, length)


def _table(group: h5py.Group, where: str) -> Frame:
    data = group["table"]
    blocks: list[tuple[list[str], Any]] = []
    for name in data.dtype.names:
        if name == "index":
            continue
        kind = data.attrs.get(f"{name}_kind")
        columns = [name] if kind is None else pickled_names(bytes(kind), f"{where}, {data.name}, {name}_kind")

        def read(start: int, stop: int, name: str = name) -> NDArray[Any]:
            values = np.asarray(data[start:stop][name])
            return values.reshape(len(values), -1)

        width = int(np.prod(data.dtype[name].shape, dtype=int))
        if len(columns) != width:
            raise DataError(f"{where}: the block {name} is {width} wide, but {len(columns)} names belong to it")
        blocks.append((columns, read))
    return Frame(blocks, len(data))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
