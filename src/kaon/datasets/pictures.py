"""What a public set of pictures is: several files, classes, and how many pictures are for training and for the test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kaon.data.events import Events
from kaon.data.io import Paths, read
from kaon.datasets.download import Progress, RemoteFile, fetch
from kaon.errors import DataError

__all__ = ["PictureDataset"]


@dataclass(frozen=True)
class PictureDataset:
    """A public set of pictures and its conventions.

    Args:
        title: one line.
        remotes: the files, their sizes and checksums.
        classes: names of the classes, in the order of their numbers.
        shape: channels, height and width of a picture.
        counts: pictures for training, and for the test.
        layouts: ways in which the set may lie in a folder, the first that is found counts: each one name for all, or
            two for training and test; `*` and `?` are allowed, and "." is the folder itself.
        page: URL of its page.
        licence: under which it is published.
        citation: what to cite.
        units: what the numbers mean.
    """

    title: str
    remotes: tuple[RemoteFile, ...]
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    counts: tuple[int, int]
    layouts: tuple[tuple[str, ...], ...]
    page: str
    licence: str
    citation: str
    units: str = "brightness of the pixels, from 0 to 255"

    @property
    def rows(self) -> int:
        """Pictures in all."""
        return sum(self.counts)

    @property
    def features(self) -> tuple[str, ...]:
        """Columns that a model reads."""
        return ("image",)

    @property
    def convention(self) -> str:
        """What is the test sample, in words."""
        return f"test is the last {self.counts[1]:,} of {self.rows:,} pictures"

    def files(self, path: Paths) -> list[Path]:
        """The files of the set: one for all, or one for training and one for the test.

        Args:
            path: a folder in which the set lies, or these files themselves.

        Raises:
            DataError: the folder does not hold the set.
        """
        given = [path] if isinstance(path, str | PathLike) else list(path)
        first = Path(given[0]).expanduser() if given else Path()
        if len(given) != 1 or not first.is_dir():
            return [Path(item).expanduser() for item in given]
        for layout in self.layouts:
            found = [sorted(first.glob(pattern)) if pattern != "." else [first] for pattern in layout]
            if all(len(matches) == 1 for matches in found):
                return [matches[0] for matches in found]
        told = "; or ".join(" and ".join(layout) for layout in self.layouts if "." not in layout)
        raise DataError(f"{first} does not hold {self.title}: {told} should be there, once each")

    def reading(self, path: Paths) -> dict[str, Any]:
        """The arguments of `kaon.read` for files of this set, without the path."""
        return {"classes": list(self.classes)}

    def load(self, path: Paths) -> Events:
        """The whole set, training pictures first; their place is the event number.

        Args:
            path: a folder in which the set lies, or its files: one for all, or those of training and test.

        Raises:
            DataError: files that are not there, damaged, not of this set, or not all of it.
        """
        files = self.files(path)
        wanted = [self.rows] if len(files) == 1 else list(self.counts)
        if len(files) != len(wanted):
            raise DataError(f"{len(files)} files are given; {self.title} is one, or one of training and one of test")
        parts = [self._part(file, count) for file, count in zip(files, wanted, strict=True)]
        events = Events.concatenate(parts)
        return replace(events, index=np.arange(len(events)))

    def split(self, events: Events) -> tuple[Events, Events]:
        """(training, test) pictures by the convention of the set, by the event number that `load` gives.

        Raises:
            DataError: a part is empty, because the events are not the whole set.
        """
        test = events.index >= self.counts[0]
        parts = events.take(~test), events.take(test)
        for part, name in zip(parts, ("training", "test"), strict=True):
            if len(part) == 0:
                raise DataError(
                    f"{events.provenance.source} holds no {name} pictures ({self.convention}); split a part of the set "
                    "by fractions: events.split((0.8, 0.2))"
                )
        return parts

    def download(
        self, folder: str | PathLike[str], *, url: str | None = None, progress: Progress | None = None
    ) -> Path:
        """The folder with all files, each downloaded if it is not there; see `kaon.datasets.download.fetch`.

        Args:
            folder: where to put them.
            url: another place to fetch them from: the address of the folder that holds them all.
            progress: told how far each file is.
        """
        for remote in self.remotes:
            fetch(remote, folder, url=None if url is None else f"{url.rstrip('/')}/{remote.name}", progress=progress)
        return Path(folder)

    def _part(self, file: Path, count: int) -> Events:
        events = read(file)
        if events.target is None:
            raise DataError(f"{file} has no labels: for idx files, the file of the labels must lie beside it")
        if not _begins(self.classes, events.classes):
            raise DataError(f"{file} has the classes {events.classes}; {self.title} has {self.classes}")
        if len(events) != count:
            raise DataError(f"{file} holds {len(events):,} pictures; {self.title} has {count:,} there")
        shape = tuple(np.shape(events["image"]))[1:]
        if shape != self.shape:
            raise DataError(f"{file} holds pictures of shape {shape}; those of {self.title} are {self.shape}")
        return replace(events, classes=self.classes)


def _begins(names: Sequence[str], found: Iterable[str]) -> bool:
    """Whether these are the names, or the numbers, of the first classes."""
    given = list(found)
    return given in ([*names[: len(given)]], [str(i) for i in range(len(given))]) and len(given) <= len(names)
