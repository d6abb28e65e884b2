"""The jets of the conformance tests: with a picture each, for what reads pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kaon.data import Events


@pytest.fixture(scope="session")
def make_jets(make_jets: Callable[..., Events]) -> Callable[..., Events]:
    def make(*args: Any, **options: Any) -> Events:
        jets = make_jets(*args, **options)
        return jets.with_columns(image=np.random.default_rng(1).integers(0, 256, (len(jets), 1, 40, 40), np.uint8))

    return make


@pytest.fixture(scope="session")
def jets(make_jets: Callable[..., Events]) -> Events:
    return make_jets()
