"""Parquet files, through pyarrow: lists and records map directly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import pyarrow as pa
import pyarrow.parquet as pq

from kaon.data.io.source import Layout, Notes, Sink, Source, decoded, decoding

__all__ = ["ParquetSink", "ParquetSource", "with_reserved"]

_NOTE = b"kaon"


class ParquetSource(Source):
    """A Parquet file; memory is bounded by its row groups and the step.

    Raises:
        DataError: damaged.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        with decoding(path):
            self._file = pq.ParquetFile(path, pre_buffer=False)  # buffering keeps all that was read
            schema = self._file.schema_arrow
        note = (schema.metadata or {}).get(_NOTE)
        notes = Notes.from_json(note, path) if note else Notes()
        super().__init__(path, schema.names, int(self._file.metadata.num_rows), notes)

    def chunks(self, columns: Sequence[str], step: int) -> Iterator[dict[str, Any]]:
        """See `Source`."""
        for batch in decoded(self._file.iter_batches(step, columns=list(columns), use_threads=False), self.path):
            yield {name: ak.from_arrow(batch.column(name)) for name in columns}

    def close(self) -> None:
        """See `Source`."""
        self._file.close()


def with_reserved(schema: Any, names: Iterable[str], path: Path) -> Any:
    """The schema with more columns reserved in kaon's note, if there is one."""
    metadata = dict(schema.metadata or {})
    if _NOTE in metadata:
        metadata[_NOTE] = Notes.from_json(metadata[_NOTE], path).reserving(names).to_json().encode()
    return schema.with_metadata(metadata)


class ParquetSink(Sink):
    """Writes a Parquet file, one row group a chunk.

    Args:
        path: file to make.
        notes: stored in the schema's metadata; None to leave the file plain.
    """

    def __init__(self, path: Path, notes: Notes | None) -> None:
        self._path, self._notes = path, notes
        self._writer: Any = None
        self._schema: Any = None

    def append(self, array: Any) -> None:
        """See `Sink`."""
        table = ak.to_arrow_table(ak.to_packed(array), list_to32=True, string_to32=True, extensionarray=False)
        if self._writer is None:
            metadata = {_NOTE: self._notes.to_json().encode()} if self._notes is not None else None
            self._schema = table.schema.with_metadata(metadata)
            self._writer = pq.ParquetWriter(self._path, self._schema, compression="zstd")
        self._writer.write_table(pa.Table.from_arrays(table.columns, names=table.column_names).cast(self._schema))

    def close(self) -> None:
        """See `Sink`."""
        if self._writer is not None:
            self._writer.close()
