from __future__ import annotations

from pathlib import Path

import pytest

from kaon.data.io.formats import SUFFIXES, expand, format_of, open_sink, open_source
from kaon.data.io.source import Layout
from kaon.errors import ConfigError, DataError


@pytest.mark.parametrize(("suffix", "format"), SUFFIXES.items())
def test_suffixes(suffix: str, format: str) -> None:  # noqa: A002  # the word under test
    assert format_of(Path(f"a.b{suffix}")) == format
    assert format_of(Path(f"a{suffix.upper()}")) == format


def test_an_unknown_suffix_lists_what_is_known() -> None:
    with pytest.raises(ConfigError, match=r"\.root, \.h5.*\.csv\.gz"):
        format_of(Path("jets.dat"))
    with pytest.raises(ConfigError, match="root, hdf5, parquet, csv, tsv"):
        format_of(Path("jets.dat"), "excel")
    assert format_of(Path("jets.dat"), "tsv") == "tsv"
    with pytest.raises(ConfigError, match="one picture; name the folder"):
        format_of(Path("cat/1.PNG"))
    with pytest.raises(ConfigError, match="suffix"):
        format_of(Path("jets.root.gz"))


def test_globs_are_sorted_and_files_come_once(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / name).write_text("1\n")
    (tmp_path / "odd[1].csv").write_text("1\n")
    assert [p.name for p in expand(f"{tmp_path}/?.csv")] == ["a.csv", "b.csv"]
    assert [p.name for p in expand([tmp_path / "b.csv", f"{tmp_path}/*.csv"])] == ["b.csv", "a.csv", "odd[1].csv"]
    assert expand(tmp_path / "odd[1].csv") == [tmp_path / "odd[1].csv"]


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.csv").write_text("1\n")
    assert expand("~/a.csv") == [tmp_path / "a.csv"]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    with pytest.raises(DataError, match="does not exist"):
        expand(tmp_path / "absent.csv")
    with pytest.raises(DataError, match="no file matches"):
        expand(f"{tmp_path}/*.root")
    with pytest.raises(DataError, match="is a folder"):
        expand(tmp_path)
    with pytest.raises(DataError, match=r"empty.csv is empty"):
        expand(tmp_path / "empty.csv")
    with pytest.raises(DataError, match="no file is given"):
        expand([])


def test_layouts_belong_to_hdf5(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is for HDF5"):
        open_source(tmp_path / "a.csv", Layout(layout="lhco"))
    with pytest.raises(ConfigError, match="top-tagging"):
        open_sink(tmp_path / "x", tmp_path / "a.root", None, "top-tagging")
    with pytest.raises(ConfigError, match="top-tagging"):
        open_sink(tmp_path / "x", tmp_path / "a.h5", None, "lhco")
