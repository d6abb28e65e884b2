from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.data import Predictions


class Sample(NamedTuple):
    score: NDArray[Any]
    target: NDArray[Any]
    weight: NDArray[Any]


def gaussians(count: int, shift: float, seed: int) -> Sample:
    """Background N(0, 1) and signal N(shift, 1), half of each, with weights in (0.5, 1.5)."""
    rng = np.random.default_rng(seed)
    target = np.arange(count) % 2
    return Sample(rng.normal(size=count) + shift * target, target, rng.uniform(0.5, 1.5, count))


@pytest.fixture
def sample() -> Sample:
    return gaussians(2000, 1.0, seed=0)


@pytest.fixture
def predictions() -> Predictions:
    rng = np.random.default_rng(1)
    target = np.arange(4000) % 2
    p = 1 / (1 + np.exp(-(rng.normal(size=4000) + 2 * target - 1)))
    return Predictions(
        score=np.stack([1 - p, p], axis=1),
        target=target,
        weight=rng.uniform(0.5, 1.5, 4000),
        index=np.arange(4000),
        classes=("qcd", "top"),
        spectators={"jet_pt": rng.uniform(550, 650, 4000), "jet_mass": rng.gamma(4, 25, 4000)},
    )
