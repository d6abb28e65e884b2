from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from kaon.errors import DataError
from kaon.evaluate import asimov_significance
from kaon.studies.ztautau.judge import UNCERTAINTY, as_pure_as, judge, passing

rng = np.random.default_rng(0)
N = 20_000
TARGET = (np.arange(N) % 2).astype(np.int64)
WEIGHT = np.where(TARGET == 1, 0.01, 0.1)
SCORE = rng.normal(size=N) + 1.5 * TARGET
INDEX = np.arange(N)


def test_a_selection_is_worth_what_is_counted() -> None:
    passed = SCORE > 1
    found = judge({"cut": passed}, TARGET, WEIGHT)["cut"]
    s, b = (WEIGHT[passed & (c == TARGET)].sum() for c in (1, 0))
    assert found.signal == pytest.approx(s)
    assert found.background == pytest.approx(b)
    assert found.purity == pytest.approx(s / (s + b))
    assert found.significance == pytest.approx(asimov_significance(s, b, UNCERTAINTY * b))


def test_errors_are_the_spread_of_independent_samples() -> None:
    z, purity = [], []
    for seed in range(100):
        x = np.random.default_rng(seed).normal(size=2000) + 1.5 * TARGET[:2000]
        found = judge({"cut": x > 1}, TARGET[:2000], WEIGHT[:2000], replicas=2)["cut"]
        z.append(found.significance)
        purity.append(found.purity)
    found = judge({"cut": SCORE[:2000] > 1}, TARGET[:2000], WEIGHT[:2000])["cut"]
    # the numbers of signal and background events are fixed above, and fluctuate in the replicas
    assert np.std(z) < found.error < 2 * np.std(z)
    assert np.std(purity) < found.purity_error < 2 * np.std(purity)


def test_differences_of_selections_that_share_events_are_known_better() -> None:
    found = judge({"a": SCORE > 1.0, "b": SCORE > 1.05}, TARGET, WEIGHT)
    assert (found["a"].replicas - found["b"].replicas).std() < 0.3 * found["a"].error
    assert judge({"a": SCORE > 1.0}, TARGET, WEIGHT)["a"].error == found["a"].error, "the replicas are the same"


def test_the_best_cut_is_found_and_not_on_the_events_that_it_cuts() -> None:
    passed = passing(SCORE, TARGET, WEIGHT, INDEX)
    found = judge({"best": passed}, TARGET, WEIGHT, replicas=2)["best"].significance
    cuts = np.linspace(-1, 4, 500)
    s, b = (WEIGHT[c == TARGET].sum() * norm.sf(cuts - 1.5 * c) for c in (1, 0))
    truth = np.max(asimov_significance(s, b, UNCERTAINTY * b))
    assert found == pytest.approx(truth, rel=0.1)
    # a score of noise gains nothing, though its best cut on the same events would
    noise = rng.normal(size=N)
    everything = asimov_significance(100, 1000, 100)
    assert judge({"n": passing(noise, TARGET, WEIGHT, INDEX)}, TARGET, WEIGHT, replicas=2)["n"].significance < (
        1.1 * everything
    )


def test_a_cut_that_keeps_so_much_signal() -> None:
    passed = as_pure_as(SCORE, TARGET, WEIGHT, 40.0)
    assert WEIGHT[passed & (TARGET == 1)].sum() == pytest.approx(40, abs=0.02)
    assert SCORE[passed].min() > SCORE[~passed].max()
    assert as_pure_as(SCORE, TARGET, WEIGHT, 1e9).all()


def test_nothing_cannot_be_judged() -> None:
    with pytest.raises(DataError, match="lets no event pass"):
        judge({"none": SCORE > 99}, TARGET, WEIGHT)
