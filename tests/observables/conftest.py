"""Random events for the laws of whole-event variables, and toy decays whose endpoints are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.observables.momenta import boost

Floats = NDArray[np.float64]
Make = Callable[..., Floats]


def momenta_of(count: int, mass: float = 0.0, seed: int = 0, spread: float = 60.0) -> Floats:
    """Four-momenta with normally distributed components, (count, 4), GeV."""
    p = np.random.default_rng(seed).normal(0, spread, (count, 3))
    return np.concatenate([np.sqrt((p**2).sum(1, keepdims=True) + mass**2), p], axis=1)


def two_body(parent: Floats, mass: float, light: float, dark: float, seed: int = 0) -> tuple[Floats, Floats]:
    """Isotropic decays of particles of this mass into two, (events, 4) each."""
    rng = np.random.default_rng(seed)
    energy = (mass**2 + light**2 - dark**2) / (2 * mass)
    direction = rng.normal(size=(len(parent), 3))
    direction *= np.sqrt(energy**2 - light**2) / np.linalg.norm(direction, axis=1, keepdims=True)
    one = np.concatenate([np.full((len(parent), 1), energy), direction], axis=1)
    other = np.concatenate([np.full((len(parent), 1), mass - energy), -direction], axis=1)
    velocity = parent[:, 1:] / parent[:, :1]
    return boost(one, velocity), boost(other, velocity)


def turned(p: Floats, angle: float) -> Floats:
    """Rotated about the beam; p is (..., 4) of momenta or (..., 2) of missing transverse momenta."""
    made = p.copy()
    x, y = (0, 1) if p.shape[-1] == 2 else (1, 2)
    cos, sin = np.cos(angle), np.sin(angle)
    made[..., x], made[..., y] = cos * p[..., x] - sin * p[..., y], sin * p[..., x] + cos * p[..., y]
    return made


def mirrored(p: Floats) -> Floats:
    """Reflected in the plane y = 0."""
    made = p.copy()
    made[..., 1 if p.shape[-1] == 2 else 2] *= -1
    return made


def along_beam(p: Floats, beta: float) -> Floats:
    """Boosted along the beam."""
    return boost(p, np.broadcast_to(np.array([0, 0, beta]), (*p.shape[:-1], 3)))


@pytest.fixture
def met() -> Floats:
    return np.random.default_rng(9).normal(0, 50, (300, 2))
