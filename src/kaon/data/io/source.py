"""What every file format offers to the reader: named columns, a length, notes about itself, and chunks."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import awkward as ak

from kaon.data.events import Events
from kaon.data.provenance import Provenance
from kaon.errors import DataError, KaonError

__all__ = ["FORMAT", "VERSION", "Layout", "Notes", "Sink", "Source", "decoded", "decoding", "pack"]

Item = TypeVar("Item")

FORMAT = "kaon-events"
VERSION = 1


@dataclass(frozen=True)
class Layout:
    """How to understand a file, where the file does not tell.

    Args:
        format: root, hdf5, parquet, csv, tsv, idx or pictures; None goes by the suffix.
        tree: tree of a ROOT file, or key of an HDF5 file.
        layout: of an HDF5 file: kaon, top-tagging, lhco, pandas or arrays; None looks at the file.
        header: of a text file: True, False, or the names of the columns; None looks at the first row.
        integers: columns of a text file to be read as 64-bit integers; all other numbers are float64.
    """

    format: str | None = None
    tree: str | None = None
    layout: str | None = None
    header: bool | Sequence[str] | None = None
    integers: frozenset[str] = frozenset()

    def settings(self) -> dict[str, Any]:
        """What differs from the default, for the provenance."""
        chosen = {"format": self.format, "tree": self.tree, "layout": self.layout, "header": self.header}
        return {k: v for k, v in chosen.items() if v is not None}


@dataclass(frozen=True)
class Notes:
    """What a file says of itself.

    Args:
        label, weight, index: columns in these roles, if the file or its layout names them.
        classes: names of the classes that the label column numbers.
        reserved: columns that no model may read.
        hidden: columns that kaon added to store roles, not shown again.
        groups: column -> the group it belongs to, where the file has groups.
        provenance: as stored; None for a file that kaon did not write.
    """

    label: str | None = None
    weight: str | None = None
    index: str | None = None
    classes: tuple[str, ...] = ()
    reserved: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    groups: Mapping[str, str] = field(default_factory=dict)
    provenance: Provenance | None = None

    def reserving(self, names: Iterable[str]) -> Self:
        """The same notes with more reserved columns."""
        return replace(self, reserved=self.reserved | set(names))

    def to_json(self) -> str:
        """As the JSON object that kaon stores in its files."""
        return json.dumps(
            {
                "format": FORMAT,
                "version": VERSION,
                "roles": {"label": self.label, "weight": self.weight, "index": self.index},
                "classes": self.classes,
                "reserved": sorted(self.reserved),
                "hidden": sorted(self.hidden),
                "provenance": (self.provenance or Provenance()).to_json(),
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes, path: Path) -> Self:
        """Undo `to_json`.

        Raises:
            DataError: not such a text, or written by a newer kaon.
        """
        try:
            stored = json.loads(text)
            version = stored["version"]
            if stored["format"] != FORMAT or version > VERSION:
                raise DataError(f"{path} has format {stored['format']} {version}; this kaon reads up to {VERSION}")
            return cls(
                **stored["roles"],
                classes=tuple(stored["classes"]),
                reserved=frozenset(stored["reserved"]),
                hidden=frozenset(stored["hidden"]),
                provenance=Provenance.from_json(stored["provenance"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(f"the kaon note in {path} is damaged: {error}") from error


class Source(ABC):
    """An open file.

    Args:
        path: the file.
        columns: names of all readable columns, in order.
        length: number of entries, None if only reading to the end can tell.
        notes: what the file says of itself.
    """

    def __init__(self, path: Path, columns: Sequence[str], length: int | None, notes: Notes) -> None:
        self.path, self.columns, self.length, self.notes = path, tuple(columns), length, notes

    @abstractmethod
    def chunks(self, columns: Sequence[str], step: int) -> Iterator[dict[str, Any]]:
        """The entries in order, at most `step` at a time, as columns of equal length."""

    @abstractmethod
    def close(self) -> None:
        """Close the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Sink(ABC):
    """An open file that grows by chunks; used inside `kaon.files.replacing`."""

    @abstractmethod
    def append(self, array: Any) -> None:
        """Add the entries of a record array; all chunks have the same columns."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Turn whatever a format's library raises on a damaged file into a clear error.

    Raises:
        DataError: the library failed; its own words are kept.
    """
    try:
        yield
    except (KaonError, MemoryError):
        raise
    except Exception as error:  # the decoders share no base class: OSError, EOFError, struct.error, zlib.error, ...
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise DataError(f"{path} cannot be read: it is damaged, cut short, or not of this format ({reason})") from error


def decoded(items: Iterable[Item], path: Path) -> Iterator[Item]:
    """The same items; an error in making one is an error of the file, an error in using one is not."""
    source, end = iter(items), object()
    while True:
        with decoding(path):
            item = next(source, end)
        if item is end:
            return
        yield cast(Item, item)


def pack(events: Events) -> tuple[Any, Notes]:
    """The events' array with target, weight and event number as columns, and the notes that name these.

    The columns are called `label`, `weight` and `event`, or `kaon_label`, ... where the events already have such a
    column with other content.
    """
    roles: dict[str, str | None] = {}
    hidden: set[str] = set()
    array = events.array
    for role, usual, values in (
        ("label", "label", events.target),
        ("weight", "weight", events.weight),
        ("index", "event", events.index),
    ):
        roles[role] = None
        if values is not None:
            name = usual if usual not in events.fields else f"kaon_{usual}"
            roles[role] = name
            hidden.add(name)
            array = ak.with_field(array, values, name)
    notes = Notes(
        label=roles["label"],
        weight=roles["weight"],
        index=roles["index"],
        classes=events.classes,
        reserved=events.reserved,
        hidden=frozenset(hidden),
        provenance=events.provenance,
    )
    return array, notes
