"""Small labelled samples for training tests."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from kaon.data import Batch, Events, Input, InputSpec


def gaussian_events(count: int, seed: int = 0, classes: int = 2, shift: float = 1.0) -> Events:
    """Five normal features, the first shifted by `shift` times the class number."""
    random = np.random.default_rng(seed)
    target = random.integers(0, classes, count)
    x = random.normal(size=(count, 5))
    x[:, 0] += shift * target
    names = ("background", "signal") if classes == 2 else tuple(f"class_{i}" for i in range(classes))
    columns = ak.Array({f"x{i}": column for i, column in enumerate(x.T)})
    return Events(columns, target, None, np.arange(count), names)


@pytest.fixture
def table() -> Events:
    return gaussian_events(1200)


@pytest.fixture
def batch() -> Batch:
    events = gaussian_events(1000)
    x = np.stack([np.asarray(events[name]) for name in events.fields], axis=1).astype(np.float32)
    return Batch({"features": x}, events.target, None, events.index)


@pytest.fixture
def spec() -> InputSpec:
    return InputSpec((Input("features", (5,)),))
