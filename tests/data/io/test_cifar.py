from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kaon.data.io import iterate, read
from kaon.data.io.cifar import is_cifar
from kaon.errors import DataError

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
META = "cifar-10-batches-bin/batches.meta.txt"


def batch(labels: list[int], seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (len(labels), 3 * 32 * 32)).astype(np.uint8)
    return np.concatenate([np.array(labels, np.uint8)[:, None], pixels], axis=1).tobytes()


FILES = {
    "cifar-10-batches-bin/test_batch.bin": batch([9, 8], 6),
    "cifar-10-batches-bin/data_batch_2.bin": batch([3, 4], 2),
    "cifar-10-batches-bin/data_batch_1.bin": batch([0, 1, 2], 1),
    META: ("\n".join(NAMES) + "\n\n").encode(),
}


def test_batches_in_order_training_first(archive: Callable[..., Path], folder: Callable[..., Path]) -> None:
    for path in (archive(FILES), folder(FILES), folder(FILES) / "cifar-10-batches-bin"):
        events = read(path)
        assert events.labels.tolist() == [0, 1, 2, 3, 4, 9, 8]
        assert events.classes == tuple(NAMES)
        assert np.asarray(events["image"]).shape == (7, 3, 32, 32)


def test_red_before_green_before_blue_and_row_by_row(folder: Callable[..., Path]) -> None:
    """As the page of the set says, which is checked pixel by pixel."""
    content = FILES["cifar-10-batches-bin/data_batch_1.bin"]
    image = np.asarray(read(folder(FILES))["image"])[1]
    record = content[3073 : 2 * 3073]
    for channel, row, column in ((0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (2, 31, 31)):
        assert image[channel, row, column] == record[1 + 1024 * channel + 32 * row + column]


def test_a_single_batch_with_and_without_names(folder: Callable[..., Path]) -> None:
    path = folder(FILES) / "cifar-10-batches-bin" / "data_batch_1.bin"
    assert read(path).classes == tuple(NAMES)
    (path.parent / "batches.meta.txt").unlink()
    assert read(path).classes == tuple("0123456789")
    assert sum(len(part) for part in iterate(path, 2)) == 3


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"data_batch_1.bin": batch([0, 1], 1)[:-1]}, "has 6,145 bytes; a batch of CIFAR-10 is a multiple of 3,073"),
        ({"data_batch_1.bin": batch([0, 10], 1)}, "holds the label 10 at picture 1"),
        ({"data_batch_1.bin": batch([0, 1], 1), "batches.meta.txt": b"cat\ndog\n"}, "names 2 classes"),
        ({"cifar-10-batches-py/data_batch_1": b"\x80\x02"}, "pickled.*kaon fetch cifar10"),
        ({"cifar-10-batches-py/batches.meta": b"\x80\x02"}, "pickled"),
    ],
)
def test_what_is_refused(files: dict[str, bytes], words: str, archive: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match=words):
        read(archive(files))


def test_what_is_cifar() -> None:
    assert is_cifar({"a/data_batch_1.bin": b""})
    assert not is_cifar({"a/1.png": b"", "a/notes.txt": b""})
    assert not is_cifar({"a/1.png": b"", "weights.bin": b""}), "pictures, and something else beside them"
