"""Electrons, muons and photons among what the detector sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics
from kaon.simulate.pairs import pairs
from kaon.simulate.particles import Particles
from kaon.simulate.recipe import Isolated, Leptons

__all__ = ["candidates", "identified", "isolated"]

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]

_ENDCAP = 1.5
"""|eta| where the second of the two efficiencies begins."""


def candidates(seen: Particles, species: int, wanted: Isolated) -> tuple[Rows, Floats]:
    """The hard and central particles of a species, and the pT around each divided by its own, (candidates,) each.

    Args:
        seen: what the detector saw.
        species: |PDG number|.
        wanted: the least pT, the largest |eta|, and the radius of the cone.
    """
    hard = (seen.pt > wanted.pt) & (np.abs(seen.eta) < wanted.eta)
    rows = np.flatnonzero(hard & (np.abs(seen.pid) == species))
    one, other = pairs(seen.event[rows], seen.event)
    row = rows[one]
    near = kinematics.delta_r(seen.eta[row], seen.phi[row], seen.eta[other], seen.phi[other]) < wanted.radius
    near &= row != other
    return rows, np.bincount(one[near], seen.pt[other[near]], len(rows)) / seen.pt[rows]


def isolated(seen: Particles, species: int, wanted: Isolated) -> Rows:
    """Rows of the particles of a species that are hard, central and alone."""
    rows, isolation = candidates(seen, species, wanted)
    return rows[isolation < wanted.fraction]


def identified(
    seen: Particles, species: int, wanted: Leptons, rng: np.random.Generator
) -> tuple[Rows, Floats, NDArray[np.bool_]]:
    """Rows of the leptons of a species that are reported, the isolation of each, and whether it is isolated.

    Args:
        seen: what the detector saw.
        species: |PDG number|.
        wanted: which ones count.
        rng: source of randomness; not used where the efficiency is 1.
    """
    rows, isolation = candidates(seen, species, wanted)
    alone = isolation < wanted.fraction
    keep = alone | wanted.anti_isolated
    if min(wanted.efficiency) < 1:
        chance = np.where(np.abs(seen.eta[rows]) < _ENDCAP, *wanted.efficiency)
        keep &= rng.random(len(rows)) < chance
    return rows[keep], isolation[keep], alone[keep]
