from __future__ import annotations

from pathlib import Path

import numpy as np

from kaon.datasets.mnist import MNIST, load, split


def test_the_published_files_are_recognised(tmp_path: Path) -> None:
    for layout in (("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"), ("train-images.idx3-ubyte",) * 1):
        for name in layout:
            (tmp_path / name).touch()
    assert [p.name for p in MNIST.files(tmp_path)] == ["train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"]
    assert {remote.name for remote in MNIST.remotes} >= {p.name for p in MNIST.files(tmp_path)}


def test_the_digits_are_those_of_the_publication(kaon_data: Path) -> None:
    train, test = split(load(kaon_data / "mnist"))
    assert (len(train), len(test)) == (60_000, 10_000)
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    pixels = np.asarray(train["image"])
    assert pixels.shape[1:] == (1, 28, 28)
    assert pixels.dtype == np.uint8
    assert abs(pixels.mean() / 255 - 0.1307) < 1e-4  # the mean with which everybody normalises
