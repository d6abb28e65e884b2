from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score
from sklearn.metrics import confusion_matrix as sklearn_confusion

from kaon.data import Predictions
from kaon.errors import ConfigError, DataError
from kaon.evaluate import accuracy, confusion_matrix, mistakes, surest_mistakes


@given(st.integers(0, 10_000), st.sampled_from([None, "true", "predicted", "all"]))
def test_agrees_with_scikit_learn(seed: int, normalise: Any) -> None:
    rng = np.random.default_rng(seed)
    target = rng.permutation(np.arange(60) % 3)
    score, weight = rng.dirichlet([1, 1, 1], 60), rng.uniform(0.1, 2, 60)
    chosen = score.argmax(1)
    theirs = sklearn_confusion(
        target, chosen, sample_weight=weight, normalize=None if normalise is None else normalise[:4]
    )
    np.testing.assert_allclose(confusion_matrix(score, target, weight, normalise=normalise), theirs, atol=1e-12)
    assert accuracy(score, target, weight) == pytest.approx(accuracy_score(target, chosen, sample_weight=weight))


def test_accuracy_is_the_diagonal(predictions: Predictions) -> None:
    assert accuracy(predictions) == pytest.approx(np.trace(confusion_matrix(predictions, normalise="all")))
    assert confusion_matrix(predictions).sum() == pytest.approx(predictions.weights.sum())


def test_one_and_two_columns_agree_also_in_ties() -> None:
    p, target = np.array([0.0, 0.25, 0.5, 0.5, 0.75, 1.0]), np.array([0, 1, 0, 1, 0, 1])
    np.testing.assert_array_equal(confusion_matrix(p, target), confusion_matrix(np.stack([1 - p, p], axis=1), target))
    assert confusion_matrix(p, target)[:, 1].sum() == 2  # 0.5 goes to class 0


def test_threshold_moves_the_choice() -> None:
    logits, target = np.array([-2.0, 0.1, 0.2, 3.0]), np.array([0, 1, 1, 1])
    assert accuracy(logits, target, threshold=0.0) == 1
    assert accuracy(logits, target) == 0.5
    p = np.array([[0.8, 0.2], [0.4, 0.6]])
    assert accuracy(p, [0, 1], threshold=0.7) == 0.5
    with pytest.raises(DataError, match="two classes"):
        accuracy(np.eye(3), [0, 1, 2], threshold=0.5)


def test_a_class_that_is_absent_is_unknown() -> None:
    matrix = confusion_matrix(np.eye(3)[[0, 1]], [0, 1], normalise="true")
    np.testing.assert_array_equal(matrix, [[1, 0, 0], [0, 1, 0], [np.nan] * 3])


def test_negative_weights_count_as_they_are() -> None:
    score, target = [0.9, 0.8, 0.1], [1, 1, 0]
    assert accuracy(score, target, [2.0, -1.0, 1.0]) == 1
    assert confusion_matrix(score, target, [2.0, -1.0, 1.0]).tolist() == [[1, 0], [0, 1]]
    with pytest.raises(DataError, match="positive sum"):
        accuracy(score, target, [1.0, -1.0, 0.0])


def test_bad_input_is_refused() -> None:
    with pytest.raises(ConfigError, match="true, predicted, all"):
        confusion_matrix([0.1, 0.9], [0, 1], normalise="rows")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="two classes are needed"):
        accuracy([0.1, 0.9], [1, 1])


def test_mistakes_are_the_cells_beside_the_diagonal_by_size() -> None:
    random = np.random.default_rng(0)
    target = random.integers(0, 4, 300)
    score = random.normal(size=(300, 4)) + np.eye(4)[target]
    matrix = confusion_matrix(score, target, normalise="true")
    found = mistakes(matrix, "abcd", most=100)
    assert len(found) == np.count_nonzero(matrix - np.diag(np.diag(matrix)))
    assert all(one.share == matrix["abcd".index(one.true), "abcd".index(one.taken)] for one in found)
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    assert mistakes(matrix, "abcd", most=3) == found[:3]
    assert mistakes(np.full((2, 2), np.nan), "ab") == []


def test_the_surest_mistakes_come_first() -> None:
    score = np.array([[0.4, 0.6], [0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])
    assert surest_mistakes(score, [0, 0, 0, 1]).tolist() == [2, 0]
    assert surest_mistakes(score, score.argmax(1)).tolist() == []
