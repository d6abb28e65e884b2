"""Inputs on which an exported model is compared with the original: random ones, and the awkward ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.data import InputSpec
from kaon.data.forest import Forest

__all__ = ["net_samples", "tree_samples"]

Example = Callable[[int, dict[str, int], int], dict[str, NDArray[Any]]]

_SIZES = ((1, 1), (2, 3), (33, 40), (1, 16))
"""(events, length of every dynamic axis) of the random batches."""


def net_samples(spec: InputSpec, example: Example | None = None, seed: int = 0) -> Iterator[dict[str, NDArray[Any]]]:
    """Batches of several sizes; where there is a mask, events of any length, the empty one and the full one included.

    Args:
        spec: what the network reads.
        example: makes (events, length of the dynamic axes, seed) into inputs, as `Representation.example` does; by
            default random numbers that the specification allows.
        seed: of the random numbers.
    """
    random = np.random.default_rng(seed)
    make = example or partial(spec.example, full=False)
    for events, length in _SIZES:
        yield make(events, dict.fromkeys(spec.dynamic_axes, length), int(random.integers(2**31)))


def tree_samples(forest: Forest, name: str, events: int = 2000, seed: int = 0) -> Iterator[dict[str, NDArray[Any]]]:
    """Values around, exactly on, and one rounding step beside the thresholds; missing and infinite ones.

    Args:
        forest: the trees.
        name: of the input.
        events: in the larger of the two batches; the other has one.
        seed: of the random numbers.
    """
    random = np.random.default_rng(seed)
    x = random.normal(size=(events, forest.features)).astype(np.float32)
    infinity = np.float32(np.inf)
    for feature in range(forest.features):
        cuts = np.unique(forest.threshold[forest.feature == feature])
        cuts = cuts[np.isfinite(cuts)]  # an infinite one parts missing values from all others
        if len(cuts):
            spread = (cuts[-1] - cuts[0]) or np.float32(1)
            between = random.uniform(cuts[0] - 0.1 * spread, cuts[-1] + 0.1 * spread, events).astype(np.float32)
            exact = random.choice(
                np.concatenate([cuts, np.nextafter(cuts, infinity), np.nextafter(cuts, -infinity)]), events
            )
            x[:, feature] = np.where(random.random(events) < 0.5, between, exact)
    odd = random.choice(np.array([np.nan, np.inf, -np.inf, 0.0], np.float32), x.shape)
    x = np.where(random.random(x.shape) < 0.02, odd, x)
    yield {name: x}
    yield {name: x[:1]}
