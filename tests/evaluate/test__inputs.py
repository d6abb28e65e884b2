from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kaon.data import Predictions
from kaon.errors import DataError, UnknownName
from kaon.evaluate._inputs import bin_edges, binary, column, multiclass

GOOD = ([0.1, 0.9, 0.4], [0, 1, 1])


@pytest.mark.parametrize(
    ("score", "target", "weight", "message"),
    [
        ([], [], None, "no events"),
        ([0.1, np.nan], [0, 1], None, "1 of 2 scores are NaN"),
        ([0.1, 0.2], [1, 1], None, "only signal"),
        ([0.1, 0.2], [0, 0], None, "no signal"),
        ([0.1, 0.2], [0], None, "shape"),
        ([0.1, 0.2], [0, 2], None, "range from 0 to 2"),
        ([0.1, 0.2], [-1, 1], None, "range from -1 to 1"),
        ([0.1, 0.2], [0.5, 1], None, "not whole"),
        ([0.1, 0.2], [np.nan, 1], None, "not whole"),
        ([0.1, 0.2], ["qcd", "top"], None, "numbers"),
        ([0.1, 0.2], None, None, "labels are missing"),
        ([0.1, 0.2], [0, 1], [1], "shape"),
        ([0.1, 0.2], [0, 1], [1, np.inf], "1 of 2 weights"),
        ([[0.1], [0.2]], [0, 1], None, "needed"),
        ([[[0.1, 0.2]]], [0], None, "needed"),
        ([[0.1, 0.2], [0.3]], [0, 1], None, "not a regular array"),
        (["a", "b"], [0, 1], None, "needed: numbers"),
    ],
)
def test_bad_arguments_are_refused(score: Any, target: Any, weight: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        binary(score, target, weight)


def test_two_columns_equal_the_last_one() -> None:
    p = np.array([0.2, 0.6, 0.7])
    two = binary(np.stack([1 - p, p], axis=1), [0, 1, 1])
    np.testing.assert_array_equal(two.score, p)
    assert two.signal.tolist() == [False, True, True]


def test_labels_may_be_booleans_or_whole_floats() -> None:
    for target in ([False, True, True], [0.0, 1.0, 1.0], np.array([0, 1, 1], np.uint8)):
        assert binary(GOOD[0], target).signal.tolist() == [False, True, True]


def test_any_class_can_be_the_signal() -> None:
    score = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]])
    for number in range(3):
        events = binary(score, [0, 1, 2], signal=number)
        np.testing.assert_array_equal(events.score, score[:, number])
        assert events.signal.tolist() == [i == number for i in range(3)]
    assert binary(score, [0, 1, 2]).signal.tolist() == [False, False, True]
    with pytest.raises(DataError, match="numbered 0"):
        binary(score, [0, 1, 2], signal=3)


def test_class_zero_as_signal_turns_a_single_score_round() -> None:
    np.testing.assert_array_equal(binary(np.array([1, 2, 3], np.uint8), [0, 1, 1], signal=0).score, [-1, -2, -3])


def test_predictions_bring_labels_and_weights(predictions: Predictions) -> None:
    events = binary(predictions)
    np.testing.assert_array_equal(events.score, predictions.signal_score)
    np.testing.assert_array_equal(events.weights, predictions.weights)
    np.testing.assert_array_equal(binary(predictions, weight=np.ones(4000)).weights, 1)
    assert binary(predictions, signal="qcd").signal.sum() == 2000
    with pytest.raises(UnknownName, match="top"):
        binary(predictions, signal="tpo")
    with pytest.raises(DataError, match="by name, not by position"):
        binary(predictions, 0.3)


def test_multiclass_needs_two_classes_present() -> None:
    with pytest.raises(DataError, match="class 1"):
        multiclass([0.1, 0.9], [1, 1], None)
    assert multiclass(np.eye(3)[[0, 2]], [0, 2], None).classes == ("class_0", "class_1", "class_2")


def test_a_column_is_a_spectator_or_an_array(predictions: Predictions) -> None:
    np.testing.assert_array_equal(column(predictions, "jet_pt", 4000), predictions.spectators["jet_pt"])
    with pytest.raises(UnknownName, match="did you mean jet_pt"):
        column(predictions, "jet_pT", 4000)
    with pytest.raises(DataError, match="no spectators"):
        column([0.1], "jet_pt", 1)
    with pytest.raises(DataError, match="shape"):
        column([0.1], [1.0, 2.0], 1)
    with pytest.raises(DataError, match="1 NaN"):
        column([0.1, 0.2], [1.0, np.nan], 2)


def test_a_number_of_bins_gives_equal_populations() -> None:
    values = np.random.default_rng(0).exponential(size=1000)
    counts, _ = np.histogram(values, bin_edges(values, 8))
    assert np.ptp(counts) <= 1
    assert len(bin_edges(np.ones(5), 4)) == 2
    for bad in ([1.0], [1.0, 1.0], [2.0, 1.0], 0):
        with pytest.raises(DataError):
            bin_edges(values, bad)
