"""Small events of plain columns, on which a training takes a tenth of a second."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.learn import Parts


def events_of(count: int = 600, seed: int = 0) -> Events:
    """Three columns of Gaussians, one of them shifted by one standard deviation for the signal."""
    random = np.random.default_rng(seed)
    target = random.integers(0, 2, count)
    columns = random.normal(size=(3, count))
    columns[0] += target
    return Events(
        ak.Array({"x": columns[0], "y": columns[1], "z": columns[2]}), target=target, classes=("background", "signal")
    )


@pytest.fixture(scope="session")
def parts() -> Parts:
    """Training, validation and test events."""
    return Parts.of(events_of(), (0.5, 0.25, 0.25), 0)
