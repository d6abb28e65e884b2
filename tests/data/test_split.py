from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import stats

from kaon.data.split import assign_folds, assign_parts, uniform_hash
from kaon.errors import ConfigError

N = 200_000
numbers = hnp.arrays(np.int64, st.integers(0, 30), elements=st.integers(-(2**63), 2**63 - 1))


def reference(number: int, seed: int) -> float:
    """SplitMix64's finaliser by whole-number arithmetic of Python."""

    def mix(z: int) -> int:
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        return z ^ z >> 31

    return (mix(number % 2**64 ^ mix((seed + 0x9E3779B97F4A7C15) % 2**64)) >> 11) / 2**53


@given(numbers, st.integers(-(2**70), 2**70))
def test_agrees_with_exact_arithmetic_for_any_number_and_seed(index: NDArray[Any], seed: int) -> None:
    found = uniform_hash(index, seed)
    assert found.tolist() == [reference(int(i), seed) for i in index]
    assert ((found >= 0) & (found < 1)).all()


def test_the_type_of_numbers_and_seed_does_not_matter() -> None:
    expected = uniform_hash(np.arange(100), -3)
    for kind in (np.int32, np.uint8, np.uint64):
        np.testing.assert_array_equal(uniform_hash(np.arange(100, dtype=kind), np.int64(-3)), expected)  # type: ignore[arg-type]


@given(numbers, st.integers(0, 1000), st.randoms(use_true_random=False))
def test_the_part_of_an_event_depends_on_its_number_and_the_seed_only(index: NDArray[Any], seed: int, r: Any) -> None:
    order = np.array(r.sample(range(len(index)), len(index)), np.int64)
    assigners = (partial(assign_parts, fractions=(0.6, 0.2, 0.2), seed=seed), partial(assign_folds, folds=5, seed=seed))
    for assign in assigners:
        np.testing.assert_array_equal(assign(index[order]), assign(index)[order])
        alone = [assign(index[i : i + 1])[0] for i in range(len(index))]
        assert assign(index).tolist() == alone


@pytest.mark.parametrize(
    "index",
    [np.arange(N), -np.arange(N), np.arange(N) * 1000, np.arange(N) << 40, 2**62 + np.arange(N)],
    ids=["counting", "negative", "thousands", "high bits", "huge"],
)
@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_numbers_are_uniform_whatever_their_pattern(index: NDArray[Any], seed: int) -> None:
    values = uniform_hash(index, seed)
    counts = np.bincount((values * 100).astype(int), minlength=100)
    # The tests are fixed, 30 in all: one below 1e-6 would be a fault, not bad luck.
    assert stats.chisquare(counts).pvalue > 1e-6
    assert stats.kstest(values, "uniform").pvalue > 1e-6
    neighbours = np.corrcoef(values[:-1], values[1:])[0, 1]
    assert abs(neighbours) < 5 / np.sqrt(N)


@pytest.mark.parametrize(("one", "two"), [(0, 1), (1, 2), (0, 2**32), (7, -7)])
def test_different_seeds_split_independently(one: int, two: int) -> None:
    a, b = (assign_folds(np.arange(N), 4, seed) for seed in (one, two))
    table = np.bincount(4 * a + b, minlength=16).reshape(4, 4)
    assert stats.chi2_contingency(table).pvalue > 1e-6


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.integers())
def test_parts_hold_their_fractions(shares: list[float], seed: int) -> None:
    fractions = np.array(shares) / max(1.0, sum(shares))
    parts = assign_parts(np.arange(20_000), tuple(fractions), seed)
    for part, fraction in enumerate(fractions):
        # Six standard deviations of the binomial distribution, and one event for rounding.
        assert abs((parts == part).sum() - 20_000 * fraction) <= 6 * np.sqrt(20_000 * fraction * (1 - fraction)) + 1
    assert set(parts.tolist()) <= {-1, *range(len(fractions))}


def test_fractions_that_sum_to_one_leave_nobody_out() -> None:
    for fractions in [(0.1,) * 10, (0.7, 0.2, 0.1), (1 / 3, 1 / 3, 1 / 3), (1.0,), (0.5, 0.0, 0.5)]:
        parts = assign_parts(np.arange(N), fractions, 0)
        assert parts.min() == 0
        assert not (parts[:, None] == [i for i, f in enumerate(fractions) if f == 0]).any()


def test_a_larger_training_part_keeps_the_events_of_the_smaller() -> None:
    small, large = (assign_parts(np.arange(1000), (f,), 0) == 0 for f in (0.3, 0.5))
    assert (large | ~small).all()


@pytest.mark.parametrize("fractions", [(), (-0.1, 0.5), (0.6, 0.5), (float("nan"),), (float("inf"),)])
def test_impossible_fractions_are_refused(fractions: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="must be non-negative and sum to at most 1"):
        assign_parts(np.arange(3), fractions, 0)


@given(st.integers(2, 1000), st.integers())
def test_folds_are_numbered_from_zero(folds: int, seed: int) -> None:
    found = assign_folds(np.arange(500), folds, seed)
    assert found.min() >= 0
    assert found.max() < folds


@pytest.mark.parametrize("folds", [1, 0, -2])
def test_one_fold_is_none(folds: int) -> None:
    with pytest.raises(ConfigError, match="needs at least 2"):
        assign_folds(np.arange(3), folds, 0)
