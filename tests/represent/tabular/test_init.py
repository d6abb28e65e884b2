from __future__ import annotations

import json
from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.errors import BundleError, ConfigError, DataError, UnknownName
from kaon.evaluate import auc
from kaon.learn.train import train
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


# Transforms and missing values --------------------------------------------------------------------------------------


def measured(count: int = 500, seed: int = 0) -> Events:
    """A falling spectrum, an angle, and a mass that a third of the events lack."""
    random = np.random.default_rng(seed)
    mass = np.where(random.random(count) < 1 / 3, -999.0, random.normal(90, 10, count))
    return events(pt=random.exponential(40, count) + 20, phi=random.uniform(-3, 3, count), mass=mass)


def test_transforms_are_fitted_on_training_events_and_saved() -> None:
    made = Tabular(transform={"pt": "log", "*": "normal"}, missing="median")
    batch = made.fit_transform(measured())
    item = made.spec["features"]
    assert item.features == ("pt", "phi", "mass", "mass_missing")
    np.testing.assert_allclose(batch.inputs["features"][:, 0], np.log(measured()["pt"]), rtol=1e-5)
    np.testing.assert_array_equal(batch.inputs["features"][:, 3], measured()["mass"] == -999)
    other = measured(50, seed=1)
    again = Tabular.from_state(json.loads(json.dumps(made.state())))
    np.testing.assert_array_equal(again.transform(other).inputs["features"], made.transform(other).inputs["features"])
    assert again.state() == made.state()


def test_fitting_again_finds_other_constants_by_the_same_options() -> None:
    made = Tabular(transform="auto", missing="median").fit(measured())
    before = made.state()
    assert made.fit(measured(200, seed=2)).state() != before
    assert made.fit(measured()).state() == before
    assert Tabular(**made.options).fit(measured()).state() == before


def test_robust_scaling_is_the_median_and_the_quartiles() -> None:
    x = np.append(np.random.default_rng(0).normal(5, 2, 1000), 1e6)
    item = (
        Tabular(scaling="robust").fit(events(x=x, flat=np.ones(1001), rare=np.arange(1001) % 9 == 0)).spec["features"]
    )
    low, middle, high = np.quantile(x, (0.25, 0.5, 0.75))
    np.testing.assert_allclose((item.shift[0], item.scale[0]), (middle, 1 / (high - low)), rtol=1e-5)
    assert (item.shift[1:], item.scale[1:]) == ((1, 0), (1, 2)), "constant; and one of rare truth values"


def test_kept_missing_values_do_not_count_in_the_normalisation() -> None:
    made = Tabular(missing="keep")
    x = made.fit_transform(measured()).inputs["features"][:, 2]
    known = x[~np.isnan(x)]
    assert 0 < len(known) < len(x)
    item = made.spec["features"]
    assert item.shift[2] == pytest.approx(known.mean(), rel=1e-6)
    assert 1 / item.scale[2] == pytest.approx(known.std(), rel=1e-6)


def test_trees_learn_from_what_is_missing() -> None:
    sample = measured(2000)
    target = (np.asarray(sample["mass"]) == -999).astype(int)
    labelled = Events(sample.array, target)
    for model in ("bdt", "bdt_sklearn"):
        tagger = train(model, labelled, representation="tabular", representation_options={"missing": "keep"})
        assert auc(tagger.predict(labelled).score[:, 1], target) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"transform": "root"}, r"transform of \*='root' of tabular; allowed: none, log, uniform, normal, auto"),
        ({"transform": {"pt": "sqrt"}}, "transform of pt='sqrt'"),
        ({"transform": {"ptt": "log"}}, r"\['ptt'\], which are not among the features"),
        ({"missing": "drop"}, "allowed: error, median, keep"),
        ({"scaling": "minmax"}, "allowed: standard, robust"),
    ],
)
def test_options_that_do_not_exist(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Tabular(**options).fit(measured())


def test_a_damaged_state_is_refused() -> None:
    state = Tabular(transform="normal").fit(measured()).state()
    for columns in ([{"name": "pt"}], [{"nam": "pt"}], ["pt"], [{"name": "pt", "transform": {"kind": "log"}}] * 3):
        with pytest.raises(BundleError):
            Tabular.from_state(state | {"columns": columns})
    state.pop("columns")
    assert Tabular.from_state(state), "written before there were transforms"
