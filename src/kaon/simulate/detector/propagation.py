"""The way of a particle through the solenoid to the calorimeter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kaon.simulate.particles import Particles

__all__ = ["impact"]

Floats = NDArray[np.float64]

_CURVATURE = 0.299792458e-3
"""GeV per (tesla mm): pT = 0.2998e-3 B R for a unit charge on a circle of radius R."""


def impact(
    particles: Particles, *, field: float, radius: float, half_length: float
) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Where each particle hits the cylinder around the tracker.

    A neutral particle flies straight; a charged one on a helix from its production point, with the transverse radius
    R = pT / (0.3 q B). One whose circle does not reach the cylinder curls until it leaves through an end.

    Args:
        particles: what flies.
        field: along z, tesla.
        radius: of the cylinder, mm.
        half_length: of the cylinder, mm.

    Returns:
        (particles,) whether it starts inside and moves, and the pseudorapidity and azimuth (radians) of the
        point where it leaves the cylinder, as seen from the origin.
    """
    px, py, pz, pt = particles.px, particles.py, particles.pz, particles.pt
    starts = (np.hypot(particles.x, particles.y) < radius) & (np.abs(particles.z) < half_length)
    starts &= (pt > 0) | (pz != 0)
    safe = np.where(pt > 0, pt, 1.0)
    ux, uy, slope = px / safe, py / safe, pz / safe  # slope: z per transverse length
    kappa = -_CURVATURE * field * particles.charge / safe  # change of direction per transverse length, 1/mm
    with np.errstate(divide="ignore", invalid="ignore"):
        to_end = np.where(slope != 0, (np.sign(slope) * half_length - particles.z) / slope, np.inf)
    to_wall = np.empty(len(particles))
    bends = np.abs(kappa) * radius > 1e-9
    for rows, way in ((bends, _arc), (~bends, _line)):
        to_wall[rows] = way(particles.x[rows], particles.y[rows], ux[rows], uy[rows], kappa[rows], radius)
    length = np.minimum(to_end, to_wall)
    starts &= np.isfinite(length)
    length = np.where(starts, length, 0.0)
    turn = kappa * length
    half = np.sinc(turn / (2 * np.pi)) * length  # chord
    cosine, sine = np.cos(turn / 2), np.sin(turn / 2)
    x = particles.x + half * (ux * cosine - uy * sine)
    y = particles.y + half * (uy * cosine + ux * sine)
    z = particles.z + slope * length
    along = starts & (pt == 0)  # exactly along the beam
    z = np.where(along, np.sign(pz) * half_length, z)
    with np.errstate(divide="ignore", invalid="ignore"):
        eta = np.clip(np.nan_to_num(np.arcsinh(z / np.hypot(x, y))), -20, 20)
    return starts, eta, np.arctan2(y, x)


def _line(x: Floats, y: Floats, ux: Floats, uy: Floats, _: Floats, radius: float) -> Floats:
    """Length of the straight way from (x, y) along the unit vector (ux, uy) to the circle, mm."""
    along = x * ux + y * uy
    return -along + np.sqrt(np.maximum(along**2 + radius**2 - x**2 - y**2, 0.0))


def _arc(x: Floats, y: Floats, ux: Floats, uy: Floats, kappa: Floats, radius: float) -> Floats:
    """Length of the arc from (x, y) along (ux, uy), curvature kappa, to the circle, mm; infinite if it stays inside."""
    cx, cy = x - uy / kappa, y + ux / kappa  # centre of the arc
    distance = np.hypot(cx, cy)
    r = 1 / np.abs(kappa)
    reached = (distance < radius + r) & (distance > np.abs(radius - r))
    safe = np.maximum(distance, 1e-12)
    # points of both circles lie at +-gamma around the direction from the arc's centre to the origin
    gamma = np.arccos(np.clip((distance**2 + r**2 - radius**2) / (2 * safe * r), -1.0, 1.0))
    start = np.arctan2(y - cy, x - cx)
    towards = np.arctan2(-cy, -cx)
    sense = np.sign(kappa)
    turns = [(sense * (towards + side * gamma - start)) % (2 * np.pi) for side in (-1.0, 1.0)]
    return np.where(reached, np.minimum(*turns) * r, np.inf)
