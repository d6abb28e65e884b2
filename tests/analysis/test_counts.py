from __future__ import annotations

import numpy as np
import pytest

from kaon.analysis.counts import Counts
from kaon.errors import DataError


def counts(values: list[float], variances: list[float]) -> Counts:
    return Counts(np.array(values), np.array(variances))


def test_histogram_agrees_with_numpy_and_keeps_what_lies_beyond() -> None:
    rng = np.random.default_rng(0)
    x, w, edges = rng.normal(size=500), rng.normal(1, 1, 500), np.linspace(-2, 2, 9)
    made = Counts.of(w, x, edges)
    np.testing.assert_allclose(made.values, np.histogram(np.clip(x, -1.999, 1.999), edges, weights=w)[0])
    assert made.total.values[0] == pytest.approx(w.sum())
    assert made.total.variances[0] == pytest.approx((w**2).sum())
    assert Counts.of(w).values[0] == pytest.approx(w.sum())
    assert Counts.of([1.0, 1.0], [np.nan, 0.0], [-1, 1]).values.tolist() == [1.0]


def test_errors_propagate_as_toys_say() -> None:
    rng = np.random.default_rng(1)
    a, b, factor = rng.normal(50, 3, 200_000), rng.normal(20, 1, 200_000), rng.normal(2, 0.1, 200_000)
    one, two = counts([50.0], [9.0]), counts([20.0], [1.0])
    for made, toys in (
        (one + two, a + b),
        (one - two, a - b),
        (one.scaled(2, 0.01), a * factor),
        (one.ratio(two), a / b),
    ):
        assert made.values[0] == pytest.approx(toys.mean(), rel=0.01)
        assert made.errors[0] == pytest.approx(toys.std(), rel=0.03)


def test_sums_and_empty_ratios() -> None:
    assert Counts.sum([], 3).values.tolist() == [0.0, 0.0, 0.0]
    assert Counts.sum([counts([1.0], [1.0]), counts([2.0], [4.0])]).to_json() == {
        "values": [3.0],
        "errors": [pytest.approx(5**0.5)],
    }
    assert np.isnan(counts([1.0], [1.0]).ratio(Counts.zeros()).values).all()


def test_bad_counts_are_refused() -> None:
    with pytest.raises(DataError, match="negative variances"):
        counts([1.0], [-1.0])
    with pytest.raises(DataError, match="shape"):
        counts([1.0, 2.0], [1.0])
