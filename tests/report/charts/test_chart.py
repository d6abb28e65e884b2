from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kaon.report.charts.chart import POINTS, band, class_colour, label, model_key, model_style, numbers, thin


@given(st.lists(st.floats(), max_size=30))
def test_numbers_are_json_and_close_to_what_was_given(values: list[float]) -> None:
    found = numbers(values, digits=6)
    json.dumps(found, allow_nan=False)
    for given_value, got in zip(values, found, strict=True):
        if np.isfinite(given_value):
            assert got is not None
            np.testing.assert_allclose(got, given_value, rtol=1e-5)
        else:
            assert got is None


@given(st.integers(2, 10**6), st.integers(2, POINTS))
def test_thinned_positions_keep_both_ends_and_their_order(count: int, most: int) -> None:
    rows = thin(count, most)
    assert rows[0] == 0
    assert rows[-1] == count - 1
    assert len(rows) == min(count, most)
    assert (np.diff(rows) > 0).all()


def test_band_leaves_out_what_is_not_finite() -> None:
    x = np.array([0.0, 1.0, 2.0])
    low, high = band(x, np.array([np.nan, 1.0, 2.0]), np.array([5.0, np.inf, 3.0]), "series-1", "pfn")
    assert (low["x"], low["y"]) == ([2.0], [2.0])
    assert (high["x"], high["y"]) == ([2.0], [3.0])
    assert high["meta"]["model"] == "pfn"


def test_two_dozen_models_look_different() -> None:
    assert len({model_style(i) for i in range(24)}) == 24


def test_key_of_a_model_has_its_colour_and_dash() -> None:
    assert (model_key("a", 0).colour, model_key("a", 0).mark) == (model_style(0)[0], "line")
    assert (model_key("b", 7).colour, model_key("b", 7).mark) == model_style(7)


def test_signal_has_its_own_colour() -> None:
    for count in (2, 5):
        colours = [class_colour(i, count) for i in range(count)]
        assert colours[-1] == "signal"
        assert len(set(colours)) == count


def test_labels_cannot_be_markup() -> None:
    assert label("<b>x</b> & y") == "&lt;b&gt;x&lt;/b&gt; &amp; y"
