"""Which jets are called b-jets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics
from kaon.simulate.generator import Collisions
from kaon.simulate.jets import JetTable
from kaon.simulate.pairs import pairs
from kaon.simulate.recipe import BTagging

__all__ = ["heavy_hadrons", "tag"]

Rows = NDArray[np.int64]


def heavy_hadrons(pid: Rows) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether PDG numbers are hadrons whose heaviest quark is b, and c.

    >>> [flags.tolist() for flags in heavy_hadrons(np.array([511, -5122, 411, 211, 5, 5101, 1000005]))]
    [[True, True, False, False, False, False, False], [False, False, True, False, False, False, False]]
    """
    number = np.abs(pid)
    meson, baryon, last = number // 100 % 10, number // 1000 % 10, number // 10 % 10
    hadron = (last > 0) & (meson > 0) & (number < 1_000_000)  # diquarks have no last quark
    b = hadron & ((meson == 5) | (baryon == 5))
    return b, hadron & ~b & ((meson == 4) | (baryon == 4))


def tag(collisions: Collisions, jets: JetTable, rule: BTagging, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Whether each jet is called a b-jet, (jets,): one random number a jet, whatever is in it."""
    probability = np.full(len(jets), rule.light)
    hard = kinematics.transverse_momentum(collisions.px, collisions.py) > rule.hadron_pt
    b, c = heavy_hadrons(collisions.pid)
    for flavour, chance in ((c, rule.c), (b, rule.b)):
        rows = np.flatnonzero(flavour & hard)
        event = collisions.event_of(rows)
        px, py, pz = collisions.px[rows], collisions.py[rows], collisions.pz[rows]
        jet, hadron = pairs(jets.event, event)
        eta, phi = kinematics.pseudorapidity(px, py, pz)[hadron], kinematics.phi(px, py)[hadron]
        near = kinematics.delta_r(jets.eta[jet], jets.phi[jet], eta, phi) < rule.radius
        probability[jet[near]] = chance
    return rng.random(len(jets)) < probability
