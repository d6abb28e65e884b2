"""The reconstructed objects of whole events: isolated leptons and photons, jets with b-tags, missing momentum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics
from kaon.data.objects import KINDS
from kaon.simulate.generator import Collisions
from kaon.simulate.jets import JetTable, select
from kaon.simulate.pairs import pairs
from kaon.simulate.particles import Particles
from kaon.simulate.recipe import BTagging, Isolated, Jets, Objects

__all__ = ["ObjectTable", "find_objects", "heavy_hadrons", "isolated", "tag"]

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]

_LEPTONS, _PHOTONS = (11, 13), (22,)


@dataclass(frozen=True)
class ObjectTable:
    """Objects of a batch of collisions, one a row, sorted by collision, within one by falling pT.

    Args:
        events: number of collisions.
        event: collision of each object, (objects,).
        px, py, pz, E: GeV, (objects,).
        kind: position in `kaon.data.objects.KINDS`, (objects,).
        charge: of leptons, in units of the proton's; 0 for all else, (objects,).
    """

    events: int
    event: Rows
    px: Floats
    py: Floats
    pz: Floats
    E: Floats
    kind: Rows
    charge: Floats

    def __len__(self) -> int:
        return len(self.event)

    @property
    def pt(self) -> Floats:
        """Transverse momentum, GeV, (objects,)."""
        return kinematics.transverse_momentum(self.px, self.py)


def find_objects(
    collisions: Collisions, seen: Particles, jets: Jets, objects: Objects, rng: np.random.Generator
) -> ObjectTable:
    """All objects of each collision; every one has exactly one of the kind `met`.

    Args:
        collisions: with the hadrons that b-tagging asks for.
        seen: what the detector saw of them.
        jets: how jets are found.
        objects: what counts.
        rng: source of randomness of the b-tags.
    """
    leptons = isolated(seen, _LEPTONS, objects.leptons)
    photons = isolated(seen, _PHOTONS, objects.photons)
    rest = np.ones(len(seen), bool)
    rest[leptons] = rest[photons] = False
    found = select(seen.take(rest), jets)
    tagged = tag(collisions, found, objects.b_tagging, rng)
    rows: dict[str, Particles | JetTable] = {
        "photon": seen.take(photons),
        "lepton": seen.take(leptons),
        "jet": found.take(~tagged),
        "b-jet": found.take(tagged),
        "met": _missing(seen, objects.met_eta),
    }
    columns = {n: np.concatenate([getattr(t, n) for t in rows.values()]) for n in ("event", "px", "py", "pz", "E")}
    columns["kind"] = np.concatenate([np.full(len(t), KINDS.index(kind)) for kind, t in rows.items()])
    columns["charge"] = np.zeros(len(columns["kind"]))
    columns["charge"][columns["kind"] == KINDS.index("lepton")] = seen.charge[leptons]
    pt = kinematics.transverse_momentum(columns["px"], columns["py"])
    order = np.lexsort((-pt, columns["event"]))
    return ObjectTable(len(collisions), **{name: values[order] for name, values in columns.items()})


def isolated(seen: Particles, species: tuple[int, ...], wanted: Isolated) -> Rows:
    """Rows of the particles of these species (|PDG number|) that are hard, central and alone."""
    hard = (seen.pt > wanted.pt) & (np.abs(seen.eta) < wanted.eta)
    candidates = np.flatnonzero(hard & np.isin(np.abs(seen.pid), species))
    one, other = pairs(seen.event[candidates], seen.event)
    row = candidates[one]
    near = kinematics.delta_r(seen.eta[row], seen.phi[row], seen.eta[other], seen.phi[other]) < wanted.radius
    near &= row != other
    around = np.bincount(one[near], seen.pt[other[near]], len(candidates))
    return candidates[around < wanted.fraction * seen.pt[candidates]]


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
        event = np.searchsorted(collisions.offsets, rows, side="right") - 1
        px, py, pz = collisions.px[rows], collisions.py[rows], collisions.pz[rows]
        jet, hadron = pairs(jets.event, event)
        eta, phi = kinematics.pseudorapidity(px, py, pz)[hadron], kinematics.phi(px, py)[hadron]
        near = kinematics.delta_r(jets.eta[jet], jets.phi[jet], eta, phi) < rule.radius
        probability[jet[near]] = chance
    return rng.random(len(jets)) < probability


def _missing(seen: Particles, eta: float) -> Particles:
    """What balances all that is seen, one a collision, massless and without momentum along the beam."""
    rows = np.flatnonzero(np.abs(seen.eta) < eta)
    px, py = (-np.bincount(seen.event[rows], getattr(seen, n)[rows], seen.events) for n in ("px", "py"))
    zeros, phi = np.zeros(seen.events), kinematics.phi(px, py)
    return Particles.massless(
        seen.events, np.arange(seen.events), kinematics.transverse_momentum(px, py), zeros, phi, pid=0
    )
