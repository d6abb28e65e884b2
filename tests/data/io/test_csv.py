from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from kaon.data.io import read
from kaon.data.io.csv import CsvSource
from kaon.data.io.source import Layout
from kaon.errors import ConfigError, DataError


def written(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("delimiter", [",", "\t", ";", " "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_and_line_ends_are_found(tmp_path: Path, delimiter: str, end: str) -> None:
    path = written(
        tmp_path / "a.txt", end.join(delimiter.join(row) for row in (("x", "y"), ("1", "2.5"), ("3", "-4e1")))
    )
    events = read(path)
    assert events["x"].to_list() == [1.0, 3.0]
    assert events["y"].to_list() == [2.5, -40.0]
    assert CsvSource(path, Layout()).delimiter == delimiter


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_headers_are_found_or_told(tmp_path: Path, name: str) -> None:
    bare = written(tmp_path / name, "1,2\n3,4\n")
    assert read(bare).fields == ["c0", "c1"]
    assert len(read(bare)) == 2
    assert read(bare, header=("a", "b"))["b"].to_list() == [2.0, 4.0]
    assert read(bare, header=True).fields == ["1", "2"]
    named = written(tmp_path / f"n{name}", "x,y\n1,2\n")
    assert read(named).fields == ["x", "y"]
    assert read(named, header=False)["c0"].to_list() == ["x", "1"]
    with pytest.raises(ConfigError, match="3 names are given for the 2 columns"):
        read(bare, header=("a", "b", "c"))


def test_comment_signs_byte_marks_and_spaces_before_names(tmp_path: Path) -> None:
    assert read(written(tmp_path / "a.csv", "\ufeff# x, y\n1,2\n")).fields == ["x", "y"]


def test_columns_have_the_types_of_their_words(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'n,x,flag,word\n1,1.5,True,"a, b"\n2,2,False,c\n')
    assert str(read(path).array.type) == "2 * {n: float64, x: float64, flag: bool, word: string}"
    events = read(path, index="n")
    assert str(events["n"].type) == "2 * int64"
    assert events["word"].to_list() == ["a, b", "c"]


def test_event_numbers_beyond_double_precision_stay_exact(tmp_path: Path) -> None:
    number = 2**60 + 1
    np.testing.assert_array_equal(
        read(written(tmp_path / "a.csv", f"event,x\n{number},1\n"), index="event").index, [number]
    )


def test_integers_may_turn_into_decimals_far_down(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "x\n" + "1\n" * 200_000 + "1.5\n")
    assert read(path)["x"][-1] == 1.5


@pytest.mark.parametrize("rows", [3, 150_000])
def test_wrong_words_name_line_and_column(tmp_path: Path, rows: int) -> None:
    path = written(tmp_path / "a.csv", "x,y\n" + "1,2\n" * max(rows, 2000) + "1,oops\n")
    with pytest.raises(DataError, match=rf"a\.csv, line {max(rows, 2000) + 2}, column 'y': .*oops"):
        read(path)


def test_ragged_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 3: Expected 2 columns, got 3"):
        read(written(tmp_path / "a.csv", "x,y\n1,2\n1,2,3\n"))


def test_double_names_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "x,x\n1,2\n")
    with pytest.raises(DataError, match=r"several columns named \['x'\]"):
        read(path)
    assert read(path, header=False).fields == ["c0", "c1"]


def test_binary_content_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(bytes(range(256)) * 20)
    with pytest.raises(DataError, match=r"a\.csv"):
        read(tmp_path / "a.csv")


def test_rows_longer_than_a_block_of_text(tmp_path: Path) -> None:
    values = np.arange(4 * 15_000, dtype=float).reshape(4, -1) / 7
    path = tmp_path / "wide.csv"
    np.savetxt(path, values, delimiter=",")
    assert len(path.read_text().partition("\n")[0]) > 1 << 18
    source = CsvSource(path, Layout(header=False))
    (chunk,) = source.chunks(["c0", "c14999"], 10)
    np.testing.assert_array_equal(chunk["c14999"], values[:, -1])
