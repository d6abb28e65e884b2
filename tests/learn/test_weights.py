from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kaon.data import Events
from kaon.errors import ConfigError, DataError
from kaon.learn.config import NegativeWeights, TrainConfig
from kaon.learn.weights import allowed_weights, selection_weights, training_weights

WEIGHT = np.array([1.0, -0.5, 2.0, -1.0])


@pytest.mark.parametrize(
    ("policy", "expected", "used"),
    [
        ("keep", [1, -0.5, 2, -1], [1, 1, 1, 1]),
        ("abs", [1, 0.5, 2, 1], [1, 1, 1, 1]),
        ("drop", [1, 0, 2, 0], [1, 0, 1, 0]),
    ],
)
def test_each_policy(policy: NegativeWeights, expected: list[float], used: list[int]) -> None:
    weight, kept = allowed_weights(WEIGHT, policy, takes_negative=True, model="mlp")
    assert weight.tolist() == expected
    assert kept.tolist() == [bool(u) for u in used]


def test_error_refuses_and_says_what_is_allowed() -> None:
    with pytest.raises(ConfigError, match=r"2 of 4 .* keep, abs, drop"):
        allowed_weights(WEIGHT, "error", takes_negative=True, model="mlp")


def test_trees_that_cannot_keep_them_say_so() -> None:
    with pytest.raises(ConfigError, match="bdt cannot be trained with them"):
        allowed_weights(WEIGHT, "keep", takes_negative=False, model="bdt")


def test_positive_weights_pass_every_policy_untouched() -> None:
    for policy in ("keep", "abs", "drop", "error"):
        weight, used = allowed_weights(np.abs(WEIGHT), policy, takes_negative=False, model="bdt")
        assert weight.tolist() == np.abs(WEIGHT).tolist()
        assert used.all()


def test_balance_comes_after_the_policy(table: Events) -> None:
    weighted = replace(table, weight=np.where(table.labels == 1, 0.01, 1.0) * np.where(table.index % 7 == 0, -1, 1))
    config = TrainConfig(class_weights="balanced", negative_weights="drop")
    weight, used = training_weights(weighted, config, takes_negative=False, model="bdt")
    sums = np.bincount(table.labels[used], weights=weight[used])
    assert sums[0] == pytest.approx(sums[1])
    assert (weight[~used] == 0).all()


def test_a_class_whose_weights_cancel_cannot_be_trained(table: Events) -> None:
    weighted = replace(table, weight=np.where(table.labels == 1, -1.0, 1.0))
    with pytest.raises(DataError, match="'signal' sum to"):
        training_weights(weighted, TrainConfig(), takes_negative=True, model="mlp")


def test_the_best_epoch_is_chosen_with_the_balance_of_the_training(table: Events) -> None:
    rare = replace(table, weight=np.where(table.labels == 1, 0.01, 1.0))
    weight = selection_weights(rare, TrainConfig(class_weights="balanced"))
    sums = np.bincount(table.labels, weights=weight)
    assert sums[0] == pytest.approx(sums[1])
    assert (selection_weights(rare, TrainConfig()) == rare.weights).all()


def test_flattening_is_applied(table: Events) -> None:
    weight, _ = training_weights(table, TrainConfig(flatten=("x0",)), takes_negative=True, model="mlp")
    assert np.std(weight) > 0
