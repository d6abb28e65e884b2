"""The spread of any number of merit, by drawing the events again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kaon.errors import ConfigError, DataError
from kaon.evaluate._inputs import Scores, multiclass

__all__ = ["Interval", "bootstrap"]


@dataclass(frozen=True)
class Interval:
    """A value and its bootstrap interval; every field has the shape of what the function returns.

    Args:
        value: on the events as they are.
        error: standard deviation of the replicas.
        low: lower end of the interval.
        high: upper end of the interval.
        level: share of the replicas between them.
        replicas: value on each replica, (n, ...).
    """

    value: Any
    error: Any
    low: Any
    high: Any
    level: float
    replicas: NDArray[np.float64]


def bootstrap(
    function: Callable[[NDArray[Any], NDArray[np.int64], NDArray[np.float64]], Any],
    score: Scores,
    target: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    n: int = 200,
    seed: int = 0,
    level: float = 0.6827,
    resample: Literal["poisson", "multinomial"] = "poisson",
    groups: ArrayLike | None = None,
) -> Interval:
    """Percentile interval of `function(score, target, weight)` over events drawn again n times.

    (Efron, Ann. Stat. 7 (1979) 1.) A replica multiplies each event's weight by the number of times it was drawn, so
    any weighted function will do, and replicas are made one at a time: memory stays that of the sample. A float,
    anything that converts to one (an `Estimate`), or an array may be returned.

    Args:
        function: takes scores (M,) or (M, C), class numbers (M,) and weights (M,) of the events drawn, M <= N.
        score: (N,), (N, C), or `Predictions`.
        target: class numbers, (N,); not with `Predictions`.
        weight: (N,), possibly negative; ones by default.
        n: number of replicas; 200 are enough for an error (5%), 1000 for a 95% interval.
        seed: of the random numbers; the same seed draws the same events, so that two models evaluated on the same
            events with the same seed can be subtracted replica by replica.
        level: share of the replicas inside the interval.
        resample: `poisson` draws each event a Poisson(1) number of times, as the sample size of collisions fluctuates;
            `multinomial` keeps the number of draws at N.
        groups: number of the collision that each row belongs to, (N,), for several jets a collision: all rows of one
            collision are drawn together. By default every row is its own.

    Raises:
        DataError: as `roc_curve`; a replica on which the function cannot be computed, for too few events.
        ConfigError: fewer than two replicas, a level outside (0, 1), or another way to resample.

    >>> from kaon.evaluate import auc
    >>> score, target = np.arange(1000) % 17, np.arange(1000) % 2
    >>> interval = bootstrap(auc, score, target, n=50)
    >>> bool(interval.low < interval.value < interval.high)
    True
    """
    if n < 2 or not 0 < level < 1 or resample not in ("poisson", "multinomial"):
        raise ConfigError(
            f"n={n}, level={level}, resample={resample!r}; needed: n of at least 2, a level between 0 and 1, "
            "'poisson' or 'multinomial'"
        )
    events = multiclass(score, target, weight, several=False)
    member = np.arange(len(events.score))
    if groups is not None:
        member = np.unique(np.asarray(groups), return_inverse=True)[1]
        if member.shape != events.target.shape:
            raise DataError(f"groups have shape {member.shape}; needed: {events.target.shape}")
    count = int(member.max()) + 1
    rng = np.random.default_rng(seed)
    replicas = []
    for _ in range(n):
        if resample == "poisson":
            drawn = rng.poisson(1.0, count)[member]
        else:
            drawn = np.bincount(rng.integers(0, count, count), minlength=count)[member]
        kept = np.flatnonzero(drawn)
        try:
            found = function(events.score[kept], events.target[kept], events.weights[kept] * drawn[kept])
        except DataError as reason:
            raise DataError(f"a replica of the bootstrap cannot be evaluated: {reason}; use more events") from reason
        replicas.append(_numbers(found))
    values = np.stack(replicas)
    with np.errstate(invalid="ignore"):  # an infinite replica (no background left) has no spread, but has a quantile
        error = values.std(axis=0, ddof=1)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=0, method="nearest")
    value = _numbers(function(events.score, events.target, events.weights))
    summary = [x.item() if np.ndim(x) == 0 else x for x in (value, error, low, high)]
    return Interval(summary[0], summary[1], summary[2], summary[3], level, values)


def _numbers(found: Any) -> NDArray[np.float64]:
    return np.asarray(float(found) if hasattr(found, "__float__") and np.ndim(found) == 0 else found, np.float64)
