from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from kaon.errors import ConfigError, DataError
from kaon.evaluate import asimov_significance
from kaon.evaluate.best_cut import best_cut
from kaon.evaluate.binning import best_binning, binned_significance

COUNTS = st.lists(st.tuples(st.floats(0.1, 100), st.floats(1, 1000)), min_size=1, max_size=6)


@given(st.floats(1, 300), st.floats(5, 2000), st.floats(0.01, 0.5))
def test_one_bin_is_the_counting_experiment(s: float, b: float, uncertainty: float) -> None:
    assert binned_significance([s], [b], uncertainty) == pytest.approx(
        asimov_significance(s, b, uncertainty * b), rel=1e-5
    )


@given(COUNTS, st.floats(0.02, 0.5))
def test_it_is_the_likelihood_ratio(bins: list[tuple[float, float]], uncertainty: float) -> None:
    """Profiled numerically over the common factor."""
    s, b = np.array(bins).T
    n, tau = s + b, uncertainty**-2

    def minus_log_l(theta: float) -> float:
        return float((theta * b - n * np.log(theta * b)).sum() + tau * theta - tau * np.log(theta))

    fit = minimize_scalar(minus_log_l, bounds=(0.5, 1 + s.sum() / b.sum()), method="bounded", options={"xatol": 1e-10})
    best = (n - n * np.log(n)).sum() + tau
    assert binned_significance(s, b, uncertainty) ** 2 == pytest.approx(2 * (fit.fun - best), rel=1e-4, abs=1e-5)


@given(COUNTS)
def test_bins_add_in_squares_and_merging_loses(bins: list[tuple[float, float]]) -> None:
    s, b = np.array(bins).T
    z = binned_significance(s, b)
    assert z**2 == pytest.approx((asimov_significance(s, b) ** 2).sum())
    for uncertainty in (0.0, 0.1):
        merged = binned_significance([s.sum()], [b.sum()], uncertainty)
        assert merged <= binned_significance(s, b, uncertainty) + 1e-6
    assert binned_significance(s, b, 1e-7) == pytest.approx(z, rel=1e-3)
    assert binned_significance(s, b, 0.2) <= z + 1e-9


def test_a_bin_of_signal_alone_is_certain() -> None:
    assert binned_significance([1.0, 1.0], [10.0, 0.0]) == np.inf
    assert binned_significance([1.0, 0.0], [10.0, 0.0]) == pytest.approx(asimov_significance(1, 10))


@pytest.fixture(scope="module")
def scores() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    target = np.arange(20_000) % 2
    return rng.normal(size=20_000) + 1.5 * target, target


def test_no_other_edges_among_many_are_better(scores: tuple[np.ndarray, np.ndarray]) -> None:
    """Every choice of two edges on a grid, none of which may beat the search by more than the grid's coarseness."""
    score, target = scores
    found = best_binning(score, target, bins=3, signal_events=100, background_events=1000)
    best = 0.0
    for edges in combinations(np.quantile(score, np.linspace(0.02, 0.98, 40)), 2):
        s, b = (np.histogram(score[target == c], [-np.inf, *edges, np.inf])[0] / 10_000 for c in (1, 0))
        if (b * 10_000 >= 25).all():
            best = max(best, binned_significance(100 * s, 1000 * b))
    assert best <= found.significance <= 1.02 * best


def test_the_histogram_is_that_of_its_edges(scores: tuple[np.ndarray, np.ndarray]) -> None:
    score, target = scores
    found = best_binning(score, target, bins=6, background_uncertainty=0.05)
    s, b = (np.histogram(score[target == c], found.edges)[0] for c in (1, 0))
    np.testing.assert_allclose(found.signal, s)
    np.testing.assert_allclose(found.background, b)
    assert found.significance == pytest.approx(binned_significance(s, b, 0.05))
    assert (b >= 25).all()  # max_relative_error = 0.2


def test_more_bins_are_never_worse_and_beat_the_best_cut(scores: tuple[np.ndarray, np.ndarray]) -> None:
    found = [best_binning(*scores, bins=n, signal_events=50, background_events=1000).significance for n in (1, 2, 4, 9)]
    assert found == sorted(found)
    assert found[0] == pytest.approx(asimov_significance(50, 1000))
    assert found[1] > best_cut(*scores, signal_events=50, background_events=1000).maximum.value


def test_a_score_that_knows_nothing_gains_nothing() -> None:
    rng = np.random.default_rng(5)
    found = best_binning(rng.uniform(size=50_000), np.arange(50_000) % 2, signal_events=10, background_events=1000)
    assert found.significance == pytest.approx(asimov_significance(10, 1000), rel=0.05)


def test_bad_numbers_are_refused(scores: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        best_binning(*scores, bins=0)
    with pytest.raises(DataError, match="negative"):
        binned_significance([-1.0], [1.0])
    with pytest.raises(DataError, match="shape"):
        binned_significance([1.0, 2.0], [1.0])
