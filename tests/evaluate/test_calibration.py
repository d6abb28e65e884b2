from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.calibration import calibration_curve as sklearn_curve

from kaon.data import Predictions
from kaon.errors import ConfigError, DataError
from kaon.evaluate import calibration_curve, expected_calibration_error


def calibrated(n: int, seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    p = rng.beta(0.7, 0.7, n)
    return p, (rng.random(n) < p).astype(int)


@pytest.mark.parametrize("spacing", ["uniform", "quantile"])
def test_agrees_with_scikit_learn(spacing: Any) -> None:
    p, target = calibrated(5000, 0)
    ours = calibration_curve(p, target, bins=12, spacing=spacing)
    observed, predicted = sklearn_curve(target, p, n_bins=12, strategy=spacing)
    np.testing.assert_allclose(ours.observed, observed)
    np.testing.assert_allclose(ours.predicted, predicted)


def test_calibrated_probabilities_lie_on_the_diagonal_within_errors() -> None:
    p, target = calibrated(200_000, 1)
    weight = np.random.default_rng(2).uniform(0.1, 3, len(p))
    curve = calibration_curve(p, target, weight, bins=50)
    pulls = (curve.observed - curve.predicted) / curve.error
    assert np.std(pulls) == pytest.approx(1, abs=0.4)  # 50 bins: 10% on a width, 4 sigma
    assert abs(pulls).max() < 5
    assert expected_calibration_error(p, target, weight, bins=50) < 0.01


def test_overconfidence_is_measured() -> None:
    target = np.arange(1000) % 2
    assert expected_calibration_error(target, target) == 0
    assert expected_calibration_error(1 - target, target) == 1
    # everyone says 0.8 and 50% are signal
    assert expected_calibration_error(np.full(1000, 0.8), target) == pytest.approx(0.3)


def test_doubling_events_or_weights_is_the_same(predictions: Predictions) -> None:
    twice = Predictions.concatenate([predictions, predictions])
    first, second = calibration_curve(twice), calibration_curve(predictions, weight=predictions.weights * 2)
    np.testing.assert_allclose(first.predicted, second.predicted)
    np.testing.assert_allclose(first.observed, second.observed)
    np.testing.assert_allclose(first.weight, second.weight)
    mixed = (first.observed > 0) & (first.observed < 1)
    np.testing.assert_allclose((second.error / first.error)[mixed], np.sqrt(2), rtol=0.02)  # two know more than one
    assert expected_calibration_error(twice) == pytest.approx(expected_calibration_error(predictions))


def test_a_balanced_training_is_calibrated_for_a_balanced_mixture() -> None:
    rng = np.random.default_rng(4)
    n = 100_000
    target = (rng.random(n) < 0.1).astype(int)
    x = rng.normal(size=n) + target
    p = 1 / (1 + np.exp(-(x - 0.5)))  # the likelihood ratio at equal priors
    assert expected_calibration_error(p, target, balanced=True) < 0.02
    assert expected_calibration_error(p, target) > 0.2


def test_multiclass_uses_the_confidence() -> None:
    rng = np.random.default_rng(0)
    p = rng.dirichlet([0.5, 0.5, 0.5], 50_000)
    target = (rng.random(50_000)[:, None] > p.cumsum(1)).sum(1)
    assert expected_calibration_error(p, target) < 0.01
    sharpened = p**3 / (p**3).sum(1, keepdims=True)
    assert expected_calibration_error(sharpened, target) > 0.05
    assert expected_calibration_error(p, target, signal=1) < 0.01
    with pytest.raises(ConfigError, match="signal="):
        expected_calibration_error(p, target, balanced=True)


def test_bins_without_weight_are_left_out() -> None:
    curve = calibration_curve([0.05, 0.55, 0.56, 0.95], [0, 0, 1, 1], [1.0, 1.0, -2.0, 1.0])
    np.testing.assert_allclose(curve.predicted, [0.05, 0.95])
    assert (curve.error > 0).all()
    with pytest.raises(DataError, match="no bin"):
        calibration_curve([0.5, 0.5], [0, 1], [1.0, -2.0])


def test_bad_input_is_refused() -> None:
    with pytest.raises(DataError, match="probabilities"):
        calibration_curve([-3.0, 2.0], [0, 1])
    for bad in ({"bins": 0}, {"spacing": "log"}):
        with pytest.raises(ConfigError):
            calibration_curve([0.1, 0.9], [0, 1], **bad)
    with pytest.raises(DataError, match="balance"):
        calibration_curve([0.1, 0.9], [0, 1], [1.0, -1.0], balanced=True)
