from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaon.data.jagged import cartesian, counts_of, flat, pad, segment_sum
from kaon.errors import DataError

lists = st.lists(st.lists(st.floats(-1e6, 1e6, width=32), max_size=6), max_size=8)


def jagged(content: list[list[float]]) -> Any:
    """Also where all lists are empty, their content is of numbers."""
    return ak.unflatten(
        np.array([x for row in content for x in row], np.float64), np.array([len(row) for row in content], np.int64)
    )


@given(lists)
def test_counts_and_entries_rebuild_the_column(content: list[list[float]]) -> None:
    column = jagged(content)
    assert ak.unflatten(flat(column), counts_of(column)).to_list() == content


@given(lists, st.integers(0, 7))
def test_padding_agrees_with_awkward(content: list[list[float]], length: int) -> None:
    column = jagged(content)
    values, mask = pad(flat(column), counts_of(column), length, dtype=np.float64)
    clipped = ak.pad_none(column, length, clip=True)
    assert values.tolist() == ak.fill_none(clipped, 0.0).to_list()
    assert mask.tolist() == (~ak.is_none(clipped, axis=1)).to_list()
    assert values.shape == mask.shape == (len(content), length)


def test_padding_of_several_features_at_once() -> None:
    values = np.arange(12.0).reshape(6, 2)
    padded, mask = pad(values, np.array([1, 0, 4, 1]), 3)
    assert padded.dtype == np.float32
    assert padded.shape == (4, 3, 2)
    np.testing.assert_array_equal(padded[2], values[1:4])
    np.testing.assert_array_equal(padded[3, 0], values[5])
    assert (padded[~mask] == 0).all()
    assert mask.sum(1).tolist() == [1, 0, 3, 1]


@given(lists)
def test_sums_agree_with_awkward(content: list[list[float]]) -> None:
    column = jagged(content)
    found = segment_sum(flat(column), counts_of(column))
    np.testing.assert_allclose(found, ak.to_numpy(ak.sum(column, axis=1)), rtol=1e-12, atol=1e-6)
    assert found.dtype == np.float64


def test_sums_of_single_precision_are_made_in_double() -> None:
    values = np.full(2**20, 0.1, np.float32)
    exact = 2**20 * float(np.float32(0.1))
    assert segment_sum(values, np.array([2**20]))[0] == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("column", [ak.Array([1.0, 2.0]), ak.Array([[1.0], None, [2.0]])])
def test_a_column_that_is_not_jagged_or_misses_lists_is_refused(column: Any) -> None:
    with pytest.raises(DataError, match="a jagged column is needed, not"):
        counts_of(column)


@pytest.mark.parametrize("column", [ak.Array([[1.0, None], [2.0]]), ak.Array([["a"], ["b"]])])
def test_entries_that_are_no_numbers_are_refused(column: Any) -> None:
    with pytest.raises(DataError, match="cannot be used as lists of numbers"):
        flat(column)


def test_entries_take_the_dtype_that_is_asked_for() -> None:
    assert flat(ak.Array([[True, False], []]), np.float32).dtype == np.float32
    assert flat(ak.Array([[1, 2], [3]])).dtype == np.float64


def test_momenta_of_sorted_records_are_those_that_awkward_gives() -> None:
    random = np.random.default_rng(0)
    counts = np.array([3, 0, 5])
    column = ak.zip({name: ak.unflatten(random.normal(size=8), counts) for name in ("px", "py", "pz", "E")})
    column = column[ak.argsort(column.px)][[2, 0]]
    for values, name in zip(cartesian(column), ("px", "py", "pz", "E"), strict=True):
        assert values.tolist() == ak.flatten(column[name]).to_list()
    with pytest.raises(DataError, match="cannot be used as lists of numbers"):
        cartesian(ak.mask(column, column.px > 0))


def test_momenta_come_flat_in_the_order_that_is_wanted() -> None:
    column = ak.Array([[{"px": 1, "py": 2, "pz": 3, "E": 4}], [], [{"px": 5, "py": 6, "pz": 7, "E": -9e17}]])
    assert [values.tolist() for values in cartesian(column)] == [[1, 5], [2, 6], [3, 7], [4, -9e17]]
    assert [values.tolist() for values in cartesian(column, ("E", "px", "py", "pz"))][:2] == [[4, -9e17], [1, 5]]
    assert all(len(values) == 0 for values in cartesian(column[1:2]))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e18, -1e25])
@pytest.mark.parametrize("component", ["px", "py", "pz", "E"])
def test_momenta_that_are_no_numbers_are_refused(component: str, bad: float) -> None:
    rows = [[1.0, 1.0], [], [1.0], [bad, bad], [1.0, bad, 1.0]]
    fine = ak.zeros_like(ak.Array(rows))
    column = ak.zip(dict.fromkeys(("px", "py", "pz", "E"), fine) | {component: ak.Array(rows)})
    with pytest.raises(DataError, match=r"2 of 5 events have momenta .* first at row 3; .*drop_invalid=True"):
        cartesian(column)


def test_missing_lists_of_momenta_are_refused() -> None:
    column = ak.zip({name: ak.Array([[1.0], None, []]) for name in ("px", "py", "pz", "E")})
    with pytest.raises(DataError, match="a jagged column is needed"):
        cartesian(column)
