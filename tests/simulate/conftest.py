"""What the tests of the simulation share: particles made of random numbers, and a recipe that is quick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kaon.simulate import Recipe, load_recipe
from kaon.simulate.particles import Particles

MakeParticles = Callable[..., Particles]


def particles_of(events: int = 5, count: int = 40, seed: int = 0, **columns: Any) -> Particles:
    """Particles of random direction and momentum from the origin; columns given replace the random ones."""
    random = np.random.default_rng(seed)
    n = events * count
    pt, eta, phi = random.exponential(5, n) + 0.2, random.uniform(-2.5, 2.5, n), random.uniform(-np.pi, np.pi, n)
    mass = 0.13957
    pid = random.choice([211, -211, 22, 130, 11, -13], n)
    charges = {211: 1.0, -211: -1.0, 22: 0.0, 130: 0.0, 11: -1.0, -13: 1.0}
    made: dict[str, Any] = {
        "event": np.repeat(np.arange(events), count),
        "px": pt * np.cos(phi),
        "py": pt * np.sin(phi),
        "pz": pt * np.sinh(eta),
        "E": np.sqrt((pt * np.cosh(eta)) ** 2 + mass**2),
        "pid": pid,
        "charge": np.array([charges[int(p)] for p in pid]),
        "x": np.zeros(n),
        "y": np.zeros(n),
        "z": np.zeros(n),
    }
    return Particles(events=events, **{**made, **columns})


@pytest.fixture(scope="session")
def make_particles() -> MakeParticles:
    """`make_particles(events, count, seed, **columns)`: see `particles_of`."""
    return particles_of


@pytest.fixture(scope="session")
def quick() -> Recipe:
    """Top tagging without detector in chunks of 60 collisions: about 40 and 25 jets in a fifth of a second each."""
    return load_recipe("top-tagging").model_copy(update={"chunk_events": 60, "detector": "none"})
