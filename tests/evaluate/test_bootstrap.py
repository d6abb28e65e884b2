from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from kaon.data import Predictions
from kaon.errors import ConfigError, DataError
from kaon.evaluate import auc, background_rejection, bootstrap, rejection_curve


def mean(score: Any, target: Any, weight: Any) -> float:
    return float(np.average(score, weights=weight))


@pytest.mark.parametrize("resample", ["poisson", "multinomial"])
def test_error_of_a_mean(resample: Any) -> None:
    score = np.random.default_rng(0).normal(size=900)
    found = bootstrap(mean, score, np.arange(900) % 2, n=800, resample=resample)
    assert found.error == pytest.approx(score.std() / 30, rel=0.125)  # 800 replicas: 2.5%, 5 sigma
    assert found.value == pytest.approx(score.mean())
    assert found.high - found.low == pytest.approx(2 * found.error, rel=0.2)


def test_interval_covers_the_truth() -> None:
    """68% of 200 experiments, +- 3.3% each."""
    rng = np.random.default_rng(8)
    covered = 0
    for i in range(200):
        target = np.arange(400) % 2
        found = bootstrap(auc, rng.normal(size=400) + target, target, n=100, seed=i)
        covered += found.low <= 0.7602499 <= found.high  # Phi(1 / sqrt 2)
    assert 0.55 < covered / 200 < 0.80


def test_poisson_counts_change_the_sum_and_multinomial_ones_do_not() -> None:
    def total(score: Any, target: Any, weight: Any) -> float:
        return float(weight.sum())

    score, target = np.zeros(400), np.arange(400) % 2
    assert bootstrap(total, score, target, resample="multinomial").error == 0
    assert bootstrap(total, score, target, n=800).error == pytest.approx(20, rel=0.125)


def test_rows_of_one_collision_are_drawn_together() -> None:
    score = np.random.default_rng(0).normal(size=300)
    target, row = np.arange(300) % 2, np.arange(300)
    single = bootstrap(mean, score, target, n=800)
    fourfold = bootstrap(mean, np.tile(score, 4), np.tile(target, 4), n=800, groups=np.tile(row, 4))
    assert fourfold.error == pytest.approx(single.error, rel=0.15)
    assert bootstrap(mean, np.tile(score, 4), np.tile(target, 4), n=800).error < 0.6 * single.error


def test_same_seed_same_replicas_so_models_can_be_subtracted(predictions: Predictions) -> None:
    first, again, other = (bootstrap(auc, predictions, n=20, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.replicas, again.replicas)
    assert (first.replicas != other.replicas).any()
    blurred = predictions.signal_score + np.random.default_rng(0).normal(0, 0.05, len(predictions))
    second = bootstrap(auc, blurred, predictions.labels, predictions.weights, n=20, seed=1)
    assert (first.replicas - second.replicas).std() < 0.5 * first.error


def test_functions_may_return_estimates_arrays_or_come_from_elsewhere(predictions: Predictions) -> None:
    found = bootstrap(lambda s, t, w: background_rejection(s, t, 0.5, w), predictions, n=20)
    assert found.value == background_rejection(predictions, signal_efficiency=0.5).value
    points = np.array([0.3, 0.5, 0.7])
    band = bootstrap(lambda s, t, w: rejection_curve(s, t, points, w).value, predictions, n=20)
    assert band.low.shape == band.error.shape == (3,)
    assert band.replicas.shape == (20, 3)
    assert (band.low <= band.high).all()
    theirs = bootstrap(lambda s, t, w: roc_auc_score(t, s[:, 1], sample_weight=w), predictions, n=5)
    np.testing.assert_allclose(theirs.replicas, bootstrap(auc, predictions, n=5).replicas)


def test_bad_input_is_refused() -> None:
    good: Any = (auc, [0.1, 0.9], [0, 1])
    for bad in ({"n": 1}, {"level": 1.0}, {"resample": "jackknife"}):
        with pytest.raises(ConfigError):
            bootstrap(*good, **bad)
    with pytest.raises(DataError, match="more events"):
        bootstrap(*good)
    with pytest.raises(DataError, match="groups"):
        bootstrap(*good, groups=[1, 2, 3])
