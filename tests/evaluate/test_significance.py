from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import norm, poisson

from kaon.data import Predictions
from kaon.errors import DataError
from kaon.evaluate import asimov_significance, significance_improvement


def test_published_values() -> None:
    assert asimov_significance(100, 1000) == pytest.approx(3.1117, abs=5e-5)
    np.testing.assert_allclose(
        asimov_significance([50, 100, 200, 300], 1000, 50), [0.8334, 1.6443, 3.2049, 4.6922], atol=5e-5
    )


def direct(s: float, b: float, sigma: float) -> float:
    """The formula as it is printed."""
    v, n = sigma**2, s + b
    first = n * np.log(n * (b + v) / (b * b + n * v))
    return float(np.sqrt(2 * (first - b * b / v * np.log(1 + v * s / (b * (b + v))))))


@given(st.floats(5, 1e3), st.floats(5, 1e3), st.floats(1, 100))
def test_it_is_the_printed_formula(s: float, b: float, sigma: float) -> None:
    assert asimov_significance(s, b, sigma) == pytest.approx(direct(s, b, sigma), rel=1e-6)


@given(st.floats(1, 200), st.floats(5, 500), st.floats(1, 50))
def test_it_is_the_likelihood_ratio(s: float, b: float, sigma: float) -> None:
    """A Poisson count s + b beside a control count (b / sigma)^2 with expectation tau * b, profiled numerically."""
    n, tau = s + b, b / sigma**2

    def minus_log_l(background: float) -> float:
        return float(background - n * np.log(background) + tau * background - tau * b * np.log(tau * background))

    fit = minimize_scalar(minus_log_l, bounds=(b / 2, n + b), method="bounded", options={"xatol": 1e-9})
    best = n - n * np.log(n) + tau * b - tau * b * np.log(tau * b)
    assert asimov_significance(s, b, sigma) ** 2 == pytest.approx(2 * (fit.fun - best), rel=1e-5, abs=1e-6)


@given(st.floats(1e-12, 1e-3), st.floats(0.1, 1e8), st.floats(0, 10))
def test_small_signals_reach_the_simple_limit(ratio: float, b: float, relative: float) -> None:
    s, sigma = ratio * b, relative * b
    assert asimov_significance(s, b, sigma) == pytest.approx(s / np.sqrt(b + sigma**2), rel=2 * ratio + 1e-12)


@given(st.floats(0, 1e3), st.floats(0.1, 1e4), st.floats(0, 1e3))
def test_more_uncertainty_is_never_better(s: float, b: float, sigma: float) -> None:
    z = asimov_significance(s, b, sigma)
    assert 0 <= z <= asimov_significance(s, b) + 1e-12
    assert asimov_significance(s, b, 2 * sigma) <= z + 1e-12
    assert asimov_significance(2 * s, b, sigma) >= z


def test_small_uncertainty_joins_the_limit_of_none() -> None:
    assert asimov_significance(100, 1000, 1e-9) == pytest.approx(asimov_significance(100, 1000), rel=1e-12)


def test_median_of_toys() -> None:
    """With a known background Z is the p-value of the median count, to the accuracy of asymptotics."""
    median = poisson.median(1100)
    assert norm.isf(poisson.sf(median - 1, 1000)) == pytest.approx(asimov_significance(100, 1000), abs=0.05)


def test_limits_without_background_or_signal() -> None:
    np.testing.assert_array_equal(asimov_significance([0, 1, 0, 1], [10, 0, 0, 0], [1, 0, 0, 1]), [0, np.inf, 0, 0])
    assert isinstance(asimov_significance(1, 2), float)
    assert asimov_significance(np.ones((3, 1)), np.ones(4)).shape == (3, 4)


@pytest.mark.parametrize(
    "bad", [(-1, 1, 0), (1, -1, 0), (1, 1, -1), (np.nan, 1, 0), (1, np.inf, 0), ([1, 2], [1, 2, 3], 0), ("a", 1, 0)]
)
def test_bad_numbers_are_refused(bad: tuple[Any, Any, Any]) -> None:
    with pytest.raises(DataError):
        asimov_significance(*bad)


def test_curve_is_the_ratio_and_ends_at_one(predictions: Predictions) -> None:
    found = significance_improvement(predictions)
    p, t, w = predictions.signal_score, predictions.labels, predictions.weights
    i = len(found.value) // 3
    kept = p >= found.threshold[i]
    share = [w[kept & (t == c)].sum() / w[t == c].sum() for c in (0, 1)]
    assert found.value[i] == pytest.approx(share[1] / np.sqrt(share[0]))
    assert found.value[-1] == pytest.approx(1)
    assert found.maximum.value == np.nanmax(found.value[found.reliable])
    assert found.maximum.value > 1


def test_maximum_of_two_gaussians() -> None:
    """The true maximum over cuts that keep at least the background share where the guard ends."""
    n = 400_000
    rng = np.random.default_rng(2)
    target = np.arange(n) % 2
    found = significance_improvement(rng.normal(size=n) + 1.5 * target, target, max_relative_error=0.02)
    cuts = np.linspace(-3, norm.isf(2500 / (n / 2)), 2000)
    truth = (norm.sf(cuts - 1.5) / np.sqrt(norm.sf(cuts))).max()
    assert found.maximum.value == pytest.approx(truth, abs=5 * found.maximum.error)
    assert found.maximum.error / found.maximum.value == pytest.approx(0.01, rel=0.2)  # half of 2%


def test_a_lucky_tail_is_not_believed() -> None:
    rng = np.random.default_rng(0)
    target = np.repeat([0, 1], [1000, 1000])
    score = np.concatenate([rng.uniform(0, 1, 1000), rng.uniform(0, 1, 1000)])
    score[:1] = 0.999
    score[1000:1100] = 0.9995  # 100 signal events above the one background event: SIC 0.1 / sqrt(0.001) = 3.2
    found = significance_improvement(score, target)
    assert np.nanmax(found.value) > 3
    assert found.maximum.value < 1.3
    background = (score[target == 0] >= found.best_threshold).sum()
    assert background >= 25


def test_few_events_keep_the_trivial_cut() -> None:
    found = significance_improvement([0.1, 0.9], [0, 1])
    assert found.maximum.value == 1
    assert found.best_efficiency == 1
    assert np.isnan(found.value[0])
