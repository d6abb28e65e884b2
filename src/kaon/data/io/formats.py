"""Which format a file has, and how to open it for reading or writing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from glob import glob, has_magic
from os import PathLike
from pathlib import Path

from kaon.data.io.csv import CsvSink, CsvSource
from kaon.data.io.hdf5 import Hdf5Sink, TopTaggingSink, open_hdf5
from kaon.data.io.idx import IdxSource, is_idx
from kaon.data.io.members import ARCHIVES, PICTURES, holds_pictures
from kaon.data.io.parquet import ParquetSink, ParquetSource
from kaon.data.io.pictures import open_pictures
from kaon.data.io.root import RootSink, RootSource
from kaon.data.io.source import Layout, Notes, Sink, Source
from kaon.errors import ConfigError, DataError

__all__ = ["FORMATS", "SUFFIXES", "Paths", "expand", "format_of", "open_sink", "open_source"]

Paths = str | PathLike[str] | Iterable[str | PathLike[str]]
"""One file, or several; `*`, `?`, `[...]`, `**` and `~` are expanded. A folder of pictures counts as a file."""

FORMATS = ("root", "hdf5", "parquet", "csv", "tsv", "idx", "pictures")

SUFFIXES = {
    ".root": "root",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".hdf": "hdf5",
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "csv",
    ".csv.gz": "csv",
    ".tsv.gz": "tsv",
    ".txt.gz": "csv",
    **dict.fromkeys(ARCHIVES, "pictures"),
    ".bin": "pictures",
}
"""Suffix -> format; files of idx are known by their whole names."""

_READ_ONLY = ("idx", "pictures")


def expand(paths: Paths) -> list[Path]:
    """All files that are meant, globs sorted by name, each once.

    Raises:
        DataError: nothing given, a file does not exist, a glob matches nothing, a folder without pictures, or an empty
            file.
    """
    given = [paths] if isinstance(paths, str | PathLike) else list(paths)
    if not given:
        raise DataError("no file is given")
    found: list[Path] = []
    for item in given:
        text = str(Path(item).expanduser())
        matches = [text] if Path(text).exists() or not has_magic(text) else sorted(glob(text, recursive=True))  # noqa: PTH207  # pathlib takes no absolute pattern
        if not matches:
            raise DataError(f"no file matches {item}")
        found.extend(Path(m) for m in matches)
    for path in found:
        if path.is_dir():
            if holds_pictures(path):
                continue
            raise DataError(
                f"{path} is a folder; name the files in it, for example {path}/*.root (only of pictures, with a folder "
                "for each class, the folder may be named)"
            )
        if not path.exists():
            raise DataError(f"{path} does not exist")
        if path.stat().st_size == 0:
            raise DataError(f"{path} is empty (0 bytes)")
    return list(dict.fromkeys(found))


def format_of(path: Path, wanted: str | None = None) -> str:
    """The format, by the suffix unless one is asked for.

    Raises:
        ConfigError: unknown suffix or format; the message lists what is allowed.

    >>> format_of(Path("jets.csv.gz"))
    'csv'
    """
    if wanted is not None:
        if wanted not in FORMATS:
            raise ConfigError(f"there is no format {wanted!r}; known: {', '.join(FORMATS)}")
        return wanted
    if is_idx(path):
        return "idx"
    if path.is_dir():
        return "pictures"
    suffixes = [s.lower() for s in path.suffixes]
    for suffix in ("".join(suffixes[-2:]), "".join(suffixes[-1:])):
        if suffix in SUFFIXES:
            return SUFFIXES[suffix]
    if suffixes and suffixes[-1] in PICTURES:
        raise ConfigError(
            f"{path} is one picture; name the folder, or a tar archive, that holds a folder of pictures for each class"
        )
    raise ConfigError(
        f"{path} has no suffix that kaon knows; known: {', '.join(SUFFIXES)}; "
        f"or name the format: one of {', '.join(FORMATS)}"
    )


def open_source(path: Path, layout: Layout) -> Source:
    """Open a file for reading.

    Raises:
        ConfigError: unknown format, or the layout does not fit it.
        DataError: damaged.
    """
    kind = format_of(path, layout.format)
    if layout.layout is not None and kind != "hdf5":
        raise ConfigError(f"layout={layout.layout!r} is for HDF5 files, but {path} is {kind}")
    match kind:
        case "root":
            return RootSource(path, layout)
        case "hdf5":
            return open_hdf5(path, layout)
        case "parquet":
            return ParquetSource(path, layout)
        case "idx":
            return IdxSource(path, layout)
        case "pictures":
            return open_pictures(path, layout)
    return CsvSource(path, replace(layout, format=kind))


def open_sink(path: Path, target: Path, notes: Notes | None, layout: str | None = None) -> Sink:
    """Open a file for writing in the format of `target`'s suffix; `path` is its temporary name.

    Raises:
        ConfigError: unknown suffix or layout, or a format that is only read.
    """
    kind = format_of(target)
    if kind in _READ_ONLY:
        raise ConfigError(f"{target}: kaon reads {kind} files, but writes none; choose .h5, .parquet or .root")
    if layout not in (None, "kaon", "top-tagging") or (layout is not None and kind != "hdf5"):
        raise ConfigError(
            f"{target} cannot have the layout {layout!r}; HDF5 files can have kaon (default) or top-tagging"
        )
    match kind:
        case "root":
            return RootSink(path, notes)
        case "hdf5" if layout == "top-tagging":
            return TopTaggingSink(path, notes)
        case "hdf5":
            return Hdf5Sink(path, notes)
        case "parquet":
            return ParquetSink(path, notes)
    return CsvSink(path, "\t" if kind == "tsv" else ",")
