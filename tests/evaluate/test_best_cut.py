from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from kaon.data import Predictions
from kaon.errors import DataError
from kaon.evaluate import asimov_significance
from kaon.evaluate.best_cut import best_cut


def test_every_point_is_what_is_counted(predictions: Predictions) -> None:
    found = best_cut(predictions, background_uncertainty=0.1)
    p, t, w = predictions.signal_score, predictions.labels, predictions.weights
    for i in (len(found.threshold) // 5, len(found.threshold) // 2, -1):
        s, b = (w[(p >= found.threshold[i]) & (t == c)].sum() for c in (1, 0))
        assert (found.signal[i], found.background[i]) == (pytest.approx(s), pytest.approx(b))
        assert found.significance[i] == pytest.approx(asimov_significance(s, b, 0.1 * b))
        assert found.purity[i] == pytest.approx(s / (s + b))
    assert found.maximum.value == found.significance[found.reliable].max()


def gaussians(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target = np.arange(n) % 2
    return rng.normal(size=n) + 1.5 * target, target


def test_the_best_cut_of_two_gaussians() -> None:
    score, target = gaussians(400_000, 0)
    found = best_cut(score, target, signal_events=100, background_events=1000, background_uncertainty=0.05)
    cuts = np.linspace(-2, 3, 2000)
    s, b = 100 * norm.sf(cuts - 1.5), 1000 * norm.sf(cuts)
    truth = asimov_significance(s, b, 0.05 * b)
    assert found.maximum.value == pytest.approx(truth.max(), abs=4 * found.maximum.error)
    assert found.threshold[found.best] == pytest.approx(cuts[truth.argmax()], abs=0.2)


def test_the_error_is_the_spread_over_samples() -> None:
    """At the cut that is best on average; the maximum itself fluctuates less than any fixed cut."""
    scans = [best_cut(*gaussians(4000, seed), signal_events=100, background_events=1000) for seed in range(60)]
    threshold = np.median([s.threshold[s.best] for s in scans])
    at = [float(s.significance[np.searchsorted(-s.threshold, -threshold)]) for s in scans]
    assert np.mean([s.maximum.error for s in scans]) == pytest.approx(np.std(at), rel=0.4)


def test_a_lucky_tail_is_not_believed() -> None:
    rng = np.random.default_rng(0)
    score, target = rng.uniform(size=2000), np.repeat([0, 1], 1000)
    score[1000:1100] = 2.0  # a hundred signal events with no background at all
    found = best_cut(score, target)
    assert np.isinf(found.significance.max())
    assert np.isfinite(found.maximum.value)
    assert found.background[found.best] >= 25


@pytest.mark.parametrize(
    "bad", [{"signal_events": -1}, {"background_events": np.inf}, {"background_uncertainty": -0.1}]
)
def test_bad_numbers_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(DataError):
        best_cut([0.1, 0.9], [0, 1], **bad)  # type: ignore[arg-type]  # one of several numbers
