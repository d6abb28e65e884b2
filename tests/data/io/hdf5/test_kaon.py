from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import awkward as ak
import h5py
import numpy as np
import pytest

from kaon.data import Events, Provenance
from kaon.data.io import read, write
from kaon.data.io.hdf5.kaon import Hdf5Sink, Hdf5Writer, KaonSource, add_columns, is_kaon
from kaon.errors import DataError
from kaon.files import replacing


def test_any_range_of_events_can_be_read(events: Events, tmp_path: Path) -> None:
    path = write(events, tmp_path / "a.h5")
    for step in (1, 13, 299, 300):
        with h5py.File(path) as file:
            parts = [ak.zip(c, depth_limit=1) for c in KaonSource(path, file).chunks(events.fields, step)]
        assert ak.concatenate(parts).to_list() == events.array.to_list()


def test_the_documented_layout(tmp_path: Path) -> None:
    write(Events(ak.Array({"x": [1.0, 2.0], "l": [[3, 4], []], "s": ["a", "é"]})), tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5") as file:
        assert is_kaon(file)
        assert json.loads(file.attrs["kaon"])["format"] == "kaon-events"
        root = file["events"]
        assert root.attrs["length"] == 2
        fields = dict(json.loads(root.attrs["fields"]))
        assert list(fields) == ["x", "l", "s", "event"]
        assert root[fields["x"]]["values"][:].tolist() == [1.0, 2.0]
        lists = root[fields["l"]]
        assert (lists.attrs["kind"], lists["offsets"][:].tolist(), lists["content/values"][:].tolist()) == (
            "list",
            [0, 2, 2],
            [3, 4],
        )
        assert [w.decode() for w in root[fields["s"]]["values"][:]] == ["a", "é"]
        assert lists["offsets"].compression == "gzip"


def test_nested_lists_and_odd_names(tmp_path: Path) -> None:
    array = ak.Array({"a/b": [[[1], []], [], [[2, 3]]], ".": [{"x": [1.5]}, {"x": []}, {"x": [2.5, 3.5]}]})
    for parts in ([array], [array[:1], array[1:1], array[1:]]):
        assert read(write([Events(p) for p in parts], tmp_path / "a.h5")).array.to_list() == array.to_list()


def test_the_writer_makes_one_file_of_many_parts(events: Events, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    provenance = Provenance("recipe", seed=1, generated=300)
    with replacing(path) as scratch, Hdf5Writer(scratch, provenance) as writer:
        for start in range(0, 300, 100):
            writer.append(events.take(slice(start, start + 100)))
    back = read(path)
    assert back.array.to_list() == events.array.to_list()
    np.testing.assert_array_equal(back.target, events.target)
    assert back.provenance.generated == 300


def test_the_writer_refuses_parts_that_do_not_fit(events: Events, tmp_path: Path) -> None:
    with Hdf5Writer(tmp_path / "a.h5") as writer:
        writer.append(events)
        with pytest.raises(DataError, match="differ from those written before"):
            writer.append(replace(events, classes=("a", "b")))
        with pytest.raises(DataError, match="not in all parts"):
            writer.append(replace(events, weight=None))
        with pytest.raises(DataError, match="was number before and is text now"):
            writer.append(events.with_columns(x=ak.Array(["a"] * 300)))
        with pytest.raises(DataError, match="shape"):
            writer.append(events.with_columns(image=np.zeros((300, 3, 3))))


@pytest.mark.parametrize(("values", "what"), [([1.0, None], "missing values"), ([1.0, "a"], "mixed types")])
def test_what_the_layout_does_not_hold_is_refused(values: list[object], what: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"column x has {what}"):
        write(Events(ak.Array({"x": values})), tmp_path / "a.h5")
    assert list(tmp_path.iterdir()) == []


def test_columns_can_be_added(events: Events, tmp_path: Path) -> None:
    path = write(events, tmp_path / "a.h5")
    add_columns(path, [{"s": np.arange(200.0)}, {"s": np.arange(200.0, 300.0)}])
    back = read(path)
    assert back["s"].to_list() == list(range(300))
    assert "s" in back.reserved


def test_damage_is_found(events: Events, tmp_path: Path) -> None:
    path = write(events, tmp_path / "a.h5")
    with h5py.File(path, "r+") as file:
        key = dict(json.loads(file["events"].attrs["fields"]))["x"]
        file["events"][key].attrs["kind"] = "riddle"
    with pytest.raises(DataError, match="unknown kind 'riddle'"):
        read(path)
    with h5py.File(path, "r+") as file:
        del file["events"][key]
    with pytest.raises(DataError, match="cannot be read"):
        read(path)


def test_a_column_shorter_than_the_file_is_refused(events: Events, tmp_path: Path) -> None:
    path = write(events, tmp_path / "a.h5")
    with h5py.File(path, "r+") as file:
        key = dict(json.loads(file["events"].attrs["fields"]))["x"]
        file["events"][key]["values"].resize(200, axis=0)
    with pytest.raises(DataError, match="cannot be read"):
        read(path)


def test_a_sink_without_notes_has_no_roles(tmp_path: Path) -> None:
    with Hdf5Sink(tmp_path / "a.h5", None) as sink:
        sink.append(ak.Array({"label": [0, 1]}))
    back = read(tmp_path / "a.h5")
    assert (back.fields, back.target) == (["label"], None)
