from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest
from sklearn.preprocessing import QuantileTransformer

from kaon.errors import DataError
from kaon.represent.tabular.transform import Transform

RANDOM = np.random.default_rng(0)
SKEWED = RANDOM.lognormal(3, 1, 5000)


def test_none_is_the_value_itself() -> None:
    np.testing.assert_array_equal(Transform.fit("none", SKEWED, "x")(SKEWED), SKEWED.astype(np.float32))


def test_logarithm_of_positive_values_and_the_least_of_them_for_what_is_lower() -> None:
    made = Transform.fit("log", np.array([0.0, 0.5, 2.0]), "met")
    np.testing.assert_allclose(made(np.array([1.0, np.e, 0.5, 0.0, -3.0])), [0, 1, *[np.log(0.5)] * 3], rtol=1e-6)


@pytest.mark.parametrize("values", [[-1.0, 2.0], [0.0, 0.0]])
def test_no_logarithm(values: list[float]) -> None:
    with pytest.raises(DataError, match=r"'eta' holds values down to .*no logarithm; choose transform normal"):
        Transform.fit("log", np.array(values), "eta")


@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_scores_of_new_events_have_the_promised_distribution(kind: str) -> None:
    fresh = RANDOM.lognormal(3, 1, 3000)
    made = Transform.fit(kind, SKEWED, "x")(fresh)
    # The training sample is random too: the p-value is that of two samples with this many events each.
    effective = int(1 / (1 / 3000 + 1 / 5000))
    assert kstest(made[:effective], "uniform" if kind == "uniform" else "norm").pvalue > 1e-3


@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_scores_agree_with_scikit_learns(kind: str) -> None:
    ties = np.round(SKEWED)
    theirs = QuantileTransformer(n_quantiles=1000, output_distribution=kind, subsample=None).fit(ties[:, None])
    inside = np.sort(ties)[50:-50]
    np.testing.assert_allclose(
        Transform.fit(kind, ties, "x")(inside), theirs.transform(inside[:, None])[:, 0], atol=1e-4
    )


def test_a_value_beyond_training_is_no_further_out_than_the_last_one() -> None:
    made = Transform.fit("normal", SKEWED, "x")
    low, high = made(np.array([-1e30, 1e30]))
    np.testing.assert_allclose([low, high], made(np.array([SKEWED.min(), SKEWED.max()])))
    assert -low == pytest.approx(high) == pytest.approx(3.719, abs=0.001), "inverse of 1 - 1/10,000"
    assert Transform.fit("uniform", SKEWED, "x")(np.array([-1e30, 1e30])).tolist() == [0, 1]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.sampled_from(["uniform", "normal", "auto"]))
def test_order_is_kept_and_everything_is_finite(values: list[float], kind: str) -> None:
    made = Transform.fit(kind, np.array(values), "x")
    x = np.sort(np.array([*values, -1e7, 0.0, 1e7]))
    score = made(x)
    assert np.isfinite(score).all()
    assert (np.diff(score) >= 0).all()


def test_not_a_number_stays_one() -> None:
    for kind in ("none", "log", "uniform", "normal"):
        np.testing.assert_array_equal(
            np.isnan(Transform.fit(kind, SKEWED, "x")(np.array([np.nan, 1.0]))), [True, False], err_msg=kind
        )


def test_auto_looks_at_the_tail() -> None:
    normal = RANDOM.normal(size=5000)
    tail = np.append(normal, 50.0)
    for values, kind in (
        (normal, "none"),
        (RANDOM.random(5000), "none"),
        (np.repeat([0.0, 1.0, 2.0], 100), "none"),
        (np.ones(10), "none"),
        (np.exp(tail / 5), "log"),
        (tail, "normal"),
    ):
        assert Transform.fit("auto", values, "x").kind == kind


@pytest.mark.parametrize(
    "state",
    [
        {"kind": "root"},
        {"kind": "log"},
        {"kind": "log", "points": [-1.0]},
        {"kind": "uniform", "points": [1.0]},
        {"kind": "normal", "points": [2.0, 1.0]},
        {"kind": "normal", "points": [0.0, float("nan")]},
    ],
)
def test_a_damaged_state(state: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a transform"):
        Transform(**state)
