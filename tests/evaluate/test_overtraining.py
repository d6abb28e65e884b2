from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from kaon.data import Predictions
from kaon.errors import DataError, UnknownName
from kaon.evaluate import kolmogorov_smirnov, overtraining_check


@given(st.integers(0, 10_000))
def test_agrees_with_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=rng.integers(20, 200)), rng.normal(0.3, 1, rng.integers(20, 200))
    if seed % 2:
        a, b = a.round(1), b.round(1)
    ours, theirs = kolmogorov_smirnov(a, b), ks_2samp(a, b, method="asymp")
    assert ours.statistic == pytest.approx(theirs.statistic, abs=1e-12)
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=1e-12)


@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_weights_are_repeated_events_and_their_scale_is_free(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    a, b, repeats = rng.integers(0, 9, 30), rng.integers(0, 9, 40), rng.integers(1, 4, 30)
    weighted = kolmogorov_smirnov(a, b, repeats)
    assert weighted.statistic == pytest.approx(kolmogorov_smirnov(np.repeat(a, repeats), b).statistic, abs=1e-12)
    assert kolmogorov_smirnov(a, b, scale * repeats) == pytest.approx(weighted)


@pytest.mark.parametrize("weighted", [False, True])
def test_p_values_are_uniform_for_equal_distributions(weighted: bool) -> None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(400):
        weights = [rng.uniform(0.1, 2, n) if weighted else None for n in (150, 300)]
        found.append(kolmogorov_smirnov(rng.normal(size=150), rng.normal(size=300), *weights).p_value)
    # 400 p-values: a share of 10% is known to 1.5%, 50% to 2.5%; the asymptotic test is slightly conservative
    assert 0.03 < np.mean(np.array(found) < 0.1) < 0.16
    assert 0.35 < np.mean(np.array(found) < 0.5) < 0.62


def test_memorised_events_are_found(predictions: Predictions) -> None:
    half = np.arange(len(predictions)) < 2000
    train, test = predictions.take(half), predictions.take(~half)
    honest = overtraining_check(train, test)
    assert list(honest) == ["qcd", "top"]
    assert min(t.p_value for t in honest.values()) > 1e-3
    memorised = np.clip(train.score + 0.3 * (np.eye(2)[train.labels] - 0.5), 0, 1)
    found = overtraining_check((memorised, train.labels, train.weights), (test.score, test.labels))
    assert max(t.p_value for t in found.values()) < 1e-6


def test_any_class_score_can_be_compared(predictions: Predictions) -> None:
    half = np.arange(len(predictions)) < 2000
    train, test = predictions.take(half), predictions.take(~half)
    by_name, by_number = (overtraining_check(train, test, signal=s) for s in ("qcd", 0))
    assert by_name == by_number
    assert by_name["top"].statistic == pytest.approx(overtraining_check(train, test)["top"].statistic)


def test_bad_input_is_refused(predictions: Predictions) -> None:
    one: Any = [1.0]
    for arguments in (([], one), ([np.nan], one), ([one], one), (one, one, [0.0]), (one, one, [1.0, 2.0])):
        with pytest.raises(DataError):
            kolmogorov_smirnov(*arguments)
    with pytest.raises(DataError, match="different classes"):
        overtraining_check(predictions, ([0.1, 0.9], [0, 1]))
    with pytest.raises(DataError, match="in common"):
        overtraining_check(([0.1], [0]), ([0.9], [1]))
    with pytest.raises(UnknownName):
        overtraining_check(predictions, predictions, signal="higgs")
