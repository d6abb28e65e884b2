from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.analysis.backgrounds.uncertain import Uncertain, joined, summed
from kaon.analysis.counts import Counts
from kaon.errors import DataError

TOYS = 200_000


def counts(values: list[float], errors: list[float]) -> Counts:
    return Counts(np.array(values), np.square(errors))


def draw(of: Counts, rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.normal(of.values, of.errors, (TOYS, len(of)))


def test_propagation_agrees_with_toys_also_where_inputs_enter_twice() -> None:
    rng = np.random.default_rng(0)
    shape, data, other = counts([30.0, 50.0], [1.0, 2.0]), counts([200.0, 250.0], [3.0, 4.0]), counts([80.0], [5.0])
    x, y, z = (draw(c, rng) for c in (shape, data, other))
    a, b, c = map(Uncertain.of, (shape, data, other))
    factor = (b.total - c) / a.total
    made = a * factor + b - Uncertain.of(data) * Uncertain.constant(0.5)  # a, b and c enter two or three times
    toys = x * (y.sum(axis=1, keepdims=True) - z) / x.sum(axis=1, keepdims=True) + 0.5 * y
    np.testing.assert_allclose(made.values, toys.mean(axis=0), rtol=0.002)
    np.testing.assert_allclose(made.covariance, np.cov(toys.T), rtol=0.03, atol=0.5)
    assert made.total.variances[0] == pytest.approx(toys.sum(axis=1).var(), rel=0.02)
    np.testing.assert_allclose(made.errors, np.sqrt(np.diag(made.covariance)))


def test_the_same_counts_cancel_and_equal_ones_do_not() -> None:
    one, twin = counts([5.0, 7.0], [2.0, 3.0]), counts([5.0, 7.0], [2.0, 3.0])
    a = Uncertain.of(one)
    assert (a - Uncertain.of(one)).errors.tolist() == [0.0, 0.0]
    assert (a / a).errors.tolist() == [0.0, 0.0]
    np.testing.assert_allclose((a - Uncertain.of(twin)).errors, np.sqrt(2) * one.errors)
    assert (Uncertain.of(one, "n") - Uncertain.of(twin, "n")).errors.tolist() == [0.0, 0.0]
    assert Uncertain.of(a) is a


def test_without_shared_inputs_it_is_what_counts_do() -> None:
    one, two = counts([5.0, 7.0], [2.0, 3.0]), counts([4.0, 0.0], [1.0, 1.0])
    for made, expected in (
        (summed([one, two], 2), one + two),
        (Uncertain.of(one) - Uncertain.of(two), one - two),
        (Uncertain.of(one).total, one.total),
        (Uncertain.of(one) / Uncertain.of(two), one.ratio(two)),
        (Uncertain.of(one) * Uncertain.constant(3.0, 0.5), one.scaled(3.0, 0.25)),
    ):
        np.testing.assert_allclose(made.counts.values, expected.values)
        np.testing.assert_allclose(made.counts.variances, expected.variances)
    assert summed([], 3).counts.to_json() == Counts.zeros(3).to_json()


def test_regions_joined_keep_what_correlates_them() -> None:
    factor = Uncertain.constant(2.0, 0.1)
    both = joined([Uncertain(np.array([10.0])) * factor, counts([1.0], [3.0]), Uncertain(np.array([20.0])) * factor])
    np.testing.assert_allclose(both.values, [20, 1, 40])
    np.testing.assert_allclose(both.covariance, [[1, 0, 2], [0, 9, 0], [2, 0, 4]])
    assert len(joined([])) == 0
    assert Uncertain.constant(1.0).covariance.tolist() == [[0.0]]


def test_floor_keeps_errors() -> None:
    kept = Uncertain.of(counts([-2.0, 3.0], [1.0, 2.0])).floored
    assert (kept.values.tolist(), kept.errors.tolist()) == ([0.0, 3.0], [1.0, 2.0])
    assert str(kept) == "0 ± 1, 3 ± 2"


def test_bins_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="2 bins cannot be summed with counts in 3"):
        summed([counts([1.0, 2.0], [1.0, 1.0])], 3)
    with pytest.raises(DataError, match="do not fit 1 bins"):
        Uncertain(np.ones(1), {"x": np.ones((1, 2))})
    with pytest.raises(DataError, match="'n' has 2 parts in one place and 1"):
        Uncertain.of(counts([1.0, 2.0], [1.0, 1.0]), "n") + Uncertain.of(counts([1.0], [1.0]), "n")
