from __future__ import annotations

import numpy as np
from scipy.stats import poisson

from kaon.analysis.poisson import poisson_interval


def test_ends_leave_the_tails_that_the_level_says() -> None:
    n = np.array([1.0, 3.0, 40.0])
    low, high = poisson_interval(n, 0.9)
    np.testing.assert_allclose(poisson.sf(n - 1, low), 0.05)
    np.testing.assert_allclose(poisson.cdf(n, high), 0.05)


def test_intervals_cover_and_many_events_are_gaussian() -> None:
    n = np.random.default_rng(0).poisson(7.3, 20_000).astype(float)
    low, high = poisson_interval(n)
    assert ((low <= 7.3) & (high >= 7.3)).mean() >= 0.683
    low, high = poisson_interval([1e6])
    np.testing.assert_allclose([1e6 - low[0], high[0] - 1e6], 1e3, rtol=2e-3)


def test_nothing_and_nonsense() -> None:
    low, high = poisson_interval([0.0, -1.0])
    assert low[0] == 0
    assert np.isclose(np.exp(-high[0]), 0.158655, rtol=1e-5)
    assert np.isnan([low[1], high[1]]).all()
