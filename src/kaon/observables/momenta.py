"""Four-momenta as arrays (..., 4) of (E, px, py, pz), GeV: how the other files of this room read and move them.

Everything broadcasts and keeps what is undefined defined: a boost needs no direction, a vector at rest has azimuth 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kaon import kinematics as kin
from kaon.errors import DataError

__all__ = ["boost", "four_momentum", "four_vectors", "invariant_mass", "missing", "plane", "pt"]

Floats = NDArray[np.float64]


def four_momentum(pt: ArrayLike, eta: ArrayLike, phi: ArrayLike, mass: ArrayLike = 0.0) -> Floats:
    """(E, px, py, pz) from pT (GeV), pseudorapidity, azimuth (radians) and mass (GeV), (..., 4).

    >>> four_momentum(3.0, 0.0, 0.0, 4.0).tolist()
    [5.0, 3.0, 0.0, 0.0]
    """
    pt, eta, phi, mass = np.broadcast_arrays(*(np.asarray(x, np.float64) for x in (pt, eta, phi, mass)))
    p = pt * np.cosh(eta)
    return np.stack([np.hypot(p, mass), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=-1)


def four_vectors(p: Any, name: str = "momentum") -> Floats:
    """Any array-like as float64 four-vectors.

    Raises:
        DataError: its last axis is not of length 4.
    """
    return _last_axis(p, 4, name, "(E, px, py, pz)")


def missing(met: Any) -> Floats:
    """Any array-like as float64 vectors in the transverse plane.

    Raises:
        DataError: its last axis is not of length 2.
    """
    return _last_axis(met, 2, "met", "(px, py)")


def plane(p: Floats) -> Floats:
    """The transverse part (px, py) of four-vectors, (..., 2)."""
    return p[..., 1:3]


def pt(p: Floats) -> Floats:
    """Transverse momentum of four-vectors, GeV."""
    return kin.transverse_momentum(p[..., 1], p[..., 2])


def invariant_mass(p: Floats) -> Floats:
    """Mass of four-vectors, GeV; 0 where rounding makes its square negative."""
    return kin.mass(p[..., 0], p[..., 1], p[..., 2], p[..., 3])


def boost(p: Floats, beta: Floats) -> Floats:
    """The four-vectors as seen after a boost by the velocities `beta`, (..., 3), in units of that of light.

    A system that moves with v is brought to rest by `boost(p, -v)`; |beta| is taken as below 1 by a rounding at most.
    """
    squared = np.minimum((beta**2).sum(-1), 1 - 1e-15)
    gamma = 1 / np.sqrt(1 - squared)
    along = (beta * p[..., 1:]).sum(-1)
    # (gamma - 1) / beta^2 without its 0 / 0
    factor = (gamma**2 / (1 + gamma) * along + gamma * p[..., 0])[..., None]
    return np.concatenate([(gamma * (p[..., 0] + along))[..., None], p[..., 1:] + factor * beta], axis=-1)


def _last_axis(values: Any, size: int, name: str, meaning: str) -> Floats:
    made = np.asarray(values, np.float64)
    if made.ndim == 0 or made.shape[-1] != size:
        raise DataError(f"{name} has the shape {made.shape}; needed: (events, {size}) of {meaning}")
    return made
