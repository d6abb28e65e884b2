from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from kaon.data import Events, Input, InputSpec
from kaon.errors import BundleError, DataError, NotFitted
from kaon.represent.base import Representation


class Lists(Representation):
    """Two numbers an entry of a padded list, standardised, and the list's mask."""

    requires: ClassVar[tuple[str, ...]] = ("x", "y")
    standardised: ClassVar[tuple[str, ...]] = ("values",)

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__(factor=factor)

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        x, y = (np.asarray(events[name], np.float32) * np.float32(self.options["factor"]) for name in ("x", "y"))
        mask = x != 0
        return {"values": np.stack([x, y], axis=-1), "mask": mask}

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        return InputSpec((Input("values", (3, 2), features=("x", "y")), Input("mask", (3,), "bool")))


def events(x: Any, y: Any = None) -> Events:
    x = np.asarray(x, float)
    return Events(ak.Array({"x": x, "y": np.zeros_like(x) if y is None else np.asarray(y, float)}))


def test_an_unfitted_representation_refuses_to_run() -> None:
    says = "Lists is not fitted; call fit"
    with pytest.raises(NotFitted, match=says):
        Lists().transform(events([[1, 2, 3]]))
    with pytest.raises(NotFitted, match=says):
        Lists().state()
    with pytest.raises(NotFitted, match=says):
        _ = Lists().spec
    with pytest.raises(NotFitted, match=says):
        Lists().example(3)


@given(hnp.arrays(np.float32, (5, 3, 2), elements=st.floats(-1000, 1000, width=32)))
def test_the_fitted_constants_standardise_the_real_rows_of_the_training_events(values: NDArray[Any]) -> None:
    sample = events(values[..., 0], values[..., 1])
    fitted = Lists().fit(sample)
    batch = fitted.transform(sample)
    rows = batch.inputs["values"][batch.inputs["mask"]].astype(float)
    item = fitted.spec["values"]
    assert np.isfinite([item.shift, item.scale]).all()
    standard = (rows - np.array(item.shift)) * np.array(item.scale)
    if len(rows) > 1:
        for j in range(2):
            constant = rows[:, j].std() < 1e-6 * max(1, abs(rows[:, j].mean()))
            np.testing.assert_allclose(standard[:, j].mean(), 0, atol=1e-3)
            np.testing.assert_allclose(standard[:, j].std(), 0 if constant else 1, atol=1e-3)


def test_a_feature_that_never_changes_is_centred_and_not_blown_up() -> None:
    fitted = Lists().fit(events([[5.0, 5.0, 5.0], [5.0, 5.0, 0.0]]))
    assert fitted.spec["values"].shift == (5.0, 0.0)
    assert fitted.spec["values"].scale == (1.0, 1.0)


def test_padding_only_leaves_the_values_alone() -> None:
    fitted = Lists().fit(events([[0.0, 0.0, 0.0]]))
    assert (fitted.spec["values"].shift, fitted.spec["values"].scale) == ((0.0, 0.0), (1.0, 1.0))


def test_transforming_other_events_changes_nothing_that_was_fitted() -> None:
    train, test = events([[1.0, 2.0, 3.0]]), events([[100.0, 200.0, 300.0]])
    fitted = Lists().fit(train)
    before = fitted.spec
    alone = fitted.transform(test)
    assert fitted.spec is before
    np.testing.assert_array_equal(alone.inputs["values"][..., 0], [[100, 200, 300]], "values are not normalised here")


def test_fitting_again_forgets() -> None:
    one, two = events([[1.0, 2.0, 3.0]]), events([[10.0, 20.0, 30.0]])
    assert Lists().fit(one).fit(two).spec == Lists().fit(two).spec


def test_fit_transform_is_fit_and_transform() -> None:
    sample = events([[1.0, 2.0, 3.0], [4.0, 0.0, 0.0]])
    a, b = Lists(), Lists()
    once, twice = a.fit_transform(sample), b.fit(sample).transform(sample)
    assert a.spec == b.spec
    for name in ("values", "mask"):
        np.testing.assert_array_equal(once.inputs[name], twice.inputs[name])


def test_roles_go_along() -> None:
    sample = events([[1.0, 2.0, 3.0]] * 2)
    given = Events(sample.array, np.array([0, 1]), np.array([-1.0, 2.0]), np.array([7, 8]))
    batch = Lists().fit_transform(given)
    assert (batch.labels.tolist(), batch.weights.tolist()) == ([0, 1], [-1.0, 2.0])
    assert batch.index is not None
    assert batch.index.tolist() == [7, 8]


def test_state_survives_json_to_the_last_bit() -> None:
    fitted = Lists(factor=0.1).fit(events(np.random.default_rng(0).normal(size=(50, 3))))
    again = Lists.from_state(json.loads(json.dumps(fitted.state())))
    assert again.spec == fitted.spec
    assert again.options == fitted.options
    sample = events([[1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(again.transform(sample).inputs["values"], fitted.transform(sample).inputs["values"])


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"options": {}},
        {"options": {"wrong": 1}, "spec": "[]"},
        {"options": {}, "spec": "["},
        {"options": 3, "spec": "[]"},
    ],
)
def test_a_state_of_something_else_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match="not the state of a fitted Lists"):
        Lists.from_state(state)


def test_missing_columns_and_missing_events_are_told() -> None:
    bare = Events(ak.Array({"x": np.ones((1, 3))}))
    with pytest.raises(DataError, match=r"Lists needs the columns \['y'\]; memory has \['x'\]"):
        Lists().fit(bare)
    with pytest.raises(DataError, match="cannot be fitted to no events"):
        Lists().fit(events(np.zeros((0, 3))))
    fitted = Lists().fit(events([[1.0, 2.0, 3.0]]))
    with pytest.raises(DataError, match=r"needs the columns \['y'\]"):
        fitted.transform(bare)
    with pytest.raises(DataError, match=r"needed: \(events, 3, 2\)"):
        fitted.transform(events([[1.0, 2.0]]))
