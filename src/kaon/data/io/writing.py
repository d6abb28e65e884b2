"""The front door for writing, and score columns for a copy of the user's own file."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from kaon.data.events import Events
from kaon.data.io.formats import format_of, open_sink
from kaon.data.io.source import pack
from kaon.errors import DataError
from kaon.files import replacing

__all__ = ["write"]


def write(events: Events | Iterable[Events], path: str | PathLike[str], *, layout: str | None = None) -> Path:
    """Write events to a ROOT, HDF5, Parquet or text file, which appears under its name only when complete.

    Label, weight and event number become the columns `label`, `weight` and `event`. ROOT, HDF5 and Parquet files also
    keep class names, reserved columns and provenance, so that `kaon.read(path)` gives the same events.

    Args:
        events: all at once, or in parts with the same columns and classes.
        path: the suffix decides the format.
        layout: of HDF5: `kaon`, or `top-tagging`, the table of the public data set of that name.

    Raises:
        ConfigError: a suffix or layout that kaon does not write.
        DataError: no events, parts that do not fit together, or a column that the format cannot hold.

    >>> import awkward as ak
    >>> from tempfile import TemporaryDirectory
    >>> from kaon.data.io import read
    >>> with TemporaryDirectory() as folder:
    ...     path = write(Events(ak.Array({"hits": [[1, 2], []]})), Path(folder) / "events.root")
    ...     read(path)["hits"].to_list()
    [[1, 2], []]
    """
    target = Path(path).expanduser()
    format_of(target)
    parts = iter([events] if isinstance(events, Events) else events)
    first = next(parts, None)
    if first is None:
        raise DataError(f"there are no events to write to {target}")
    array, notes = pack(first)
    with replacing(target) as scratch, open_sink(scratch, target, notes, layout) as sink:
        sink.append(array)
        for part in parts:
            if part.classes != first.classes:
                raise DataError(f"parts with the classes {part.classes} and {first.classes} cannot share one file")
            sink.append(pack(part)[0])
    return target
