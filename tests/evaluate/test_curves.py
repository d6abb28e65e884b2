from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as sklearn_roc_curve

from kaon.data import Predictions
from kaon.errors import DataError
from kaon.evaluate import auc, macro_auc, roc_curve


@st.composite
def samples(draw: st.DrawFn, negative: bool = False) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Small samples with many ties, both classes present, each with a positive sum of weights."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(2, 40))
    score = rng.integers(-8, 8, n) / 4.0
    target = rng.permutation(np.arange(n) % 2)
    weight = rng.integers(1, 9, n) / 4.0
    if negative:
        flipped = np.where(rng.random(n) < 0.3, -weight, weight)
        for c in (0, 1):
            if flipped[target == c].sum() <= 0:
                flipped[target == c] = weight[target == c]
        weight = flipped
    return score, target, weight


def pairwise(score: NDArray[Any], target: NDArray[Any], weight: NDArray[Any]) -> float:
    """The definition, in O(N^2)."""
    s, b = target == 1, target == 0
    wins = np.sign(score[s][:, None] - score[b][None, :]) / 2 + 0.5
    return float(weight[s] @ wins @ weight[b] / (weight[s].sum() * weight[b].sum()))


@given(samples(negative=True))
def test_area_is_the_pairwise_definition_also_for_negative_weights(sample: tuple[NDArray[Any], ...]) -> None:
    assert auc(*sample) == pytest.approx(pairwise(*sample), abs=1e-12)


@given(samples())
def test_area_agrees_with_scikit_learn(sample: tuple[NDArray[Any], ...]) -> None:
    score, target, weight = sample
    assert auc(score, target, weight) == pytest.approx(roc_auc_score(target, score, sample_weight=weight), abs=1e-12)
    assert auc(score, target) == pytest.approx(roc_auc_score(target, score), abs=1e-12)


@given(samples())
def test_curve_agrees_with_scikit_learn(sample: tuple[NDArray[Any], ...]) -> None:
    score, target, weight = sample
    background, signal, threshold = sklearn_roc_curve(target, score, sample_weight=weight, drop_intermediate=False)
    ours = roc_curve(score, target, weight)
    np.testing.assert_allclose(ours.signal_efficiency, signal, atol=1e-12)
    np.testing.assert_allclose(ours.background_efficiency, background, atol=1e-12)
    np.testing.assert_array_equal(ours.threshold, threshold)


@given(samples(negative=True), st.floats(0.01, 100))
def test_area_keeps_under_increasing_maps_and_scaled_weights(sample: tuple[NDArray[Any], ...], scale: float) -> None:
    score, target, weight = sample
    expected = auc(score, target, weight)
    for mapped in (np.exp(score), score**3, np.arctan(score), 1e3 * score - 7, score.astype(np.float32)):
        assert auc(mapped, target, weight) == pytest.approx(expected, abs=1e-12)
    assert auc(score, target, scale * weight) == pytest.approx(expected, abs=1e-10)
    one_class = np.where(target == 1, scale, 1.0)
    assert auc(score, target, one_class * weight) == pytest.approx(expected, abs=1e-10)


@given(samples(negative=True))
def test_area_of_the_opposite_score_or_the_other_signal_is_the_rest(sample: tuple[NDArray[Any], ...]) -> None:
    score, target, weight = sample
    expected = auc(score, target, weight)
    assert auc(-score, target, weight) == pytest.approx(1 - expected, abs=1e-12)
    assert auc(score, 1 - target, weight) == pytest.approx(1 - expected, abs=1e-12)
    assert auc(score, target, weight, signal=0) == pytest.approx(expected, abs=1e-12)


@given(samples())
def test_an_event_twice_is_an_event_of_twice_the_weight(sample: tuple[NDArray[Any], ...]) -> None:
    score, target, weight = sample
    twice = np.append(score, score[0]), np.append(target, target[0]), np.append(weight, weight[0])
    doubled = weight.copy()
    doubled[0] *= 2
    assert auc(*twice) == pytest.approx(auc(score, target, doubled), abs=1e-12)
    for a, b in zip(roc_curve(*twice), roc_curve(score, target, doubled), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


@given(samples(), st.randoms(use_true_random=False))
def test_order_of_events_does_not_matter(sample: tuple[NDArray[Any], ...], random: Any) -> None:
    order = list(range(len(sample[0])))
    random.shuffle(order)
    for a, b in zip(roc_curve(*sample), roc_curve(*(x[order] for x in sample)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


@given(samples())
def test_curve_rises_from_the_origin_to_one(sample: tuple[NDArray[Any], ...]) -> None:
    curve = roc_curve(*sample)
    for efficiency in curve[:2]:
        assert efficiency[0] == 0
        assert efficiency[-1] == 1
        assert (np.diff(efficiency) >= 0).all()
    assert (np.diff(curve.threshold) < 0).all()


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0, 3.0])
def test_area_of_two_shifted_gaussians(shift: float) -> None:
    n = 200_000
    rng = np.random.default_rng(7)
    score = np.concatenate([rng.normal(size=n), rng.normal(size=n) + shift])
    target = np.repeat([0, 1], n)
    # Hanley and McNeil: the variance of the area is at most A (1 - A) / min(n_S, n_B)
    expected = norm.cdf(shift / np.sqrt(2))
    assert auc(score, target) == pytest.approx(expected, abs=5 * np.sqrt(expected * (1 - expected) / n))


def test_limits() -> None:
    target = np.array([0, 0, 1, 1])
    assert auc([0, 1, 2, 3], target) == 1
    assert auc([3, 2, 1, 0], target) == 0
    assert auc([5, 5, 5, 5], target) == 0.5
    assert auc([-np.inf, 0, 0, np.inf], target) == 0.875
    assert len(roc_curve([5, 5, 5, 5], target).threshold) == 2


def test_predictions_and_two_columns_equal_plain_arrays(predictions: Predictions) -> None:
    p, t, w = predictions.signal_score, predictions.labels, predictions.weights
    assert auc(predictions) == auc(p, t, w) == auc(predictions.score, t, w)
    np.testing.assert_array_equal(roc_curve(predictions)[0], roc_curve(p, t, w)[0])


def test_one_class_against_the_rest() -> None:
    rng = np.random.default_rng(2)
    target = np.arange(600) % 3
    score = rng.dirichlet([1, 1, 1], 600) + np.eye(3)[target] / 2
    for c in range(3):
        assert auc(score, target, signal=c) == pytest.approx(roc_auc_score(target == c, score[:, c]))


def test_bad_input_is_refused() -> None:
    for function in (auc, roc_curve):
        with pytest.raises(DataError, match="both kinds"):
            function([0.1, 0.2], [1, 1])
        with pytest.raises(DataError, match="positive sum"):
            function([0.1, 0.2, 0.3], [0, 1, 1], [1, 1, -1])


def test_the_mean_over_classes_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    target, weight = random.integers(0, 4, 500), random.uniform(0.5, 2, 500)
    score = np.exp(random.normal(size=(500, 4)) + np.eye(4)[target])
    score /= score.sum(axis=1, keepdims=True)
    wanted = roc_auc_score(target, score, sample_weight=weight, multi_class="ovr", average="macro")
    assert macro_auc(score, target, weight) == pytest.approx(wanted)


def test_two_classes_have_one_area() -> None:
    score, target = np.array([0.1, 0.4, 0.4, 0.9, 0.3]), [0, 0, 1, 1, 1]
    assert macro_auc(score, target) == pytest.approx(auc(score, target))
