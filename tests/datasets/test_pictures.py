from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kaon.data.io import read
from kaon.datasets.download import RemoteFile
from kaon.datasets.pictures import PictureDataset
from kaon.errors import DataError
from kaon.registry import variants

TINY = PictureDataset(
    title="TINY",
    remotes=(RemoteFile("https://example.org/a.gz"),),
    classes=("zero", "one", "two"),
    shape=(1, 3, 3),
    counts=(6, 3),
    layouts=(("train-images*idx3-ubyte*", "test-images*idx3-ubyte*"), ("train", "test"), ("all.tar",)),
    page="https://example.org",
    licence="CC0",
    citation="somebody",
)


def idx(values: NDArray[np.uint8]) -> bytes:
    head = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return gzip.compress(head + values.tobytes())


def pixels(count: int, seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, 3, 3)).astype(np.uint8)


def save(folder: Path, part: str, images: NDArray[np.uint8], labels: NDArray[Any]) -> Path:
    path = folder / f"{part}-images-idx3-ubyte.gz"
    path.write_bytes(idx(images))
    (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(idx(labels.astype(np.uint8)))
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    save(tmp_path, "train", pixels(6, 1), np.arange(6) % 3)
    save(tmp_path, "test", pixels(3, 2), np.array([0, 1, 1]))
    return tmp_path


def test_training_comes_before_test(home: Path) -> None:
    events = TINY.load(home)
    assert events.classes == TINY.classes
    assert events.index.tolist() == list(range(9))
    train, test = TINY.split(events)
    assert (np.asarray(train["image"])[:, 0] == pixels(6, 1)).all()
    assert (np.asarray(test["image"])[:, 0] == pixels(3, 2)).all()
    assert test.labels.tolist() == [0, 1, 1]
    same = TINY.load([home / "train-images-idx3-ubyte.gz", home / "test-images-idx3-ubyte.gz"])
    assert (same.labels == events.labels).all()


def test_cuts_move_nothing_from_training_to_test(home: Path) -> None:
    events = TINY.load(home)
    train, test = TINY.split(events.take(slice(None, None, 2)))
    assert (train.index.tolist(), test.index.tolist()) == ([0, 2, 4], [6, 8])
    with pytest.raises(DataError, match="no test pictures"):
        TINY.split(events.take(slice(0, 4)))


def test_folders_and_one_archive(tmp_path: Path) -> None:
    images, labels = pixels(9, 3), np.tile([0, 1, 2], 3)
    with tarfile.open(tmp_path / "all.tar", "w") as made:
        for i, (image, label) in enumerate(zip(images, labels, strict=True)):
            stream = io.BytesIO()
            Image.fromarray(image).save(stream, "png")
            info = tarfile.TarInfo(f"all/{label}/{i}.png")
            info.size = len(stream.getvalue())
            made.addfile(info, io.BytesIO(stream.getvalue()))
            path = tmp_path / "folders" / ("train" if i < 6 else "test") / TINY.classes[label] / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(stream.getvalue())
    for place in (tmp_path, tmp_path / "all.tar"):
        assert TINY.load(place).labels.tolist() == labels.tolist()
    with pytest.raises(DataError, match=r"has the classes \('one', 'two', 'zero'\)"):
        TINY.load(tmp_path / "folders")
    sorted_names = replace(TINY, classes=("one", "two", "zero"))
    assert np.bincount(sorted_names.load(tmp_path / "folders").labels).tolist() == [3, 3, 3]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda home: (home / "test-images-idx3-ubyte.gz").unlink(), "does not hold TINY: train-images.* should be"),
        (lambda home: (home / "test-labels-idx1-ubyte.gz").unlink(), "has no labels"),
        (lambda home: save(home, "test", pixels(2, 1), np.zeros(2)), "holds 2 pictures; TINY has 3"),
        (lambda home: save(home, "test", pixels(3, 1), np.full(3, 3)), "has the classes"),
        (lambda home: save(home, "train", np.zeros((6, 4, 3), np.uint8), np.zeros(6)), r"shape \(1, 4, 3\)"),
    ],
)
def test_what_is_not_the_set(change: Callable[[Path], Any], words: str, home: Path) -> None:
    change(home)
    with pytest.raises(DataError, match=words):
        TINY.load(home)


def test_three_files_are_too_many(home: Path) -> None:
    with pytest.raises(DataError, match="3 files are given"):
        TINY.load([home / "train-images-idx3-ubyte.gz"] * 3)


def test_the_arguments_of_read_name_the_classes(home: Path) -> None:
    path = home / "train-images-idx3-ubyte.gz"
    assert read(path, **TINY.reading(path)).classes == TINY.classes


def test_all_files_are_fetched_and_checked(home: Path, tmp_path: Path, server: Any) -> None:
    server.content = b"pictures"
    base = server.url.rsplit("/", 1)[0]
    sha256, md5 = (hashlib.new(kind, server.content).hexdigest() for kind in ("sha256", "md5"))
    good = [RemoteFile(f"{base}/{name}", size=8, sha256=sha256, md5=md5, source="us") for name in ("a.gz", "b.gz")]
    place = replace(TINY, remotes=tuple(good)).download(tmp_path / "new")
    assert sorted(p.name for p in place.glob("*.gz")) == ["a.gz", "b.gz"]
    bad = replace(TINY, remotes=(good[0], replace(good[1], md5="0" * 32)))
    with pytest.raises(DataError, match=r"has the checksum .*, but us says 0000"):
        bad.download(tmp_path / "other")
    assert not (tmp_path / "other" / "b.gz").exists()
    elsewhere = replace(TINY, remotes=(replace(good[0], url="https://nowhere.example/a.gz"),))
    assert (elsewhere.download(tmp_path / "mirror", url=f"{base}/") / "a.gz").read_bytes() == b"pictures"


@pytest.mark.parametrize(
    "found", [d for d in variants("kaon.datasets").values() if isinstance(d, PictureDataset)], ids=lambda d: d.title
)
def test_every_registered_set_is_complete(found: PictureDataset) -> None:
    assert all((found.title, found.licence, found.citation, found.units, found.page, found.convention))
    assert len(set(found.classes)) == len(found.classes) == 10
    assert len({remote.name for remote in found.remotes}) == len(found.remotes)
    for remote in found.remotes:
        assert remote.url.startswith("https://")
        assert remote.sha256 is not None
        assert remote.md5 is not None
        assert (len(remote.sha256), len(remote.md5)) == (64, 32)
        assert remote.size
        assert remote.source
