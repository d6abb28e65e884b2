from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kaon.data import Events
from kaon.data.io import read, write
from kaon.data.io.parquet import ParquetSource, with_reserved
from kaon.data.io.source import Layout, Notes
from kaon.errors import DataError


def test_files_of_pandas(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0], "n": [1, 2], "s": ["a", "b"], "f": [True, False]})
    frame.to_parquet(tmp_path / "a.parquet")
    events = read(tmp_path / "a.parquet", label="f")
    assert str(events.array.type) == "2 * {x: float64, n: int64, s: string, f: bool}"
    np.testing.assert_array_equal(events.target, [1, 0])


def test_nulls_are_invalid(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"n": [1, None, 3], "l": [[1.0], [2.0], [None]], "s": ["a", None, "c"]}), tmp_path / "a.parquet"
    )
    with pytest.raises(DataError, match=r"column 'n' in 1 events \(rows 1\); column 'l' in 1 events \(rows 2\)"):
        read(tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet", columns="s")["s"].to_list() == ["a", "", "c"]
    assert str(read(tmp_path / "a.parquet", cut="n == 1").array.type) == "1 * {n: int64, l: var * float64, s: string}"


def test_records_of_arrow_are_momenta(tmp_path: Path) -> None:
    particle = {"px": 1.0, "py": 0.0, "pz": 0.0, "E": 1.0}
    harder = particle | {"px": 2.0, "E": 2.0}
    pq.write_table(pa.table({"constituents": [[particle, harder], []]}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet")["constituents"].pt.to_list() == [[2.0, 1.0], []]


def test_pandas_reads_what_kaon_writes(flat: Events, tmp_path: Path) -> None:
    frame = pd.read_parquet(write(flat, tmp_path / "a.parquet"))
    np.testing.assert_array_equal(frame["x"], ak.to_numpy(flat["x"]))
    np.testing.assert_array_equal(frame["label"], flat.target)


def test_steps_cross_row_groups(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": np.arange(100.0)}), tmp_path / "a.parquet", row_group_size=7)
    with ParquetSource(tmp_path / "a.parquet", Layout()) as source:
        parts = [chunk["x"].to_list() for chunk in source.chunks(["x"], 10)]
    assert max(map(len, parts)) <= 10
    assert [x for part in parts for x in part] == list(range(100))


def test_reserving_touches_only_kaons_note() -> None:
    schema = pa.schema([("x", pa.float64())], metadata={b"other": b"1", b"kaon": Notes().to_json().encode()})
    made = with_reserved(schema, ["score"], Path("a.parquet"))
    assert made.metadata[b"other"] == b"1"
    assert Notes.from_json(made.metadata[b"kaon"], Path("a.parquet")).reserved == {"score"}
    assert with_reserved(pa.schema([("x", pa.float64())]), ["score"], Path("a")).metadata in ({}, None)
