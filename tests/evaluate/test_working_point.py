from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaon.data import Predictions
from kaon.errors import ConfigError
from kaon.evaluate import background_rejection, working_point


@given(st.integers(0, 10_000), st.floats(0.01, 1.0))
def test_the_cut_keeps_what_it_says_and_no_stricter_one_does(seed: int, efficiency: float) -> None:
    rng = np.random.default_rng(seed)
    target, score, weight = np.arange(50) % 2, rng.integers(0, 12, 50), rng.integers(1, 4, 50)
    point = working_point(score, target, efficiency, weight)
    for share, c in ((point.signal_efficiency, 1), (point.background_efficiency, 0)):
        passed = (target == c) & (score >= point.threshold)
        assert share == pytest.approx(weight[passed].sum() / weight[target == c].sum())
    stricter = (target == 1) & (score > point.threshold)
    assert point.signal_efficiency >= efficiency * (1 - 1e-9)
    assert weight[stricter].sum() / weight[target == 1].sum() < efficiency


def test_without_ties_it_is_the_point_of_the_rejection(predictions: Predictions) -> None:
    point = working_point(predictions, signal_efficiency=0.4)
    found = background_rejection(predictions, signal_efficiency=point.signal_efficiency)
    assert found.value == pytest.approx(1 / point.background_efficiency)


def test_any_class_can_be_the_signal() -> None:
    score = np.array([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8]])
    assert working_point(score, [0, 0, 1], 0.5, signal=0) == (0.9, 0.5, 0.0)


def test_an_efficiency_outside_its_range_is_refused() -> None:
    with pytest.raises(ConfigError, match="up to 1"):
        working_point([0.1, 0.9], [0, 1], 30)
