from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from kaon.data import Predictions
from kaon.errors import ConfigError, DataError
from kaon.evaluate import background_rejection, bootstrap, rejection_curve


def true_rejection(shift: float, efficiency: float) -> float:
    return float(1 / norm.sf(norm.isf(efficiency) + shift))


@pytest.mark.parametrize("efficiency", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("weighted", [False, True])
def test_stated_error_covers_the_truth(efficiency: float, weighted: bool) -> None:
    """Pulls of 600 toys have mean 0 and width 1; their own errors are 0.04 and 0.03."""
    rng = np.random.default_rng(11)
    toys, n, shift = 600, 2000, 1.0
    target = np.arange(n) % 2
    pulls = []
    for _ in range(toys):
        weight = rng.choice([-0.2, 1.0, 2.0], n, p=[0.1, 0.5, 0.4]) if weighted else None
        found = background_rejection(rng.normal(size=n) + shift * target, target, efficiency, weight)
        # the error is Gaussian in the background efficiency, not in its inverse
        pulls.append((1 / found.value - 1 / true_rejection(shift, efficiency)) * found.value**2 / found.error)
    assert abs(np.mean(pulls)) < 0.2
    assert np.std(pulls) == pytest.approx(1, abs=0.13)


def test_error_agrees_with_the_bootstrap() -> None:
    rng = np.random.default_rng(5)
    n = 20_000
    target = np.arange(n) % 2
    score, weight = rng.normal(size=n) + target, rng.uniform(0.2, 2, n)
    stated = background_rejection(score, target, 0.3, weight)
    resampled = bootstrap(lambda s, t, w: background_rejection(s, t, 0.3, w).value, score, target, weight, n=300)
    assert stated.error == pytest.approx(resampled.error, rel=0.2)  # 4% from 300 replicas, and the shape of 1/x


def test_large_sample_limit() -> None:
    rng = np.random.default_rng(1)
    n = 400_000
    target = np.arange(n) % 2
    found = background_rejection(rng.normal(size=n) + 2 * target, target, 0.3)
    assert found.value == pytest.approx(true_rejection(2, 0.3), abs=5 * found.error)
    assert found.error / found.value < 0.05


def test_counts_without_ties_are_exact() -> None:
    # ten signal events above all but 2, 5 of ten background events, in the order b s s s b b ...
    score = np.arange(20.0)[::-1]
    target = np.array([0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    assert background_rejection(score, target, 0.3).value == 10
    assert background_rejection(score, target, 0.4).value == pytest.approx(10 / 3)
    assert background_rejection(score, target, 1.0).value == pytest.approx(10 / 3)


def test_all_scores_equal_is_a_random_choice() -> None:
    for efficiency in (0.1, 0.3, 0.77, 1.0):
        found = background_rejection(np.zeros(100), np.arange(100) % 2, efficiency)
        assert found.value == pytest.approx(1 / efficiency)


@given(st.integers(0, 10_000), st.floats(0.05, 1.0), st.floats(0.01, 100))
def test_laws(seed: int, efficiency: float, scale: float) -> None:
    rng = np.random.default_rng(seed)
    n = 60
    target = np.arange(n) % 2
    score = rng.integers(-20, 20, n) + 5 * target
    weight = rng.integers(1, 5, n) / 2
    first = background_rejection(score, target, efficiency, weight)
    for other in (
        background_rejection(np.arctan(score / 9), target, efficiency, weight),
        background_rejection(score, target, efficiency, weight * scale),
        background_rejection(score[::-1], target[::-1], efficiency, weight[::-1]),
    ):
        assert other.value == pytest.approx(first.value)
        assert other.error == pytest.approx(first.error)
        assert other.lower == pytest.approx(first.lower)
    assert first.value >= 1
    assert first.lower is not None
    assert 1 <= first.lower <= first.value


def test_rejection_falls_with_efficiency(predictions: Predictions) -> None:
    curve = rejection_curve(predictions)
    assert (np.diff(1 / curve.value) >= -1e-12).all()
    assert curve.value[-1] >= 1
    i = int(np.argmin(abs(curve.signal_efficiency - 0.3)))
    single = background_rejection(predictions, signal_efficiency=float(curve.signal_efficiency[i]))
    assert (single.value, single.error, single.lower) == (curve.value[i], curve.error[i], curve.lower[i])


@pytest.mark.parametrize("n", [10, 1000, 50_000])
def test_without_background_left_there_is_a_limit(n: int) -> None:
    score, target = np.repeat([0.0, 1.0], [n, 5]), np.repeat([0, 1], [n, 5])
    found = background_rejection(score, target, 0.3)
    assert math.isinf(found.value)
    assert math.isinf(found.error)
    assert found.lower == pytest.approx(1 / (1 - 0.05 ** (1 / n)))  # (1 - eps)^n = 5%
    assert str(found).startswith(">")


def test_limit_is_that_of_clopper_and_pearson() -> None:
    score = np.arange(220.0)[::-1]
    target = np.zeros(220, int)
    target[7:27] = 1  # 7 of 200 background events pass every signal cut
    found = background_rejection(score, target, 0.5)
    exact = binomtest(7, 200).proportion_ci(0.9, "exact").high  # 95% one-sided
    assert found.lower == pytest.approx(1 / exact)


def test_negative_background_above_the_cut_is_no_background() -> None:
    score, target = np.array([5.0, 4, 3, 1, 0]), np.array([0, 1, 0, 0, 0])
    found = background_rejection(score, target, 1.0, np.array([-0.5, 1, 1, 1, 1]))
    assert math.isinf(found.value)
    assert found.lower is not None
    assert math.isfinite(found.lower)


def test_bad_input_is_refused() -> None:
    for bad in (0.0, -0.1, 1.2, math.nan):
        with pytest.raises(ConfigError, match="above 0, up to 1"):
            background_rejection([0.1, 0.9], [0, 1], bad)
    with pytest.raises(DataError):
        background_rejection([0.1, 0.9], [1, 1])
