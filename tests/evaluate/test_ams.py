from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaon.data import Predictions
from kaon.errors import DataError
from kaon.evaluate import ams, best_ams

N = 4000
RNG = np.random.default_rng(0)
TARGET = RNG.integers(0, 2, N)
SCORE = RNG.normal(TARGET * 1.5, 1.0)
WEIGHT = np.where(TARGET == 1, 0.3, 30.0) * RNG.uniform(0.5, 1.5, N)


def printed(s: float, b: float, b_reg: float = 10.0) -> float:
    return float(np.sqrt(2 * ((s + b + b_reg) * np.log(1 + s / (b + b_reg)) - s)))


@given(st.floats(1, 1e4), st.floats(0, 1e5), st.floats(1, 100))
def test_it_is_the_printed_formula(s: float, b: float, b_reg: float) -> None:
    assert ams(s, b, b_reg) == pytest.approx(printed(s, b, b_reg), rel=1e-6)


@given(st.floats(1, 1e6), st.floats(1e-6, 1e-3))
def test_a_small_signal_reaches_the_simple_limit(b: float, ratio: float) -> None:
    s = ratio * (b + 10)
    assert ams(s, b) == pytest.approx(s / np.sqrt(b + 10), rel=ratio)


def test_without_signal_or_background() -> None:
    assert ams(0, 0) == 0
    assert ams(5, 0) == pytest.approx(printed(5, 0))
    assert ams(5, 0, b_reg=0) == np.inf
    np.testing.assert_allclose(
        ams([1, 2], [[3], [4]]), [[printed(1, 3), printed(2, 3)], [printed(1, 4), printed(2, 4)]]
    )


def test_the_best_cut_is_the_best_of_all_cuts() -> None:
    scan = best_ams(SCORE, TARGET, WEIGHT)
    by_hand = []
    for cut in SCORE:
        chosen = cut <= SCORE
        s, b = WEIGHT[chosen & (TARGET == 1)].sum(), WEIGHT[chosen & (TARGET == 0)].sum()
        by_hand.append(printed(s, b))
    assert scan.maximum.value == pytest.approx(max(by_hand))
    chosen = scan.best_threshold <= SCORE
    assert WEIGHT[chosen & (TARGET == 1)].sum() == pytest.approx(scan.signal[scan.best])
    assert printed(scan.signal[scan.best], scan.background[scan.best]) == pytest.approx(scan.maximum.value)
    assert (scan.value <= scan.maximum.value).all()
    assert (np.diff(scan.threshold) < 0).all()


def test_a_part_of_the_events_stands_for_all_of_them() -> None:
    doubled = [np.concatenate([x, x]) for x in (SCORE, TARGET, WEIGHT)]
    whole = best_ams(*doubled)
    totals = {"signal_events": 2 * WEIGHT[TARGET == 1].sum(), "background_events": 2 * WEIGHT[TARGET == 0].sum()}
    part = best_ams(SCORE, TARGET, WEIGHT, **totals)
    assert part.maximum.value == pytest.approx(whole.maximum.value)
    assert part.maximum.error == pytest.approx(whole.maximum.error * np.sqrt(2))


def test_the_error_is_the_spread_of_repeated_samples() -> None:
    def sample(seed: int) -> tuple[float, float]:
        rng = np.random.default_rng(seed)
        kept = np.repeat(np.arange(N), rng.poisson(1, N))
        chosen = SCORE[kept] >= 1.0
        s = WEIGHT[kept][chosen & (TARGET[kept] == 1)].sum()
        return s, WEIGHT[kept][chosen & (TARGET[kept] == 0)].sum()

    values = [ams(*sample(seed)) for seed in range(300)]
    # A score with one cut only: what is at least 1 is selected. Everything else is never the best.
    scan = best_ams((SCORE >= 1.0).astype(float), TARGET, WEIGHT)
    assert scan.signal[scan.best] == pytest.approx(WEIGHT[(SCORE >= 1) & (TARGET == 1)].sum())
    assert scan.maximum.error == pytest.approx(np.std(values), rel=0.15)


def test_predictions_and_another_signal() -> None:
    shares = 1 / (1 + np.exp(-SCORE))
    predictions = Predictions(np.stack([1 - shares, shares], 1), TARGET, WEIGHT, classes=("b", "s"))
    assert best_ams(predictions).maximum.value == pytest.approx(best_ams(SCORE, TARGET, WEIGHT).maximum.value)
    turned = best_ams(-SCORE, 1 - TARGET, WEIGHT, signal=0)
    assert turned.maximum.value == pytest.approx(best_ams(SCORE, TARGET, WEIGHT).maximum.value)


def test_negative_weights_are_defined() -> None:
    mixed = WEIGHT * np.where(RNG.random(N) < 0.2, -0.5, 1)
    scan = best_ams(SCORE, TARGET, mixed)
    assert np.isfinite(scan.value).all()
    assert (scan.background >= 0).all()


@pytest.mark.parametrize(
    ("s", "b", "b_reg"), [(-1, 1, 10), (1, -1, 10), (np.nan, 1, 10), (1, np.nan, 10), (1, 1, -1), (1, 1, np.inf)]
)
def test_numbers_that_make_no_sense(s: float, b: float, b_reg: float) -> None:
    with pytest.raises(DataError):
        ams(s, b, b_reg)


def test_words_and_impossible_totals() -> None:
    with pytest.raises(DataError):
        ams(1, ["a"])
    with pytest.raises(DataError, match="not negative"):
        best_ams(SCORE, TARGET, signal_events=-1)
    with pytest.raises(DataError, match="only signal"):
        best_ams(SCORE, np.ones(N, int))
