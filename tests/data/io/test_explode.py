from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from kaon.data.io.explode import explode, members
from kaon.errors import DataError, UnknownName

COLUMNS = {
    "Jet_pt": ak.Array([[1.0, 2.0], [], [3.0]]),
    "Jet_eta": ak.Array([[0.1, 0.2], [], [0.3]]),
    "Muon_pt": ak.Array([[9.0], [8.0], []]),
    "met": ak.Array([10.0, 20.0, 30.0]),
}


def test_each_entry_becomes_a_row_and_the_rest_is_repeated() -> None:
    made = explode(COLUMNS, "Jet", {}, "a.root")
    assert made.parent.tolist() == [0, 0, 2]
    assert made.inner == {"Jet_pt", "Jet_eta"}
    assert made.columns["Jet_eta"].to_list() == [0.1, 0.2, 0.3]
    assert made.columns["met"].to_list() == [10.0, 10.0, 30.0]
    assert made.columns["Muon_pt"].to_list() == [[9.0], [9.0], []]


def test_regular_axes_explode_too() -> None:
    made = explode({"pt": ak.Array(np.arange(6.0).reshape(3, 2)), "m": ak.Array(np.zeros((3, 2, 4)))}, "pt", {}, "a.h5")
    assert made.columns["pt"].to_list() == [0, 1, 2, 3, 4, 5]
    both = explode(
        {"pt": ak.Array(np.zeros((3, 2))), "m": ak.Array(np.zeros((3, 2, 4)))},
        "jets",
        dict.fromkeys(("pt", "m"), "jet_x"),
        "",
    )
    assert str(both.columns["m"].type) == "6 * 4 * float64"


@pytest.mark.parametrize("name", ["jets", "Jet", "jet", "JET", "jet_features"])
def test_what_a_name_means(name: str) -> None:
    assert members(["pt", "eta"], name, {"pt": "jet_features", "eta": "jet_features"}, "") == ["pt", "eta"]


def test_a_column_can_be_named_itself() -> None:
    assert members(list(COLUMNS), "Jet_pt", {}, "") == ["Jet_pt"]


def test_an_unknown_list_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"'Jte' in a.root; did you mean jet"):
        explode(COLUMNS, "Jte", {}, "a.root")
    with pytest.raises(UnknownName, match="met"):
        explode(COLUMNS, "met", {}, "a.root")


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(DataError, match="different length"):
        explode({"J_a": ak.Array([[1]]), "J_b": ak.Array([[1, 2]])}, "J", {}, "a.root")
