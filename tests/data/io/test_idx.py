from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.data.io import iterate, read
from kaon.data.io.idx import IdxSource, is_idx, labels_beside, read_idx
from kaon.data.io.source import Layout
from kaon.errors import DataError

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def packed(values: NDArray[Any], code: int | None = None) -> bytes:
    code = CODES[values.dtype.str[1:]] if code is None else code
    head = bytes([0, 0, code, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return head + values.astype(values.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def digits(tmp_path: Path) -> tuple[Path, NDArray[Any], NDArray[Any]]:
    """Seven pictures of 3 x 4 pixels and their labels."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (7, 3, 4)).astype(np.uint8)
    labels = np.array([2, 0, 1, 1, 2, 0, 2], np.uint8)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(packed(images))
    path.with_name("train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(packed(labels)))
    return path, images, labels


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("squeezed", [False, True])
def test_arrays_of_every_type_come_back(kind: str, squeezed: bool, tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(-100, 100, (5, 2, 3)).astype(kind)
    content = packed(values)
    (tmp_path / "a.idx").write_bytes(gzip.compress(content) if squeezed else content)
    found = read_idx(tmp_path / "a.idx")
    assert (found == values).all()
    assert found.dtype == values.dtype
    assert found.dtype.isnative


def test_pictures_find_their_labels(digits: tuple[Path, NDArray[Any], NDArray[Any]]) -> None:
    path, images, labels = digits
    assert labels_beside(path) == path.with_name("train-labels-idx1-ubyte.gz")
    events = read(path)
    assert (np.asarray(events["image"])[:, 0] == images).all()
    assert np.asarray(events["image"]).dtype == np.uint8
    assert (events.labels == labels).all()
    assert events.classes == ("0", "1", "2")
    assert events.index.tolist() == list(range(7))
    assert read(path, classes=("a", "b", "c"), limit=3).classes == ("a", "b", "c")


@pytest.mark.parametrize("step", [1, 3, 7, 100])
def test_in_parts_it_is_the_same(step: int, digits: tuple[Path, NDArray[Any], NDArray[Any]]) -> None:
    path, images, labels = digits
    parts = list(iterate(path, step))
    assert (np.concatenate([np.asarray(p["image"]) for p in parts])[:, 0] == images).all()
    assert (np.concatenate([p.labels for p in parts]) == labels).all()
    assert max(map(len, parts)) == min(step, 7)


def test_without_labels_pictures_are_unlabelled(digits: tuple[Path, NDArray[Any], NDArray[Any]]) -> None:
    path, images, _ = digits
    alone = path.rename(path.with_name("other.idx"))
    assert labels_beside(alone) is None
    assert read(alone).target is None
    assert len(read(alone)) == len(images)


def test_four_axes_are_channels(tmp_path: Path) -> None:
    values = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
    (tmp_path / "a.idx").write_bytes(packed(values))
    assert (np.asarray(read(tmp_path / "a.idx")["image"]) == values).all()


def _break(path: Path, how: str) -> None:
    content = path.read_bytes()
    broken = {
        "magic": b"\x01\x02" + content[2:],
        "type": content[:2] + b"\x07" + content[3:],
        "empty": content[:3],
        "header": content[:9],
        "short": content[:-1],
        "long": content + b"x",
        "gzip": gzip.compress(content)[:-20],
        "packed short": gzip.compress(content[:-1]),
        "packed long": gzip.compress(content + b"x"),
    }
    path.write_bytes(broken[how])


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("magic", "is no idx file: it begins with 01 02"),
        ("type", "is no idx file"),
        ("empty", "is no idx file"),
        ("header", "cut short within its header"),
        ("short", "bytes, but its header tells of"),
        ("long", "bytes, but its header tells of"),
        ("gzip", "cannot be read: it is damaged|is cut short"),
        ("packed short", "is cut short"),
        ("packed long", "longer than the 7 entries"),
    ],
)
def test_damaged_pictures(how: str, words: str, digits: tuple[Path, NDArray[Any], NDArray[Any]]) -> None:
    path, _, _ = digits
    _break(path, how)
    with pytest.raises(DataError, match=words):
        read(path)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros(6, np.uint8), "6 labels, but .* 7 pictures"),
        (np.array([0, 1, 2, 3, 4, 5, 255], np.uint8), "labels from 0 to 255"),
        (np.array([0, 1, 2, 3, 4, 5, -1], np.int8), "labels from -1 to 5"),
        (np.zeros((7, 2), np.uint8), r"shape \(7, 2\)"),
        (np.zeros(7, np.float32), "float32"),
    ],
)
def test_labels_that_do_not_fit(
    labels: NDArray[Any], words: str, digits: tuple[Path, NDArray[Any], NDArray[Any]]
) -> None:
    path, _, _ = digits
    path.with_name("train-labels-idx1-ubyte.gz").write_bytes(packed(labels))
    with pytest.raises(DataError, match=words):
        read(path)


def test_what_is_no_picture(digits: tuple[Path, NDArray[Any], NDArray[Any]], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds labels; name the file of the pictures"):
        read(digits[0].with_name("train-labels-idx1-ubyte.gz"))
    (tmp_path / "a.idx").write_bytes(packed(np.zeros((3, 4), np.uint8)))
    with pytest.raises(DataError, match=r"shape \(3, 4\); pictures are"):
        IdxSource(tmp_path / "a.idx", Layout())


def test_mnist_is_what_everybody_reads(real: Path) -> None:
    """The counts of the digits in the published test set, and the mean pixel that everybody normalises with."""
    events = read(real / "mnist" / "t10k-images-idx3-ubyte.gz")
    assert np.bincount(events.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert is_idx(real / "mnist" / "t10k-images-idx3-ubyte.gz")
    assert np.asarray(events["image"]).mean() / 255 == pytest.approx(0.1325, abs=1e-3)
