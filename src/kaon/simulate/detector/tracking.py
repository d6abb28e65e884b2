"""Tracks of charged particles: some are lost, all are smeared."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from kaon.simulate.detector.card import Card, Species
from kaon.simulate.particles import Particles

__all__ = ["lognormal", "tracks"]

Floats = NDArray[np.float64]
_PID: dict[Species, int] = {"hadron": 211, "electron": 11, "muon": 13}


def tracks(
    particles: Particles, reached: NDArray[np.bool_], card: Card, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Particles, Floats]:
    """Reconstructed tracks of a batch.

    Args:
        particles: all of the batch.
        reached: whether each flies through the tracker, (particles,).
        card: the detector.
        rng: source of randomness.

    Returns:
        (tracks,) the particle of each track; the tracks, massless, with the PDG number of a pion, electron or muon;
        and sigma(p)/p of each, (tracks,).
    """
    charged = np.flatnonzero(reached & (particles.charge != 0))
    kind = _species(particles.pid[charged])
    pt, eta = particles.pt[charged], particles.eta[charged]
    probability, resolution = np.zeros(len(charged)), np.zeros(len(charged))
    for number, species in enumerate(get_args(Species)):
        rows = kind == number
        tracker = card.trackers[species]
        probability[rows] = tracker.probability(eta[rows], pt[rows])
        resolution[rows] = tracker.resolution(eta[rows], pt[rows])
    found = rng.random(len(charged)) < probability
    charged, kind, pt, resolution = charged[found], kind[found], pt[found], resolution[found]
    smeared = particles.take(charged)
    factor = lognormal(pt, resolution * pt, rng) / pt
    px, py, pz = (getattr(smeared, name) * factor for name in ("px", "py", "pz"))
    sign = np.sign(smeared.charge).astype(np.int64)
    lepton = np.where(kind == 0, 1, -1)  # a negative lepton has a positive PDG number
    made = replace(
        smeared,
        px=px,
        py=py,
        pz=pz,
        E=np.sqrt(px**2 + py**2 + pz**2),
        pid=sign * lepton * np.array([_PID[species] for species in get_args(Species)])[kind],
    )
    return charged, made, resolution


def lognormal(mean: Floats, sigma: Floats, rng: np.random.Generator) -> Floats:
    """Positive random numbers with this mean and standard deviation, each (n,); 0 where the mean is 0."""
    safe = np.where(mean > 0, mean, 1.0)
    b = np.sqrt(np.log1p((sigma / safe) ** 2))
    values = np.exp(np.log(safe) - 0.5 * b**2 + b * rng.standard_normal(len(mean)))
    return np.where(mean > 0, values, 0.0)


def _species(pid: NDArray[np.int64]) -> NDArray[np.int64]:
    absolute = np.abs(pid)
    return np.where(absolute == 11, 1, np.where(absolute == 13, 2, 0))
