from __future__ import annotations

import numpy as np

from kaon.data import Predictions
from kaon.evaluate import auc
from kaon.learn.metrics import summary_metrics


def made(score: list[float], target: list[int]) -> Predictions:
    s = np.array(score)
    return Predictions(np.stack([1 - s, s], axis=1), np.array(target))


def test_numbers_are_those_of_evaluate() -> None:
    random = np.random.default_rng(0)
    target = random.integers(0, 2, 500)
    score = 1 / (1 + np.exp(-random.normal(target, 1)))
    predictions = Predictions(np.stack([1 - score, score], axis=1), target)
    numbers = summary_metrics(predictions)
    assert numbers["auc"] == auc(predictions)
    assert set(numbers) == {
        "auc", "accuracy", "rejection_30", "rejection_30_error", "rejection_50", "rejection_50_error"
    }  # fmt: skip


def test_a_rejection_without_background_left_is_none() -> None:
    numbers = summary_metrics(made([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]))
    assert numbers["rejection_50"] is None
    assert numbers["auc"] == 1


def test_one_class_alone_cannot_be_judged() -> None:
    assert summary_metrics(made([0.1, 0.9], [0, 0])) == {"accuracy": None, "auc": None}


def test_many_classes_have_an_error_rate_and_a_mean_auc() -> None:
    random = np.random.default_rng(0)
    target = random.integers(0, 4, 400)
    score = np.exp(random.normal(size=(400, 4)) + 2 * np.eye(4)[target])
    predictions = Predictions(score / score.sum(1, keepdims=True), target)
    numbers = summary_metrics(predictions)
    assert numbers["error_rate"] == 1 - (numbers["accuracy"] or 0)
    assert numbers["macro_auc"] == np.mean([auc(predictions, signal=i) for i in range(4)])
    few = summary_metrics(Predictions(predictions.score[target < 3], target[target < 3]))
    assert few["auc"] is None  # the last class is not there, and the others are judged all the same
    assert few["macro_auc"] == np.mean(
        [auc(predictions.score[target < 3], target[target < 3], signal=i) for i in range(3)]
    )


def test_weights_that_define_no_number_end_no_training() -> None:
    score = np.array([0.1, 0.2, 0.8, 0.9])
    signal_lost = Predictions(np.stack([1 - score, score], axis=1), np.array([0, 0, 1, 1]), np.array([1.0, 1, 1, -1]))
    numbers = summary_metrics(signal_lost)
    assert numbers["auc"] is None
    assert numbers["accuracy"] is not None
    assert "rejection_30" not in numbers
