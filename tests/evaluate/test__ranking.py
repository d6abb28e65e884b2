from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaon.errors import DataError
from kaon.evaluate._inputs import Binary
from kaon.evaluate._ranking import Ranking


@given(st.integers(0, 10_000))
def test_points_are_what_each_cut_keeps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 40))
    signal = np.arange(n) % 2 == 1
    events = Binary(rng.integers(0, 8, n).astype(float), signal, rng.uniform(0.1, 2, n))
    ranking = Ranking(events)
    signal2, background2 = ranking.squares()
    assert len(ranking.thresholds) == len(np.unique(events.score)) + 1
    for i, threshold in enumerate(ranking.thresholds):
        passed = events.score >= threshold
        assert ranking.signal[i] == pytest.approx(events.weights[passed & signal].sum())
        assert ranking.background[i] == pytest.approx(events.weights[passed & ~signal].sum())
        assert signal2[i] == pytest.approx((events.weights[passed & signal] ** 2).sum())
        assert background2[i] == pytest.approx((events.weights[passed & ~signal] ** 2).sum())


def test_unit_weights_equal_no_weights() -> None:
    rng = np.random.default_rng(3)
    score, signal = rng.integers(0, 50, 500).astype(float), rng.random(500) < 0.3
    counted, weighted = Ranking(Binary(score, signal, None)), Ranking(Binary(score, signal, np.ones(500)))
    np.testing.assert_array_equal(counted.signal, weighted.signal)
    np.testing.assert_array_equal(counted.background, weighted.background)
    for a, b in zip(counted.squares(), weighted.squares(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_first_crossing_is_the_strictest_cut_that_keeps_enough() -> None:
    score = np.arange(20.0)
    ranking = Ranking(Binary(score, np.arange(20) % 2 == 1, None))
    for k in range(1, 11):
        (i,) = ranking.first(np.array([k / 10]))  # 0.3 * 10 and its like must not slip by rounding
        assert ranking.signal[i] == k
        assert ranking.signal[i - 1] == k - 1


def test_between_tied_scores_the_line_is_straight() -> None:
    ranking = Ranking(Binary(np.array([1.0, 1, 1, 1, 0]), np.array([True, True, False, False, False]), None))
    (found,) = ranking.at(np.array([0.25, 0.5, 1.0]), ranking.background_efficiency)
    np.testing.assert_allclose(found, np.array([0.25, 0.5, 1.0]) * 2 / 3)


def test_with_negative_weights_the_strict_crossing_counts() -> None:
    # signal efficiency 0.6, 0.2, 1.0: 0.5 is crossed on the way up, down and up again
    events = Binary(np.array([4.0, 3, 2, 1]), np.array([True, True, False, True]), np.array([3.0, -2, 1, 4]))
    ranking = Ranking(events)
    np.testing.assert_allclose(ranking.signal_efficiency, [0, 0.6, 0.2, 0.2, 1.0])
    assert ranking.thresholds[ranking.first(np.array([0.5]))] == 4


def test_weights_without_a_sum_are_refused() -> None:
    with pytest.raises(DataError, match="weights of the signal sum to 0"):
        Ranking(Binary(np.arange(3.0), np.array([True, True, False]), np.array([1.0, -1, 1])))
    with pytest.raises(DataError, match="weights of the background sum to -1"):
        Ranking(Binary(np.arange(2.0), np.array([True, False]), np.array([1.0, -1])))
