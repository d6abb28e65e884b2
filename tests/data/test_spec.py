from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaon.data import Input, InputSpec
from kaon.errors import DataError, UnknownName

numbers = st.floats(allow_nan=False, allow_infinity=False)
sensible = st.floats(-1e6, 1e6).map(lambda x: 1.0 if abs(x) < 1e-6 else x)


@st.composite
def inputs(draw: st.DrawFn, name: str, constants: st.SearchStrategy[float]) -> Input:
    axes = draw(st.lists(st.integers(1, 5) | st.sampled_from(["constituents", "tracks"]), max_size=2))
    width = draw(st.integers(1, 4))
    columns: st.SearchStrategy[list[float]] = st.lists(constants, min_size=width, max_size=width) | st.just([])
    return Input(
        name,
        (*axes, width),
        draw(st.sampled_from(["float32", "float64", "int64", "bool"])),
        draw(st.just(()) | st.just(tuple(f"f{i}" for i in range(width)))),
        tuple(draw(columns)),
        tuple(draw(columns)),
    )


def specs(constants: st.SearchStrategy[float]) -> st.SearchStrategy[InputSpec]:
    return st.lists(st.text(max_size=5), unique=True, max_size=4).flatmap(
        lambda names: st.tuples(*(inputs(name, constants) for name in names)).map(InputSpec)
    )


@given(specs(numbers))
def test_json_keeps_every_bit(spec: InputSpec) -> None:
    assert InputSpec.from_json(spec.to_json()) == spec


@given(specs(sensible), st.integers(0, 3))
def test_an_example_passes_its_own_check(spec: InputSpec, events: int) -> None:
    spec.check(spec.example(events, {"tracks": 2}))


def test_an_example_is_spread_about_the_fitted_mean_and_seeded() -> None:
    item = Input("x", ("constituents", 2), shift=(10.0, -5.0), scale=(0.5, 4.0))
    spec = InputSpec((item, Input("mask", ("constituents",), "bool")))
    made = spec.example(400, {"constituents": 25}, seed=1)
    standard = (made["x"] - np.array(item.shift)) * np.array(item.scale)
    error = 1 / math.sqrt(standard[..., 0].size)
    assert np.abs(standard.mean((0, 1))).max() < 5 * error
    assert np.abs(standard.std((0, 1)) - 1).max() < 5 * error
    assert made["mask"].all()
    np.testing.assert_array_equal(made["x"], spec.example(400, {"constituents": 25}, seed=1)["x"])
    assert spec.example(1)["x"].shape == (1, 16, 2)


def test_an_example_has_integers_that_point_to_something_and_padding_where_asked_for() -> None:
    index = Input("index", ("nodes", 2), "int64")
    spec = InputSpec((Input("x", ("nodes", 3)), index, Input("mask", ("nodes",), "bool"), Input("jet", (2,))))
    made = spec.example(50, {"nodes": 7}, full=False)
    counts = made["mask"].sum(1)
    assert (counts[0], counts[1], len(set(counts)) > 3) == (0, 7, True)
    np.testing.assert_array_equal(made["mask"], np.arange(7) < counts[:, None])
    assert ((made["x"] != 0).all(2) == made["mask"]).all()
    assert (made["index"] == 0).all()
    assert (made["jet"] != 0).all()
    assert spec.example(3)["mask"].all()
    assert spec.example(3, {"nodes": 1}, full=False)["mask"].all()


def test_inputs_are_found_by_name() -> None:
    spec = InputSpec((Input("features", ("constituents", 3)), Input("mask", ("constituents",), "bool")))
    assert spec["features"].width == 3
    assert (spec.names, spec.dynamic_axes) == (["features", "mask"], ["constituents"])
    assert ("mask" in spec, "points" in spec) == (True, False)
    assert [item.name for item in spec] == spec.names
    with pytest.raises(UnknownName, match=r"unknown input 'feature'; did you mean features\?"):
        spec["feature"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"shape": (0,)},
        {"shape": (-1,)},
        {"shape": (2.0,)},
        {"shape": (True,)},
        {"shape": ("",)},
        {"dtype": "object"},
        {"features": ("a",)},
        {"shift": (1.0,)},
        {"scale": (1.0, 2.0, 3.0)},
        {"shift": (1.0, math.nan)},
        {"scale": (1.0, math.inf)},
        {"shape": (), "shift": (1.0,)},
        {"shape": ("constituents",), "features": ("a", "b")},
    ],
)
def test_an_impossible_input_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="input 'x'"):
        Input(**({"name": "x", "shape": (2,)} | wrong))


def test_two_inputs_of_one_name_are_refused() -> None:
    with pytest.raises(DataError, match="the same name"):
        InputSpec((Input("x", (1,)), Input("x", (2,))))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, r"'x' is missing; given: \[\], needed: \['x'\]"),
        ({"x": np.zeros((4, 2), "float64")}, r"dtype float64; needed: \(events, constituents, 2\) and float32"),
        ({"x": np.zeros((4, 2), "float32")}, r"shape \(4, 2\)"),
        ({"x": np.zeros((4, 7, 3), "float32")}, r"shape \(4, 7, 3\)"),
    ],
)
def test_arrays_that_do_not_fit_are_told_what_is_needed(given: dict[str, Any], says: str) -> None:
    spec = InputSpec((Input("x", ("constituents", 2)),))
    spec.check({"x": np.zeros((4, 7, 2), "float32"), "more": np.zeros(1)})
    with pytest.raises(DataError, match=says):
        spec.check(given)


@pytest.mark.parametrize(
    "text", ["", "{", "5", "null", '["x"]', '[{"name": "x"}]', '[{"name": "x", "shape": [1], "more": 1}]', '{"a": 1}']
)
def test_what_is_no_specification_is_refused(text: str) -> None:
    with pytest.raises(DataError):
        InputSpec.from_json(text)
