"""Events of every kind of column, pictures in folders and archives, and the folder of real data."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kaon.data import Events
from kaon.data.records import momenta, sort_by_pt, table


@pytest.fixture
def real() -> Path:
    folder = os.environ.get("KAON_DATA")
    if not folder:
        pytest.skip("KAON_DATA does not name the folder of real data")
    return Path(folder)


@pytest.fixture
def events() -> Events:
    """300 events with a column of every kind, both classes, negative weights, and event numbers out of order."""
    random, n = np.random.default_rng(0), 300
    counts = random.poisson(4, n)
    m = int(counts.sum())
    px, py, pz = random.normal(size=(3, m))
    energy = np.sqrt(px**2 + py**2 + pz**2)
    particles = ak.unflatten(momenta(px, py, pz, energy, charge=random.integers(-1, 2, m)), counts)
    columns = {
        "constituents": sort_by_pt(particles),
        "jet": momenta(px[:n], py[:n], pz[:n], energy[:n]),
        "x": random.normal(size=n).astype(np.float32),
        "count": random.integers(0, 5, n),
        "flag": random.random(n) > 0.5,
        "hits": ak.unflatten(random.normal(size=m), counts),
        "name": ak.Array(["ab", "c", "déf"] * (n // 3)),
        "image": random.normal(size=(n, 2, 3)),
    }
    return Events(
        table(columns),
        target=random.integers(0, 2, n),
        weight=random.normal(1, 0.5, n),
        index=random.permutation(n),
        classes=("qcd", "top"),
        reserved=frozenset({"count"}),
    )


@pytest.fixture
def flat(events: Events) -> Events:
    """The columns that a text file can hold."""
    return replace(events, array=events.array[["x", "count", "flag", "name"]])


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A picture, (height, width) or (height, width, 3), as a file."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "png")
    return stream.getvalue()


@pytest.fixture
def encode() -> Callable[[NDArray[np.uint8]], bytes]:
    return png


@pytest.fixture
def drawn() -> dict[str, NDArray[np.uint8]]:
    """Name -> pixels of coloured pictures in folders of three classes, one with eleven."""
    random = np.random.default_rng(0)
    counts = {"cat": 2, "dog": 11, "ape": 3}
    return {
        f"train/{kind}/{i}.png": random.integers(0, 256, (4, 5, 3)).astype(np.uint8)
        for kind, count in counts.items()
        for i in range(count)
    }


@pytest.fixture
def archive(tmp_path: Path) -> Callable[..., Path]:
    """Writes an archive of files, name -> content."""

    def write(files: Mapping[str, bytes], name: str = "made.tar.gz") -> Path:
        path = tmp_path / name
        mode: Any = f"w:{path.suffix[1:].replace('tar', '')}"
        with tarfile.open(path, mode) as made:
            for member, content in files.items():
                info = tarfile.TarInfo(member)
                info.size = len(content)
                made.addfile(info, io.BytesIO(content))
        return path

    return write


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes a folder of files, name -> content."""

    def write(files: Mapping[str, bytes], name: str = "made") -> Path:
        for member, content in files.items():
            path = tmp_path / name / member
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return tmp_path / name

    return write
