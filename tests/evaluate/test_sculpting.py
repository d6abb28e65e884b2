from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from kaon.data import Predictions
from kaon.errors import ConfigError, DataError, UnknownName
from kaon.evaluate import jensen_shannon, mass_sculpting, working_point


@given(st.integers(0, 10_000))
def test_divergence_agrees_with_scipy_and_is_symmetric(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, q = rng.integers(0, 5, (2, 12)) + np.eye(12)[0]
    assert jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-12)
    assert jensen_shannon(p, q) == pytest.approx(jensen_shannon(q, p))
    assert jensen_shannon(p, p) == 0
    assert 0 <= jensen_shannon(p, q) <= 1
    assert jensen_shannon(3 * p, q) == pytest.approx(jensen_shannon(p, q))


def test_a_score_that_ignores_the_mass_only_fluctuates() -> None:
    rng = np.random.default_rng(0)
    n = 8000
    ratios = []
    for _ in range(60):
        target = np.arange(n) % 2
        found = mass_sculpting(
            rng.normal(size=n) + target, target, rng.uniform(40, 250, n), 0.5, rng.uniform(0.2, 2, n), bins=21
        )
        ratios.append(found.divergence / found.floor)
    # one divergence is chi2(20) / 20 of its floor: 32%, 60 of them 4%
    assert np.mean(ratios) == pytest.approx(1, abs=0.2)


def test_a_mass_cut_in_disguise_is_seen() -> None:
    rng = np.random.default_rng(0)
    target = np.arange(20_000) % 2
    mass = np.where(target == 1, rng.normal(172, 15, 20_000), rng.uniform(0, 300, 20_000))
    found = mass_sculpting(-abs(mass - 172), target, mass, 0.5, bins=np.linspace(0, 300, 31))
    assert found.divergence > 100 * found.floor
    centres = (found.edges[1:] + found.edges[:-1]) / 2
    assert (found.after[abs(centres - 172) > 25] == 0).all()
    # a tenth of a flat distribution kept: KL(before, middle) and KL(after, middle) in closed form
    share = found.before[found.after > 0].sum()
    expected = (share * np.log2(2 * share / (1 + share)) + (1 - share) + np.log2(2 / (1 + share))) / 2
    assert found.divergence == pytest.approx(expected, rel=0.1)


def test_everything_kept_changes_nothing(predictions: Predictions) -> None:
    found = mass_sculpting(predictions, efficiency=1.0, of="background")
    np.testing.assert_allclose(found.before, found.after)
    assert found.divergence == pytest.approx(0, abs=1e-12)
    assert found.floor == pytest.approx(0, abs=1e-12)
    assert found.before.sum() == pytest.approx(1)


def test_the_cut_is_that_of_the_working_point(predictions: Predictions) -> None:
    assert mass_sculpting(predictions, efficiency=0.3).threshold == working_point(predictions).threshold
    by_background = mass_sculpting(predictions, efficiency=0.1, of="background").threshold
    background = predictions.labels == 0
    kept = background & (predictions.signal_score >= by_background)
    share = predictions.weights[kept].sum() / predictions.weights[background].sum()
    assert share == pytest.approx(0.1, abs=0.002)


def test_negative_bins_count_as_empty() -> None:
    target, mass = np.array([1, 0, 0, 0]), np.array([1.0, 1, 2, 2])
    found = mass_sculpting([9, 1, 2, 3], target, mass, 1.0, [1, 4, 2, -3], of="background", bins=[0.5, 1.5, 2.5])
    assert found.before.tolist() == [1, 0]


def test_bad_input_is_refused(predictions: Predictions) -> None:
    cases: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"mass": "mass"}, UnknownName),
        ({"of": "all"}, ConfigError),
        ({"efficiency": 0.0}, ConfigError),
        ({"bins": [1e6, 2e6]}, DataError),
    ]
    for arguments, error in cases:
        with pytest.raises(error):
            mass_sculpting(predictions, **arguments)
    for p, q in (([1, 2], [1]), ([-1, 2], [1, 1]), ([0, 0], [1, 1])):
        with pytest.raises(DataError):
            jensen_shannon(p, q)
