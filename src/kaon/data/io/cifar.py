"""The original binary batches of CIFAR-10: a byte of label and 3 x 32 x 32 bytes of red, green and blue a picture.

https://www.cs.toronto.edu/~kriz/cifar.html. The version for Python is pickled; a pickle can run any code, so it is
refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.data.io.members import PICTURES, content
from kaon.data.io.source import Notes, Source
from kaon.errors import DataError

__all__ = ["CifarSource", "is_cifar"]

_SHAPE = (3, 32, 32)
_RECORD = 1 + 3 * 32 * 32
_BATCH, _META = ".bin", "batches.meta.txt"
_CLASSES = 10
_PICKLED = re.compile(r"(^|/)(data_batch(_\d)?|test_batch|batches\.meta)$")


def is_cifar(names: Mapping[str, object]) -> bool:
    """Whether a folder or archive holds such batches, and no pictures beside which a file of the suffix may lie.

    Raises:
        DataError: it holds those of the version for Python.
    """
    if any(_PICKLED.search(name) for name in names):
        raise DataError(
            "these batches are the version of CIFAR for Python, which is pickled, and a pickle can run any code; get "
            "the binary version: kaon fetch cifar10"
        )
    return any(name.endswith(_BATCH) for name in names) and not any(n.lower().endswith(PICTURES) for n in names)


class CifarSource(Source):
    """Batches, those of training before those of test, each in the order of their numbers.

    Columns: `image`, (events, 3, 32, 32) uint8, and `label`. The names of the classes are those of `batches.meta.txt`
    where it is there, and otherwise their numbers.

    Args:
        path: the folder, archive, or single batch.
        found: name -> content, as `members` gives them.

    Raises:
        DataError: a batch that is no whole number of pictures, or a label that numbers no class.
    """

    def __init__(self, path: Path, found: Mapping[str, Path | bytes]) -> None:
        batches = {name: where for name, where in found.items() if name.endswith(_BATCH)}
        order = sorted(batches, key=lambda name: ("test" in name.rpartition("/")[2], list(batches).index(name)))
        self._batches = {name: batches[name] for name in order}
        for name, where in self._batches.items():
            size = len(where) if isinstance(where, bytes) else where.stat().st_size
            if size % _RECORD or not size:
                raise DataError(
                    f"{name} of {path} has {size:,} bytes; a batch of CIFAR-10 is a multiple of {_RECORD:,}: it is cut "
                    "short, or of another set"
                )
        length = sum(len(w) if isinstance(w, bytes) else w.stat().st_size for w in self._batches.values()) // _RECORD
        meta = [content(where) for name, where in found.items() if name.rpartition("/")[2] == _META]
        names = meta[0].decode("ascii", "replace").split() if meta else [str(i) for i in range(_CLASSES)]
        if len(names) != _CLASSES:
            raise DataError(f"{_META} of {path} names {len(names)} classes; CIFAR-10 has {_CLASSES}")
        notes = Notes(label="label", classes=tuple(names), hidden=frozenset({"label"}))
        super().__init__(path, ["image", "label"], length, notes)

    def chunks(self, columns: Sequence[str], step: int) -> Iterator[dict[str, Any]]:
        """See `Source`."""
        for name, where in self._batches.items():
            records = np.frombuffer(content(where), np.uint8).reshape(-1, _RECORD)
            self._check(records[:, 0], name)
            for start in range(0, len(records), step):
                rows = records[start : start + step]
                chunk = {"image": rows[:, 1:].reshape(-1, *_SHAPE), "label": rows[:, 0].astype(np.int64)}
                yield {column: ak.Array(chunk[column]) for column in columns}

    def close(self) -> None:
        """See `Source`; nothing stays open."""

    def _check(self, labels: NDArray[np.uint8], name: str) -> None:
        if labels.max() >= _CLASSES:
            raise DataError(
                f"{name} of {self.path} holds the label {labels.max()} at picture {int(labels.argmax())}; CIFAR-10 has "
                f"the classes 0 to {_CLASSES - 1}: it is damaged, or of another set"
            )
