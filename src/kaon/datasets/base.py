"""What a public data set is: where it lies, what its columns mean, and how everybody tests on it."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

from kaon.data.events import Events
from kaon.data.io import SUFFIXES, Paths, read
from kaon.data.io.csv import CsvSource
from kaon.data.io.formats import expand, open_source
from kaon.data.io.source import Layout
from kaon.datasets.download import Progress, RemoteFile, fetch
from kaon.errors import DataError

__all__ = ["Dataset"]

_CLASSES = ["background", "signal"]


@dataclass(frozen=True)
class Dataset:
    """A public file of events and its conventions.

    Args:
        title: one line.
        remote: the file, its size and checksum.
        rows: events in it.
        page: URL of its page.
        licence: under which it is published.
        citation: what to cite.
        low_level: names of the measured quantities, in the order of the file.
        high_level: names of what was computed from them.
        units: what the numbers mean.
        label: column of the class, whose two values in order are background and signal.
        weight: columns of the event weight, of which the first that a file has is taken.
        index: column of the event number; None takes the number of the row.
        header: names of all columns, if the file has no row of names.
        missing: number that stands for a missing value.
        held_out: so many events at the end of the file are the test sample.
        sets: or else (column, its text in the training sample, its text in the test sample).
    """

    title: str
    remote: RemoteFile
    rows: int
    page: str
    licence: str
    citation: str
    low_level: tuple[str, ...]
    high_level: tuple[str, ...]
    units: str
    label: str
    weight: tuple[str, ...] = ()
    index: str | None = None
    header: tuple[str, ...] = ()
    missing: float | None = None
    held_out: int = 0
    sets: tuple[str, str, str] | None = None

    @property
    def remotes(self) -> tuple[RemoteFile, ...]:
        """The file, as one of the files that make up a set."""
        return (self.remote,)

    @property
    def features(self) -> tuple[str, ...]:
        """All inputs of a model, in the order of the file."""
        columns = self.header or (*self.high_level, *self.low_level)
        return tuple(name for name in columns if name in {*self.low_level, *self.high_level})

    @property
    def convention(self) -> str:
        """What is the test sample, in words."""
        if self.sets is not None:
            column, train, test = self.sets
            return f"training where {column} is {train!r}, test where it is {test!r}"
        return f"test is the last {self.held_out:,} of {self.rows:,} events"

    def reading(self, path: Paths) -> dict[str, Any]:
        """The arguments of `kaon.read` for files of this set, without the path; the first file decides.

        Text as published, whatever separates its columns, gets the names of the columns by place; text that has a row
        of names is read by these, and may lack high-level quantities. Files in other formats (simulated, or written by
        `kaon.write`) know their roles, and only the features are asked of them. A file without the label, such as a
        challenge's test file, is unlabelled.

        Raises:
            DataError: the file is not there, empty, or lacks low-level columns of the set.
        """
        first = expand(path)[0]
        known = any(first.name.lower().endswith(suffix) for suffix in SUFFIXES)
        made: dict[str, Any] = {} if known else {"format": "csv"}
        with open_source(first, Layout(**made)) as source:
            text, columns = isinstance(source, CsvSource), list(source.columns)
            if isinstance(source, CsvSource) and not source.has_header:
                if len(columns) != len(self.header):
                    told = f"{first} has {len(columns)} columns and no row of names"
                    raise DataError(f"{told}; {self.title} has {len(self.header)}")
                made["header"] = columns = list(self.header)
        lacking = [name for name in self.low_level if name not in columns]
        if lacking:
            raise DataError(f"{first} is no file of {self.title}: it lacks the columns {lacking[:6]}")
        made["columns"] = [name for name in self.features if name in columns]
        if self.missing is not None:
            made["missing"] = self.missing
        if not text:
            return made
        if self.label in columns:
            made |= {"label": self.label, "classes": _CLASSES}
        weight = next((name for name in self.weight if name in columns), None)
        index = self.index if self.index in columns else None
        roles = {"weight": weight, "index": index}
        if self.sets is not None and self.sets[0] in columns:
            made["columns"].append(self.sets[0])
        return made | {name: value for name, value in roles.items() if value is not None}

    def load(self, path: Paths, **options: Any) -> Events:
        """The events of files of this set, missing values as NaN.

        Args:
            path: as published, gzipped or not, comma- or tab-separated, or converted by `kaon.write`.
            options: of `kaon.read`, in place of the set's own; such as `limit=100_000`.

        Raises:
            DataError: as `reading` and `kaon.read`.
        """
        return read(path, **{**self.reading(path), **options})

    def split(self, events: Events) -> tuple[Events, Events]:
        """(training, test) events by the convention of the set.

        Where the test sample is the end of the file, the event number decides, which `load` takes from the row: cuts
        and limits move no event from one part to the other.

        Raises:
            DataError: a part is empty, because the events are not the whole set.
        """
        if self.sets is None:
            last = events.index >= self.rows - self.held_out
            parts = events.take(~last), events.take(last)
        elif self.sets[0] in events:
            column, *words = self.sets
            values = ak.to_list(events[column])
            named = np.asarray(values, str)
            parts = events.take(named == words[0]), events.take(named == words[1])
        else:
            raise DataError(f"{events.provenance.source} has no column {self.sets[0]!r}, which tells the samples apart")
        for part, name in zip(parts, ("training", "test"), strict=True):
            if len(part) == 0:
                raise DataError(
                    f"{events.provenance.source} holds no {name} events ({self.convention}); split a part of the set "
                    "by fractions: events.split((0.8, 0.2))"
                )
        return parts

    def download(
        self, folder: str | PathLike[str], *, url: str | None = None, progress: Progress | None = None
    ) -> Path:
        """The file in this folder, downloaded if it is not there; see `kaon.datasets.download.fetch`."""
        return fetch(self.remote, folder, rows=self.rows, url=url, progress=progress)
