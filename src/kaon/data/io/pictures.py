"""Pictures in a folder, or a tar archive, in which each class has its folder: `train/cat/17.png`."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.data.io.cifar import CifarSource, is_cifar
from kaon.data.io.members import PICTURES, content, members, natural
from kaon.data.io.progress import shown
from kaon.data.io.source import Layout, Notes, Source
from kaon.errors import DataError

__all__ = ["PictureSource", "by_class", "decode", "open_pictures"]

_CHUNK, _TOGETHER = 2048, 64
"""Pictures handed on together, and pictures that a thread decodes at a time: one takes less than its hand-over."""

_CHANNELS = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB"}
"""Pillow's mode of a file -> the mode in which it is read."""


def open_pictures(path: Path, layout: Layout) -> Source:
    """A folder or archive of pictures, or of the batches of CIFAR-10; or one such batch.

    Raises:
        DataError: neither, pickled, or damaged.
    """
    if path.suffix.lower() == ".bin":
        return CifarSource(path, {path.name: path, **{p.name: p for p in path.parent.glob("batches.meta.txt")}})
    found = members(path, (*PICTURES, ".bin", "batches.meta.txt"))
    return CifarSource(path, found) if is_cifar(found) else PictureSource(path, found)


def by_class(names: Mapping[str, object]) -> dict[str, list[str]]:
    """Class -> names, where the class is the folder that a file lies in; an empty text for files in no folder.

    >>> by_class(dict.fromkeys(["train/cat/1.png", "train/ape/1.png", "train/cat/2.png"]))
    {'ape': ['train/ape/1.png'], 'cat': ['train/cat/1.png', 'train/cat/2.png']}
    """
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.rpartition("/")[0].rpartition("/")[2], []).append(name)
    return {kind: found[kind] for kind in sorted(found, key=natural)}


class PictureSource(Source):
    """Pictures of one size; the first of each class, then the second of each, ..., so that the first are a fair sample.

    Columns: `image`, (events, channels, height, width) uint8, of one channel if grey and of three if red, green, blue;
    and `label`, the number of the folder in sorted order, if there is more than one folder.

    Args:
        path: the folder or archive.
        found: name -> content, as `members` gives them.

    Raises:
        DataError: no pictures, or some in folders and some not.
    """

    def __init__(self, path: Path, found: Mapping[str, Path | bytes]) -> None:
        kinds = by_class({name: None for name in found if name.lower().endswith(PICTURES)})
        if not kinds:
            raise DataError(
                f"{path} holds no pictures ({', '.join(PICTURES)}) and no batches of CIFAR-10; each class needs a "
                "folder of pictures in it"
            )
        if "" in kinds and len(kinds) > 1:
            raise DataError(f"{path} holds pictures both in folders and in none: {kinds[''][0]} is of no class")
        order = sorted((place, kind) for kind, names in enumerate(kinds.values()) for place in range(len(names)))
        names = list(kinds.values())
        self._files = [(names[kind][place], found[names[kind][place]]) for place, kind in order]
        self._labels = np.array([kind for _, kind in order], np.int64)
        labelled = len(kinds) > 1
        notes = Notes(label="label", classes=tuple(kinds), hidden=frozenset({"label"})) if labelled else Notes()
        super().__init__(path, ["image", "label"] if labelled else ["image"], len(order), notes)

    def chunks(self, columns: Sequence[str], step: int) -> Iterator[dict[str, Any]]:
        """See `Source`."""
        assert self.length is not None
        step = min(step, _CHUNK)
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            for start in shown(range(0, self.length, step), -(-self.length // step), f"decoding {self.path.name}"):
                chosen = slice(start, start + step)
                chunk: dict[str, Any] = {"label": self._labels[chosen]}
                if "image" in columns:
                    chunk["image"] = self._decoded(pool, self._files[chosen])
                yield {name: ak.Array(chunk[name]) for name in columns}

    def close(self) -> None:
        """See `Source`; files are open only while they are decoded."""

    @cached_property
    def _shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the first picture, and so of all."""
        channels, height, width = decode(*self._files[0], self.path).shape
        return channels, height, width

    def _decoded(self, pool: ThreadPoolExecutor, files: Sequence[tuple[str, Path | bytes]]) -> NDArray[np.uint8]:
        made = np.empty((len(files), *self._shape), np.uint8)

        def work(start: int) -> None:
            for place, (name, where) in enumerate(files[start : start + _TOGETHER], start):
                picture = decode(name, where, self.path)
                if picture.shape != self._shape:
                    raise DataError(
                        f"{name} of {self.path} is {_words(picture.shape)}, but {self._files[0][0]} is "
                        f"{_words(self._shape)}; bring all pictures to one size and number of channels"
                    )
                made[place] = picture

        list(pool.map(work, range(0, len(files), _TOGETHER)))
        return made


def decode(name: str, where: Path | bytes, path: Path) -> NDArray[np.uint8]:
    """A picture, (channels, height, width): one channel if it is grey, three if it is red, green and blue.

    Args:
        name: of the file, for messages.
        where: to find it, or its bytes.
        path: folder or archive that it is in, for messages.

    Raises:
        DataError: damaged, or neither grey nor red, green and blue.
    """
    from PIL import Image

    data = content(where)
    try:
        with Image.open(io.BytesIO(data)) as image:
            mode = _CHANNELS.get(image.mode)
            if mode is not None:
                pixels = np.asarray(image if image.mode == mode else image.convert(mode))
            else:
                given = image.mode
    except Exception as error:  # Pillow's decoders raise what they like: OSError, SyntaxError, struct.error, ...
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{name} of {path} is no picture that can be read: damaged or cut short ({reason})") from error
    if mode is None:
        raise DataError(f"{name} of {path} has the channels {given}; save the pictures as grey or as RGB, 8 bits each")
    return pixels[np.newaxis] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def _words(shape: tuple[int, ...]) -> str:
    return f"{shape[2]} x {shape[1]} pixels with {shape[0]} {'channels' if shape[0] > 1 else 'channel'}"
