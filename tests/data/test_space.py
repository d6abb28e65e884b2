from __future__ import annotations

import pytest

from kaon.data.space import Choice, Integer, Real
from kaon.errors import ConfigError


def test_ranges_that_make_sense_are_kept() -> None:
    assert (Real(1e-4, 1e-2, log=True).low, Integer(1, 5).high, Choice(((32,), (64, 64))).options[1]) == (
        1e-4,
        5,
        (64, 64),
    )


@pytest.mark.parametrize(("low", "high", "log"), [(1, 1, False), (2, 1, False), (0, 1, True), (float("nan"), 1, False)])
@pytest.mark.parametrize("kind", [Real, Integer])
def test_ranges_that_make_none_are_refused(kind: type, low: float, high: float, log: bool) -> None:
    with pytest.raises(ConfigError, match="must rise"):
        kind(low, high, log)


def test_a_choice_needs_two_options() -> None:
    with pytest.raises(ConfigError, match="at least two"):
        Choice((1,))
