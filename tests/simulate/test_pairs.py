from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kaon.simulate.pairs import pairs, ranges

numbers = st.lists(st.integers(0, 5), max_size=12)


@given(numbers, numbers)
def test_pairs_are_those_of_two_loops(left: list[int], right: list[int]) -> None:
    right = sorted(right)
    i, j = pairs(np.array(left, np.int64), np.array(right, np.int64))
    expected = [(a, b) for a, x in enumerate(left) for b, y in enumerate(right) if x == y]
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == expected


@given(numbers)
def test_ranges_follow_each_other(count: list[int]) -> None:
    first = 10 * np.arange(len(count))
    owner, value = ranges(first, np.array(count, np.int64))
    expected = [(i, 10 * i + k) for i, n in enumerate(count) for k in range(n)]
    assert list(zip(owner.tolist(), value.tolist(), strict=True)) == expected
