from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data.io.invalid import infinite_rows, invalid_rows, suspected_mev, with_missing, without_options
from kaon.data.records import momenta


@pytest.mark.parametrize(
    ("column", "bad"),
    [
        ([1.0, np.nan, 2.0], [1]),
        ([1.0, np.inf, -np.inf], [1, 2]),
        ([1, None, 3], [1]),
        ([[1.0, np.nan], [], [2.0]], [0]),
        ([[1.0], None, [None]], [1, 2]),
        ([[[1.0], [np.nan]], [], [[]]], [0]),
        (["a", "", "nan"], []),
        ([True, False, True], []),
        ([{"x": 1.0, "y": [np.inf]}, {"x": 1.0, "y": []}, {"x": np.nan, "y": []}], [0, 2]),
        ([[{"x": 1.0}], [{"x": np.nan}], []], [1]),
        ([[], [], []], []),
    ],
)
def test_invalid_rows(column: Any, bad: list[int]) -> None:
    assert np.flatnonzero(invalid_rows(ak.Array(column))).tolist() == bad


def test_regular_arrays() -> None:
    values = np.zeros((3, 2, 2))
    values[1, 1, 0] = np.nan
    assert invalid_rows(ak.Array(values)).tolist() == [False, True, False]


def test_empty_options_vanish_and_full_ones_stay() -> None:
    masked = ak.Array([1.0, None, 3.0])
    assert "?" in str(without_options(masked).type)
    assert str(without_options(masked[[0, 2]]).type) == "2 * float64"
    inner = ak.Array([[1, None], [2]])[[1]]
    assert str(without_options(inner).type) == "1 * var * int64"
    assert without_options(ak.Array(["a", None])).to_list() == ["a", ""]
    assert str(without_options(ak.Array([{"x": 1.0}, None])[:1]).type) == "1 * {x: float64}"


@pytest.mark.parametrize("name", ["pt", "jet_pt", "Pt", "lep.pt", "pT", "pt1", "MET", "pfmet_pt"])
def test_transverse_momenta_in_mev_are_suspected(name: str) -> None:
    values = ak.Array([20_000.0, 90_000.0, 50_000.0])
    assert suspected_mev({name: values}, [name]) == {name: 50_000.0}
    assert suspected_mev({name: values / 1000}, [name]) == {}


@pytest.mark.parametrize("name", ["mjj", "energy", "ntracks", "script", "optimum", "event"])
def test_other_columns_are_not(name: str) -> None:
    assert suspected_mev({name: ak.Array([20_000.0])}, [name]) == {}


def test_lists_and_momenta_are_looked_at_too() -> None:
    lists = ak.Array([[20_000.0, 30_000.0], []])
    p = np.array([3e4])
    columns = {"jet_pt": lists, "jet": momenta(p, p * 0, p, p * 2), "name": ak.Array(["a", "b"])}
    assert suspected_mev(columns, columns) == {"jet_pt": 25_000.0, "jet": 30_000.0}


def test_a_number_for_missing_values_becomes_nan_in_flat_numbers_only() -> None:
    for values in ([-999, 1], [-999.0, 1.0]):
        np.testing.assert_array_equal(ak.to_numpy(with_missing(ak.Array(values), -999)), [np.nan, 1])
    whole = ak.Array([1, 2])
    assert with_missing(whole, -999) is whole
    for other in (ak.Array([[-999], []]), ak.Array(["-999", "a"]), ak.Array([True, False])):
        assert with_missing(other, -999).to_list() == other.to_list()


def test_where_nan_is_allowed_only_infinity_is_a_fault() -> None:
    assert infinite_rows(ak.Array([1.0, np.nan, np.inf, -np.inf])).tolist() == [False, False, True, True]
    assert infinite_rows(ak.Array([[1.0], [np.nan]])).tolist() == [False, True]


@pytest.mark.parametrize("regular", [False, True])
def test_pictures_are_looked_through_as_arrays(regular: bool) -> None:
    values = np.zeros((4, 1, 3, 3))
    values[2, 0, 1, 1], values[3, 0, 2, 2] = np.nan, np.inf
    column = ak.from_numpy(values, regulararray=regular)
    assert invalid_rows(column).tolist() == [False, False, True, True]
    assert invalid_rows(column[:0]).tolist() == []
    assert not invalid_rows(ak.from_numpy(values[:2].astype(np.uint8), regulararray=regular)).any()
