from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaon.errors import ConfigError
from kaon.learn.schedule import learning_rate_factor

SCHEDULES = st.sampled_from(["constant", "cosine", "one_cycle"])


@given(SCHEDULES, st.integers(1, 500), st.floats(0, 0.9), st.integers(0, 600))
def test_the_factor_stays_between_zero_and_one(schedule: str, steps: int, warmup: float, step: int) -> None:
    assert 0 <= learning_rate_factor(step, steps, schedule, warmup) <= 1


@given(SCHEDULES, st.integers(50, 500), st.floats(0, 0.6))
def test_it_rises_to_the_top_and_never_rises_again(schedule: str, steps: int, warmup: float) -> None:
    curve = [learning_rate_factor(s, steps, schedule, warmup) for s in range(steps)]
    top = curve.index(max(curve))
    assert max(curve) > 0.98
    assert all(a <= b + 1e-12 for a, b in pairwise(curve[: top + 1]))
    assert all(a >= b - 1e-12 for a, b in pairwise(curve[top:]))


def test_cosine_without_warmup_is_half_a_cosine() -> None:
    assert [learning_rate_factor(s, 4, "cosine", 0.0) for s in (0, 1, 2)] == pytest.approx([1, 0.5 + 0.5**1.5, 0.5])


def test_an_unknown_schedule_is_refused() -> None:
    with pytest.raises(ConfigError, match="allowed: constant"):
        learning_rate_factor(0, 10, "step", 0)
