"""Data frames of pandas, read without pandas: agreement with what pandas wrote, and no unpickling."""

from __future__ import annotations

import pickle
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaon.data.io import iterate, read
from kaon.data.io.hdf5.pandas import find_frames, open_frame, pickled_names, unpickled_text
from kaon.errors import ConfigError, DataError, UnknownName

pytest.importorskip("tables", reason="PyTables, with which pandas writes HDF5, is not installed")


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(0)
    made = pd.DataFrame(random.normal(size=(50, 4)), columns=["a", "b", "c", "d"])
    return made.assign(n=random.integers(0, 5, 50), f=random.normal(size=50).astype(np.float32))


@pytest.mark.parametrize(
    "options", [{"format": "fixed"}, {"format": "table"}, {"format": "table", "data_columns": True}]
)
@pytest.mark.parametrize("complib", [None, "blosc", "zlib", "blosc:zstd", "bzip2"])
def test_frames_are_read_as_pandas_wrote_them(
    frame: pd.DataFrame, options: dict[str, object], complib: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "a.h5"
    frame.to_hdf(path, key="table", complib=complib, complevel=5 if complib else None, **options)
    events = read(path)
    assert set(events.fields) == set(frame.columns)
    for name in frame.columns:
        np.testing.assert_array_equal(events[name], frame[name])
        assert events[name].to_numpy().dtype == frame[name].dtype
    parts = list(iterate(path, 7, columns=["n", "a"]))
    assert np.concatenate([p["a"] for p in parts]).tolist() == frame["a"].tolist()


def test_texts_of_tables(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.assign(s=["x", "yy"] * 25).to_hdf(tmp_path / "a.h5", key="t", format="table")
    assert read(tmp_path / "a.h5", label="s").classes == ("x", "yy")


def test_keys(frame: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    frame[["a"]].to_hdf(path, key="train", format="table")
    frame[["b"]].to_hdf(path, key="group/test", format="fixed")
    with h5py.File(path) as file:
        assert sorted(find_frames(file)) == ["group/test", "train"]
    assert read(path, tree="train").fields == ["a"]
    assert read(path, tree="/group/test").fields == ["b"]
    with pytest.raises(ConfigError, match="several tables: group/test, train"):
        read(path)
    with pytest.raises(UnknownName, match=r"key 'tain' in .*did you mean train"):
        read(path, tree="tain")


def test_frames_without_numbers_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file.create_group("df")
        group.attrs["pandas_type"], group.attrs["nblocks"] = "frame", 1
        group["axis1"], group["block0_items"] = np.arange(2), np.array([b"s"])
        group.create_dataset("block0_values", data=np.array([b"x", b"y"])[:, None])
        with pytest.raises(DataError, match="no numeric columns"):
            open_frame(tmp_path / "a.h5", file, None)


@given(
    st.lists(
        st.text(st.characters(codec="ascii", categories=["L", "N", "P"], exclude_characters="\\"), min_size=1),
        unique=True,
    )
)
def test_lists_of_names_are_read_as_pickle_would(names: list[str]) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickled_names(pickle.dumps(names, protocol), "x") == names
    assert pickle.loads(unpickled_text(names)) == names
    assert pickled_names(unpickled_text(names), "x") == names


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path("/nonexistent/created-by-a-pickle").touch, ())  # type: ignore[return-value]  # not run


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_of_anything_else_are_refused_unexecuted(protocol: int) -> None:
    for value in (Evil(), [Evil()], {"a": 1}, np.zeros(2)):
        with pytest.raises(DataError, match="not executed"):
            pickled_names(pickle.dumps(value, protocol), "x")


@pytest.mark.parametrize("blob", [b"", b"(lVpx\n", b"\xff\xfe", b"Vno end"])
def test_broken_pickles_are_refused(blob: bytes) -> None:
    with pytest.raises(DataError):
        pickled_names(blob, "x")


def test_names_must_be_as_many_as_columns(frame: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    frame[["a", "b"]].to_hdf(path, key="t", format="table")
    with h5py.File(path, "r+") as file:
        file["t/table"].attrs["values_block_0_kind"] = np.bytes_(unpickled_text(["a", "b", "c"]))
    with pytest.raises(DataError, match="2 wide, but 3 names"):
        read(path)
