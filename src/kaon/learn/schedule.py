"""Learning-rate schedules as pure functions of the step."""

from __future__ import annotations

import math

from kaon.errors import ConfigError

__all__ = ["learning_rate_factor"]


def learning_rate_factor(
    step: int, steps: int, schedule: str, warmup: float, *, flat: float = 0.0, rate: float = 0.25
) -> float:
    """Learning rate at a step, as a fraction of the highest.

    Args:
        step: 0 ... steps - 1 (later steps count as the last).
        steps: of the whole training.
        schedule: constant, cosine or one_cycle.
        warmup: fraction of the steps in which the rate rises: linearly for constant and cosine; for one_cycle
            along half a cosine from 1/25, then it falls along half a cosine to 1e-5 (at least 30% rise).
        flat: share of the steps, at the end, in which the rate stays constant, as averaging weights wants it
            (1803.05407); the schedule is over before, and does not fall below `rate`.
        rate: the constant.

    >>> [round(learning_rate_factor(s, 10, "cosine", 0.2), 2) for s in (0, 1, 2, 6, 9)]
    [0.5, 1.0, 1.0, 0.5, 0.04]
    """
    step = min(step, steps - 1)
    if flat:
        before = round(steps * (1 - flat))
        if step >= before:
            return rate
        usual = learning_rate_factor(step, before, schedule, warmup)
        later = learning_rate_factor(step + 1, before, schedule, warmup)
        return usual if later > usual else max(usual, rate)
    rise = warmup * steps
    if schedule == "one_cycle":
        rise = max(warmup, 0.3) * steps
        if step < rise:
            return _between(1 / 25, 1.0, step / rise)
        return _between(1.0, 1e-5, (step - rise) / max(steps - rise, 1))
    if step < rise:
        return min(1.0, (step + 1) / rise)
    if schedule == "constant":
        return 1.0
    if schedule == "cosine":
        return _between(1.0, 0.0, (step - rise) / max(steps - rise, 1))
    raise ConfigError(f"schedule={schedule!r}; allowed: constant, cosine, one_cycle")


def _between(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
