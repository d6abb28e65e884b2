"""idx files, in which MNIST is published: big-endian arrays behind a header of a few bytes, gzipped or not.

http://yann.lecun.com/exdb/mnist describes the format: two zero bytes, a byte for the type, a byte for the number of
axes, and the length of each axis as a 32-bit integer. Pictures and their labels are two files.
"""

from __future__ import annotations

import gzip
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.data.io.source import Layout, Notes, Source, decoding
from kaon.errors import DataError

__all__ = ["IdxSource", "is_idx", "labels_beside", "read_idx"]

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_NAME = re.compile(r"[-._]idx\d-u?byte(\.gz)?$|\.idx(\.gz)?$", re.IGNORECASE)
_MOST_CLASSES = 200


@dataclass(frozen=True)
class _Header:
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    bytes: int


def is_idx(path: Path) -> bool:
    """Whether the name is that of an idx file.

    >>> is_idx(Path("train-images-idx3-ubyte.gz")), is_idx(Path("digits.idx")), is_idx(Path("jets.h5"))
    (True, True, False)
    """
    return _NAME.search(path.name) is not None


def labels_beside(path: Path) -> Path | None:
    """The file of labels that belongs to one of pictures: `train-labels-idx1-ubyte` to `train-images-idx3-ubyte`.

    It may be gzipped where the other is not, and the reverse; None if there is no such file.
    """
    name = path.name.removesuffix(".gz").replace("images", "labels")
    wanted = re.sub(r"idx\d", "idx1", name)
    if wanted == path.name.removesuffix(".gz"):
        return None
    return next((p for p in (path.with_name(wanted + s) for s in ("", ".gz")) if p.exists()), None)


def read_idx(path: Path) -> NDArray[Any]:
    """The array of an idx file.

    Raises:
        DataError: no idx file, cut short, or longer than its header says.
    """
    with decoding(path), _open(path) as stream:
        header = _header(stream, path)
        return _rows(stream, path, header, header.shape[0], last=True)


class IdxSource(Source):
    """A file of pictures, (events, height, width) or (events, channels, height, width), and its labels beside it.

    Columns: `image`, (events, channels, height, width), in the type of the file, and `label` if a file of labels lies
    beside it (`labels_beside`), as class numbers.

    Raises:
        DataError: no idx file, cut short, not pictures, or labels that do not fit to the pictures or number no class.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        with decoding(path), _open(path) as stream:
            self._header = _header(stream, path)
        shape = self._header.shape
        if len(shape) == 1:
            raise DataError(f"{path} holds labels; name the file of the pictures, and the labels beside it are found")
        if len(shape) not in (3, 4) or 0 in shape[1:]:
            raise DataError(
                f"{path} holds an array of shape {shape}; pictures are (events, height, width) or (events, channels, "
                "height, width)"
            )
        _whole(path, self._header)
        beside = labels_beside(path)
        self._labels = None if beside is None else _labels(beside, path, shape[0])
        if self._labels is None:
            notes = Notes()
        else:
            most = int(self._labels.max(initial=1))
            notes = Notes(label="label", classes=tuple(map(str, range(most + 1))), hidden=frozenset({"label"}))
        super().__init__(path, ["image"] if self._labels is None else ["image", "label"], shape[0], notes)

    def chunks(self, columns: Sequence[str], step: int) -> Iterator[dict[str, Any]]:
        """See `Source`."""
        shape = self._header.shape
        picture = shape[1:] if len(shape) == 4 else (1, *shape[1:])
        with _open(self.path) as stream:
            with decoding(self.path):
                _header(stream, self.path)
            for start in range(0, shape[0], step):
                stop = min(start + step, shape[0])
                chunk = {}
                with decoding(self.path):
                    rows = _rows(stream, self.path, self._header, stop - start, last=stop == shape[0])
                if "image" in columns:
                    chunk["image"] = ak.Array(rows.reshape(-1, *picture))
                if "label" in columns and self._labels is not None:
                    chunk["label"] = ak.Array(self._labels[start:stop])
                yield {name: chunk[name] for name in columns}

    def close(self) -> None:
        """See `Source`; the file is open only while chunks are read."""


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]  # readable and binary


def _header(stream: IO[bytes], path: Path) -> _Header:
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _TYPES or not start[3]:
        raise DataError(
            f"{path} is no idx file: it begins with {start.hex(' ') or 'nothing'}, but 00 00, one of "
            f"{' '.join(f'{code:02x}' for code in _TYPES)} and the number of axes are needed"
        )
    lengths = stream.read(4 * start[3])
    if len(lengths) < 4 * start[3]:
        raise DataError(f"{path} is cut short within its header")
    shape = struct.unpack(f">{start[3]}I", lengths)
    return _Header(np.dtype(_TYPES[start[2]]), shape, 4 + len(lengths))


def _whole(path: Path, header: _Header) -> None:
    """Tell at once that a file is cut short, where it is not packed."""
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    size, wanted = path.stat().st_size, header.bytes + prod(header.shape) * header.dtype.itemsize
    if not packed and size != wanted:
        raise DataError(f"{path} has {size:,} bytes, but its header tells of {wanted:,}; it is cut short or damaged")


def _rows(stream: IO[bytes], path: Path, header: _Header, count: int, *, last: bool) -> NDArray[Any]:
    shape = (count, *header.shape[1:])
    wanted = prod(shape) * header.dtype.itemsize
    content = stream.read(wanted)
    if len(content) < wanted:
        raise DataError(f"{path} is cut short: its header tells of {header.shape[0]:,} entries of {header.shape[1:]}")
    if last and stream.read(1):
        raise DataError(f"{path} is longer than the {header.shape[0]:,} entries that its header tells of")
    values = np.frombuffer(content, header.dtype).reshape(shape)
    return values.astype(header.dtype.newbyteorder("="), copy=False)


def _labels(path: Path, pictures: Path, count: int) -> NDArray[np.int64]:
    values = read_idx(path)
    if values.ndim != 1 or values.dtype.kind == "f":
        raise DataError(f"{path} holds {values.dtype} of shape {values.shape}; labels are one whole number a picture")
    if len(values) != count:
        raise DataError(f"{path} holds {len(values):,} labels, but {pictures} {count:,} pictures")
    if count and not 0 <= values.min() <= values.max() < _MOST_CLASSES:
        raise DataError(
            f"{path} holds labels from {values.min()} to {values.max()}; 0 to {_MOST_CLASSES - 1} number classes"
        )
    return values.astype(np.int64)
