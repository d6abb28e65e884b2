from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kaon.data.io import read
from kaon.errors import DataError, UnknownName


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.h5"


def fill(path: Path, **arrays: Any) -> None:
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name.replace("__", "/")] = values


def test_plain_data_sets_are_columns(path: Path) -> None:
    fill(
        path,
        x=np.arange(3.0),
        image=np.zeros((3, 4, 4)),
        word=np.array([b"a", b"b", b"c"]),
        group__y=np.arange(3),
        scalar=1,
    )
    events = read(path)
    assert set(events.fields) == {"x", "image", "word", "y"}
    assert events["image"].to_numpy().shape == (3, 4, 4)
    assert events["word"].to_list() == ["a", "b", "c"]


def test_labels_name_the_last_axis(path: Path) -> None:
    data = np.arange(12.0).reshape(2, 2, 3)
    fill(
        path,
        jets__data=data,
        jets__labels=np.array([b"pt", b"eta", b"m"]),
        ev__data=data[:, 0],
        ev__labels=np.array([b"met", b"pt", b"n"]),
    )
    events = read(path)
    assert set(events.fields) == {"jets_pt", "ev_pt", "eta", "m", "met", "n"}  # pt is ambiguous
    np.testing.assert_array_equal(events["m"], data[..., 2])
    jets = read(path, explode="jets")
    assert jets["jets_pt"].to_list() == data[..., 0].ravel().tolist()
    assert jets.index.tolist() == [0, 0, 1, 1]
    assert jets.reserved == {"met", "ev_pt", "n"}


def test_numbered_labels_stay_one_column(path: Path) -> None:
    fill(path, efp__data=np.zeros((3, 2)), efp__labels=np.array([b"0", b"1"]))
    assert str(read(path)["efp"].type) == "3 * 2 * float64"


def test_named_members(path: Path) -> None:
    jets = np.zeros(3, [("pt", "f4"), ("flavour", "i4")])
    jets["flavour"] = (0, 5, 5)
    tracks = np.zeros((3, 4), [("d0", "f4"), ("valid", "?")])
    tracks["d0"] = np.arange(12).reshape(3, 4)
    tracks["valid"] = [[1, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]]
    fill(path, jets=jets, tracks=tracks)
    events = read(path, label="flavour == 5")
    assert set(events.fields) == {"pt", "flavour", "tracks"}
    assert events["tracks"]["d0"].to_list() == [[0.0, 1.0], [], [8.0]]
    assert events.labels.tolist() == [0, 1, 1]


def test_lengths_must_agree_or_be_chosen_from(path: Path) -> None:
    fill(path, train__x=np.zeros(3), test__x=np.zeros(2))
    with pytest.raises(DataError, match=r"differ in length: .*/test/x.: 2, ./train/x.: 3"):
        read(path)
    assert len(read(path, tree="train")) == 3
    assert len(read(path, tree="test/x")) == 2
    with pytest.raises(UnknownName, match=r"key 'tran' in .*did you mean train"):
        read(path, tree="tran")


def test_nothing_to_read(path: Path) -> None:
    fill(path)
    with pytest.raises(DataError, match="holds no arrays"):
        read(path)


def test_invalid_values_are_found_in_arrays(path: Path) -> None:
    image = np.zeros((5, 2, 2))
    image[3, 0, 1] = np.nan
    fill(path, image=image)
    with pytest.raises(DataError, match=r"column 'image' in 1 events \(rows 3\)"):
        read(path)
