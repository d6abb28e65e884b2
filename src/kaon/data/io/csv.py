"""Comma-, tab-, semicolon- or space-separated text, plain or gzipped, through pyarrow.

Text files have no types, so a column is text, true/false or a number by its first thousand rows, and all numbers are
float64, whatever the rest of the file holds; only an event number is read as a 64-bit integer.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.csv

from kaon.data.io.source import Layout, Notes, Sink, Source, decoding
from kaon.errors import ConfigError, DataError

__all__ = ["CsvSink", "CsvSource"]

_DELIMITERS = "\t,; "
_SAMPLE = 1000
_BLOCK, _TOGETHER = 1 << 18, 16
"""Bytes of text in a block, of which pyarrow reads up to 32 ahead whatever their size, and how many of them are handed
on together: what is done once a piece costs more than parsing if the pieces are small."""
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "#n/a"})
_LOGICAL = frozenset({"true", "false"})


class CsvSource(Source):
    """A text file of one row an event.

    Args:
        path: the file; a name that ends in .gz is uncompressed on the fly.
        layout: `format` tsv forces tabs; `header` says whether the first row holds names, or gives the names.

    Raises:
        DataError: empty, damaged, or not text.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        with decoding(path), _open(path) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
            lines = [line for line in islice(text, _SAMPLE + 1) if line.strip()]
        if not lines:
            raise DataError(f"{path} is empty")
        self._delimiter = "\t" if layout.format == "tsv" else _delimiter(lines[0])
        rows = list(csv.reader(lines, delimiter=self._delimiter))
        self.has_header = _has_header(rows[0]) if layout.header is None else layout.header is True
        names = _names(path, rows[0], layout.header, self.has_header)
        self._names = names
        sample = rows[1:] if self.has_header else rows
        words = {n: [r[i] for r in sample if i < len(r)] for i, n in enumerate(names)}
        whole = {n for n in layout.integers & set(names) if all(re.fullmatch(r"\s*[+-]?\d+\s*", w) for w in words[n])}
        self._types = {n: pa.int64() if n in whole else _type(w) for n, w in words.items()}
        self._block = max(_BLOCK, 4 * max(map(len, lines)))  # pyarrow refuses rows that are longer than a block
        super().__init__(path, [n for n in names if n], None, Notes())

    @property
    def delimiter(self) -> str:
        """What stands between two values."""
        return self._delimiter

    def chunks(self, columns: Sequence[str], step: int) -> Iterator[dict[str, Any]]:
        """See `Source`."""
        with decoding(self.path), _open(self.path) as stream:
            with self._located():
                reader = self._reader(stream, columns)
            while True:
                with self._located():
                    blocks = list(islice(reader, _TOGETHER))
                if not blocks:
                    return
                for batch in pa.Table.from_batches(blocks).combine_chunks().to_batches():
                    for start in range(0, batch.num_rows, step):
                        piece = batch.slice(start, step)
                        yield {name: _column(piece.column(name)) for name in columns}

    def close(self) -> None:
        """See `Source`; the file is open only while chunks are read."""

    @contextmanager
    def _located(self) -> Iterator[None]:
        """Say in our words what pyarrow found wrong in which line."""
        try:
            yield
        except pa.ArrowInvalid as error:
            found = re.search(r"(?:In CSV column #(\d+): )?Row #(\d+): (.*)", str(error), re.DOTALL)
            if found is None:
                raise
            column = f", column {self._names[int(found[1])]!r}" if found[1] else ""
            problem = " ".join(found[3].split())[:200]
            raise DataError(f"{self.path}, line {found[2]}{column}: {problem}") from error

    def _reader(self, stream: IO[bytes], columns: Sequence[str]) -> Any:
        return iter(
            pyarrow.csv.open_csv(
                stream,
                pyarrow.csv.ReadOptions(
                    use_threads=False, block_size=self._block, column_names=self._names, skip_rows=int(self.has_header)
                ),
                pyarrow.csv.ParseOptions(delimiter=self._delimiter),
                pyarrow.csv.ConvertOptions(
                    column_types=self._types,
                    include_columns=list(columns),
                    null_values=[w for m in _MISSING for w in {m, m.upper(), m.capitalize(), "NaN"}],
                    strings_can_be_null=False,
                ),
            )
        )


class CsvSink(Sink):
    """Writes flat columns as text, with a header.

    Args:
        path: file to make; a name that ends in .gz is compressed.
        delimiter: between two values.
    """

    def __init__(self, path: Path, delimiter: str = ",") -> None:
        self._stream: Any = gzip.open(path, "wb") if path.suffix == ".gz" else path.open("wb")  # noqa: SIM115  # see close
        self._delimiter, self._first = delimiter, True

    def append(self, array: Any) -> None:
        """See `Sink`.

        Raises:
            DataError: a column is a list or a record.
        """
        columns: dict[str, Any] = {}
        for name in array.fields:
            values = array[name]
            if values.ndim != 1 or values.fields:
                raise DataError(
                    f"the column {name!r} holds lists or records, which a text file cannot; write HDF5 instead"
                )
            columns[name] = ak.to_arrow(ak.to_packed(values), extensionarray=False)
        options = pyarrow.csv.WriteOptions(
            include_header=self._first, delimiter=self._delimiter, quoting_style="needed"
        )
        pyarrow.csv.write_csv(pa.table(columns), self._stream, options)
        self._first = False

    def close(self) -> None:
        """See `Sink`."""
        self._stream.close()


def _open(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]  # a GzipFile is a readable binary stream
    return path.open("rb")


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=lambda d: (line.strip("\r\n ").count(d) > 0, -_DELIMITERS.index(d)))


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return word.strip().lower() in _MISSING
    return True


def _has_header(row: Sequence[str]) -> bool:
    """The first row holds names if any of its words is neither a number nor empty."""
    return not all(_is_number(word) for word in row)


def _names(path: Path, first: list[str], header: bool | Sequence[str] | None, has_header: bool) -> list[str]:
    if header is not None and not isinstance(header, bool):
        names = list(header)
        if len(names) != len(first):
            raise ConfigError(f"{len(names)} names are given for the {len(first)} columns of {path}")
    elif has_header:
        names = [n.strip() for n in first]
        names[0] = names[0].removeprefix("#").strip()
    else:
        names = [f"c{i}" for i in range(len(first))]
    names = [n or f"c{i}" for i, n in enumerate(names)]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise DataError(f"{path} has several columns named {twice}; rename them, or give names with header=")
    return names


def _type(words: Sequence[str]) -> Any:
    if all(_is_number(w) for w in words):
        return pa.float64()
    if all(w.strip().lower() in _LOGICAL for w in words):
        return pa.bool_()
    return pa.string()


def _column(values: Any) -> Any:
    if pa.types.is_string(values.type):
        return ak.from_arrow(values.fill_null(""))
    if pa.types.is_floating(values.type):
        return ak.Array(np.asarray(values.to_numpy(zero_copy_only=False)))  # a missing number becomes NaN
    return ak.from_arrow(values)
