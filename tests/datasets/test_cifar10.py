from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kaon.data.io import read
from kaon.datasets.cifar10 import CIFAR10
from kaon.errors import DataError


def batch(labels: list[int]) -> bytes:
    rows = np.zeros((len(labels), 3073), np.uint8)
    rows[:, 0] = labels
    rows[:, 1:] = np.arange(len(labels))[:, None]
    return rows.tobytes()


@pytest.mark.parametrize("place", [".", "cifar-10-batches-bin"])
def test_the_binary_batches(place: str, tmp_path: Path) -> None:
    folder = tmp_path / place
    folder.mkdir(exist_ok=True)
    for i in range(1, 6):
        (folder / f"data_batch_{i}.bin").write_bytes(batch([i - 1, i]))
    (folder / "test_batch.bin").write_bytes(batch([9, 0, 4]))
    tiny = replace(CIFAR10, counts=(10, 3))
    train, test = tiny.split(tiny.load(tmp_path))
    assert train.labels.tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5]
    assert test.labels.tolist() == [9, 0, 4]
    assert test.classes[-1] == "truck"
    with pytest.raises(DataError, match="holds 13 pictures; CIFAR-10 has 60,000"):
        CIFAR10.load(tmp_path)


def test_the_version_for_python_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(b"\x80\x02")
    with pytest.raises(DataError, match="kaon fetch cifar10"):
        CIFAR10.load(tmp_path)


def test_photographs_in_archives(kaon_data: Path) -> None:
    """The smaller archive; the whole set is read by the studies."""
    files = CIFAR10.files(kaon_data / "cifar10")
    assert ["train" in files[0].name, "test" in files[1].name] == [True, True]
    events = read(files[1], limit=2000)
    assert events.classes == CIFAR10.classes
    assert np.bincount(events.labels).tolist() == [200] * 10
    assert np.asarray(events["image"]).shape == (2000, *CIFAR10.shape)
    means = np.asarray(events["image"]).mean((0, 2, 3)) / 255
    assert np.abs(means - [0.4914, 0.4822, 0.4465]).max() < 0.02  # with which everybody normalises
