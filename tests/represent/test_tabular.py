from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.errors import DataError, UnknownName
from kaon.represent.tabular import Tabular, numeric_columns


def events(**columns: Any) -> Events:
    return Events(ak.zip(columns, depth_limit=1), reserved=frozenset({"label"}))


def full() -> Events:
    return events(
        met=np.array([1.5, 2.5, 3.5]),
        label=np.array([0, 1, 0]),
        hits=np.array([1, 2, 3], np.int16),
        tagged=np.array([True, False, True]),
        jets=ak.Array([[1.0], [], [2.0, 3.0]]),
        name=ak.Array(["a", "b", "c"]),
        image=np.zeros((3, 2, 2)),
        maybe=ak.Array([1.0, None, 2.0]),
    )


def test_every_number_an_event_is_a_feature_unless_it_is_reserved() -> None:
    assert numeric_columns(full()) == ["met", "hits", "tagged"]
    batch = Tabular().fit_transform(full())
    np.testing.assert_array_equal(batch.inputs["features"], [[1.5, 1, 1], [2.5, 2, 0], [3.5, 3, 1]])
    assert batch.inputs["features"].dtype == np.float32


def test_chosen_features_come_in_the_order_asked_for() -> None:
    fitted = Tabular(["tagged", "met"]).fit(full())
    assert fitted.spec["features"].features == ("tagged", "met")
    np.testing.assert_array_equal(fitted.transform(full()).inputs["features"], [[1, 1.5], [0, 2.5], [1, 3.5]])


def test_other_columns_and_their_order_do_not_matter_later() -> None:
    fitted = Tabular().fit(events(a=np.array([1.0, 2.0]), b=np.array([3.0, 4.0])))
    other = events(new=np.array([9.0]), b=np.array([5.0]), a=np.array([6.0]))
    np.testing.assert_array_equal(fitted.transform(other).inputs["features"], [[6, 5]])
    again = Tabular.from_state(fitted.state())
    np.testing.assert_array_equal(again.transform(other).inputs["features"], [[6, 5]])


def test_fitting_again_looks_at_the_columns_afresh() -> None:
    fitted = Tabular().fit(events(a=np.array([1.0])))
    assert fitted.fit(events(b=np.array([1.0]))).spec["features"].features == ("b",)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e39])
def test_a_value_that_is_no_number_names_column_and_row(bad: float) -> None:
    wrong = events(a=np.ones(3), b=np.array([1.0, bad, 2.0]))
    with pytest.raises(
        DataError, match=r"'b' is NaN or infinite .* in 1 events, first at row 1; read with drop_invalid"
    ):
        Tabular().fit(wrong)
    fitted = Tabular().fit(events(a=np.ones(3), b=np.ones(3)))
    with pytest.raises(DataError, match="'b' is NaN"):
        fitted.transform(wrong)


@pytest.mark.parametrize("name", ["jets", "name", "image", "maybe"])
def test_a_column_that_is_not_one_number_an_event_is_refused(name: str) -> None:
    with pytest.raises(DataError, match=f"the column '{name}' holds .*, not one number an event"):
        Tabular([name]).fit(full())


def test_a_missing_column_lists_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean met"):
        Tabular(["mett"]).fit(full())
    fitted = Tabular(["met"]).fit(full())
    with pytest.raises(UnknownName, match="unknown column 'met'"):
        fitted.transform(events(other=np.ones(2)))


def test_nothing_to_learn_from() -> None:
    with pytest.raises(DataError, match="no numeric columns to learn from"):
        Tabular().fit(events(label=np.array([0, 1]), name=ak.Array(["a", "b"])))
