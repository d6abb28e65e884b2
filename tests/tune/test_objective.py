from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from kaon.data import Predictions
from kaon.errors import ConfigError
from kaon.evaluate import asimov_significance, auc
from kaon.tune import Objective


def predictions(power: float = 2.0, count: int = 40_000) -> Predictions:
    """Background uniform in [0, 1], signal with the density of x^(1/power): eps_B = c, eps_S = 1 - (1 - c)^power."""
    quantile = (np.arange(count) + 0.5) / count
    score = np.concatenate([quantile, quantile ** (1 / power)])
    return Predictions(np.stack([1 - score, score], 1), np.repeat([0, 1], count), classes=("background", "signal"))


def test_auc_and_rejection_of_a_known_curve() -> None:
    made = predictions()
    assert Objective()(made) == pytest.approx(2 / 3, abs=1e-3)  # 1 - 1 / (power + 1)
    # eps_S = 1 - (1 - eps_B)^2
    found = Objective("rejection", signal_efficiency=0.5)(made)
    assert found == pytest.approx(1 / (1 - np.sqrt(0.5)), rel=1e-3)


def test_significance_is_that_of_the_best_cut() -> None:
    objective = Objective("significance", signal_events=100, background_events=1000, background_uncertainty=0.1)

    def loss(eps_b: float) -> float:
        b = 1000 * eps_b
        return -float(asimov_significance(100 * (1 - (1 - eps_b) ** 2), b, 0.1 * b))

    best = minimize_scalar(loss, bounds=(1e-3, 1), method="bounded")
    assert objective(predictions()) == pytest.approx(-best.fun, rel=2e-3)


def test_a_rejection_without_background_left_is_that_of_one_event() -> None:
    score = np.array([0.1, 0.2, 0.3, 0.8, 0.9])
    made = Predictions(np.stack([1 - score, score], 1), np.array([0, 0, 0, 1, 1]), classes=("b", "s"))
    assert Objective("rejection")(made) == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"kind": "accuracy"}, "allowed: auc"),
        ({"signal_efficiency": 0.0}, r"in \(0, 1\]"),
        ({"kind": "significance", "signal_events": 10}, "background events"),
        ({"kind": "significance", "signal_events": 10, "background_events": -1}, "positive"),
        ({"background_uncertainty": float("nan")}, "5%"),
    ],
)
def test_what_makes_no_sense(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Objective(**arguments)


def test_of_several_classes_every_one_counts() -> None:
    random = np.random.default_rng(0)
    target = random.integers(0, 4, 400)
    score = np.exp(random.normal(size=(400, 4)) + 2 * np.eye(4)[target])
    validation = Predictions(score / score.sum(1, keepdims=True), target)
    each = [auc(validation, signal=i) for i in range(4)]
    assert Objective()(validation) == pytest.approx(np.mean(each))
