"""Score columns in a copy of the user's own file; everything that was in the file stays as it was."""

from __future__ import annotations

import gzip
import io
import shutil
import warnings
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot
from numpy.typing import NDArray

from kaon.data.io.csv import CsvSource
from kaon.data.io.formats import expand, format_of, open_sink, open_source
from kaon.data.io.hdf5 import add_columns, open_hdf5
from kaon.data.io.parquet import with_reserved
from kaon.data.io.root import NOTE, RootSink, RootSource, marker_reserving
from kaon.data.io.source import Layout, decoded, decoding
from kaon.data.predictions import Predictions
from kaon.errors import ConfigError, DataError, KaonWarning
from kaon.files import replacing

__all__ = ["append_scores"]

_STEP = 50_000


def append_scores(
    source: str | PathLike[str],
    target: str | PathLike[str],
    scores: Predictions | Iterable[Predictions],
    *,
    prefix: str = "score_",
    tree: str | None = None,
    header: bool | None = None,
    layout: str | None = None,
    format: str | None = None,  # noqa: A002  # the word that users expect
) -> Path:
    """Copy a file and add one column a class, `score_<class>`, float32.

    Memory is bounded by one chunk. A ROOT file keeps its other trees and objects; an HDF5 file gets data sets at the
    top beside what it held; a text file keeps every character. The target may have another format than the source: then
    it gets the source's columns as `kaon.read` sees them.

    Args:
        source: the user's file.
        target: the file to make.
        scores: one prediction for each entry of the source, in its order, at once or in parts.
        prefix: before the class's name.
        tree, header, layout, format: as for `kaon.read`.

    Raises:
        DataError: there are more or fewer scores than entries, or a column of that name exists; nothing is written.
        ConfigError: source and target are the same file.
    """
    (origin,), goal = expand(source), Path(target).expanduser()
    if goal.exists() and goal.samefile(origin):
        raise ConfigError(f"{goal} would be overwritten by its own copy; give the copy another name")
    options = Layout(format=format, tree=tree, header=header, layout=layout)
    kinds = format_of(origin, format), format_of(goal)
    with replacing(goal) as scratch:
        feed = _Feed(scores, prefix, str(origin))
        match kinds:
            case "root", "root":
                _root(origin, scratch, feed, options)
            case "hdf5", "hdf5":
                _hdf5(origin, scratch, feed, options)
            case "parquet", "parquet":
                _parquet(origin, scratch, feed)
            case (("csv" | "tsv"), ("csv" | "tsv")):
                _text(origin, scratch, feed, options)
            case _:
                _convert(origin, scratch, goal, feed, options)
        feed.finish()
    return goal


class _Feed:
    """Hands out the scores in pieces of any length."""

    def __init__(self, scores: Predictions | Iterable[Predictions], prefix: str, where: str) -> None:
        self._parts = iter([scores] if isinstance(scores, Predictions) else scores)
        first = next(self._parts, None)
        if first is None:
            raise DataError(f"there are no scores for {where}")
        self._classes, self._prefix, self._where = first.classes, prefix, where
        self._waiting = [first.score]
        self._given = 0

    @property
    def names(self) -> list[str]:
        """Names of the score columns."""
        return [f"{self._prefix}{c}" for c in self._classes]

    def check(self, existing: Iterable[str]) -> None:
        """Raise if a column of that name exists."""
        clash = sorted(set(self.names) & set(existing))
        if clash:
            raise DataError(f"{self._where} has the columns {clash} already; choose another prefix=")

    def take(self, count: int) -> dict[str, NDArray[np.float32]]:
        """The next `count` scores, one column a class."""
        while sum(map(len, self._waiting)) < count:
            part = next(self._parts, None)
            if part is None:
                had = self._given + sum(map(len, self._waiting))
                raise DataError(f"there are only {had} scores, but {self._where} has more entries; {_ADVICE}")
            if part.classes != self._classes:
                raise DataError(f"scores of the classes {part.classes} follow scores of the classes {self._classes}")
            self._waiting.append(part.score)
        joined = np.concatenate(self._waiting)
        self._waiting, self._given = [joined[count:]], self._given + count
        columns = joined[:count].astype(np.float32)
        return {n: np.ascontiguousarray(columns[:, i]) for i, n in enumerate(self.names)}

    def finish(self) -> None:
        """Raise if scores are left over."""
        left = sum(map(len, self._waiting)) + sum(map(len, self._parts))
        if left:
            total = self._given + left
            raise DataError(f"there are {total} scores, but {self._where} has {self._given} entries; {_ADVICE}")


_ADVICE = "predict every entry, without cut, explode or drop_invalid, to add scores to a copy of the file"


def _length(chunk: Mapping[str, Any]) -> int:
    return len(next(iter(chunk.values())))


def _root(origin: Path, scratch: Path, feed: _Feed, options: Layout) -> None:
    with uproot.recreate(scratch) as made, uproot.open(origin) as file, RootSource(origin, options, raw=True) as chosen:
        feed.check(chosen.columns)
        others = [name for name in chosen.trees if name != chosen.tree]
        with ExitStack() as stack:
            sources = [chosen, *(stack.enter_context(_tree(origin, name)) for name in others)]
            for source in sources:
                _copy_tree(source, made, feed if source is chosen else None)
        objects = {
            key.partition(";")[0]
            for key, kind in file.classnames(recursive=True).items()
            if kind not in ("TTree", "TNtuple", "TNtupleD", "TDirectory", "TDirectoryFile") and "RNTuple" not in kind
        }
        note = marker_reserving(file, feed.names, origin)
        if note is not None:
            objects.discard(NOTE)
            made[NOTE] = note
        if objects:
            made.copy_from(file, filter_name=lambda name: name in objects)


def _tree(path: Path, name: str) -> RootSource:
    return RootSource(path, Layout(tree=name), raw=True)


def _copy_tree(source: RootSource, made: Any, feed: _Feed | None) -> None:
    if source.unreadable:
        names = ", ".join(source.unreadable[:8])
        message = f"{source.path}: the branches {names} of {source.tree} have classes that cannot be copied"
        warnings.warn(message, KaonWarning, stacklevel=2)
    with RootSink(source.path, None, tree=source.tree, counters=source.counters, file=made) as sink:
        for chunk in source.chunks(source.columns, _STEP):
            sink.append(_record(chunk | (feed.take(_length(chunk)) if feed is not None else {})))


def _hdf5(origin: Path, scratch: Path, feed: _Feed, options: Layout) -> None:
    with open_hdf5(origin, options) as source:
        assert source.length is not None
        length = source.length
        feed.check(source.columns)
    shutil.copyfile(origin, scratch)
    starts = range(0, length, _STEP)
    add_columns(scratch, (feed.take(min(_STEP, length - start)) for start in starts))


def _parquet(origin: Path, scratch: Path, feed: _Feed) -> None:
    with ExitStack() as stack:
        with decoding(origin):
            file = stack.enter_context(pq.ParquetFile(origin, pre_buffer=False))
            schema = with_reserved(file.schema_arrow, feed.names, origin)
        feed.check(schema.names)
        for name in feed.names:
            schema = schema.append(pa.field(name, pa.float32(), nullable=False))
        writer = stack.enter_context(pq.ParquetWriter(scratch, schema, compression="zstd"))
        for batch in decoded(file.iter_batches(batch_size=_STEP, use_threads=False), origin):
            added = [pa.array(values) for values in feed.take(batch.num_rows).values()]
            writer.write_table(pa.Table.from_arrays([*batch.columns, *added], schema=schema))


def _text(origin: Path, scratch: Path, feed: _Feed, options: Layout) -> None:
    source = CsvSource(origin, options if options.format else replace(options, format=format_of(origin)))
    feed.check(source.columns)
    text = io.TextIOWrapper(_binary(origin, "rb"), encoding="utf-8", newline="")
    with text, _binary(scratch, "wb") as out:
        lines = (line for line in decoded(text, origin) if line.strip())
        if source.has_header:
            out.write(_joined(next(lines), source.delimiter, feed.names).encode())
        while waiting := list(islice(lines, _STEP)):
            if any(line.count('"') % 2 for line in waiting):
                raise DataError(f"{origin} has line breaks within quotes; write the scores to another format")
            _write_lines(out, waiting, source.delimiter, feed)


def _binary(path: Path, mode: str) -> Any:
    return gzip.open(path, mode) if path.suffix == ".gz" else path.open(mode)


def _write_lines(out: Any, lines: list[str], delimiter: str, feed: _Feed) -> None:
    rows = zip(*feed.take(len(lines)).values(), strict=True)
    text = [_joined(line, delimiter, [f"{v:.8g}" for v in row]) for line, row in zip(lines, rows, strict=True)]
    out.write("".join(text).encode())


def _joined(line: str, delimiter: str, words: Iterable[str]) -> str:
    bare = line.rstrip("\r\n")
    return delimiter.join([bare, *words]) + (line[len(bare) :] or "\n")


def _convert(origin: Path, scratch: Path, goal: Path, feed: _Feed, options: Layout) -> None:
    with open_source(origin, options) as source:
        feed.check(source.columns)
        notes = source.notes
        own = notes.reserving(feed.names) if notes.provenance is not None else None
        with open_sink(scratch, goal, own) as sink:
            for chunk in source.chunks(source.columns, _STEP):
                sink.append(_record(chunk | feed.take(_length(chunk))))


def _record(columns: Mapping[str, Any]) -> Any:
    return ak.zip(dict(columns), depth_limit=1)
