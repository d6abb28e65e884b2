"""Hadronic decays of taus: true ones in the event record, and the jets that pass as taus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics
from kaon.simulate.generator import Collisions
from kaon.simulate.jets import JetTable
from kaon.simulate.pairs import pairs
from kaon.simulate.particles import Particles
from kaon.simulate.recipe import Taus
from kaon.simulate.truth import daughters

__all__ = ["Decays", "TauTable", "find_taus", "hadronic_decays"]

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_NEUTRINOS, _LEPTONS, _CHARGED = (12, 14, 16), (11, 13), (211, 321)
_OF_HADRONS = 91
"""Pythia's |status| of what hadrons decay to; smaller for all that comes of the hard process."""


@dataclass(frozen=True)
class Decays:
    """True hadronic decays of taus.

    Args:
        event: collision of each, ascending, (decays,).
        px, py, pz, E: of the visible products, GeV, (decays,).
        charge: of the tau, (decays,).
        prongs: charged pions and kaons it decays to, (decays,).
        pi0s: neutral pions it decays to, (decays,).
    """

    event: Rows
    px: Floats
    py: Floats
    pz: Floats
    E: Floats
    charge: Floats
    prongs: Rows
    pi0s: Rows

    def __len__(self) -> int:
        return len(self.event)


@dataclass(frozen=True)
class TauTable:
    """Jets that pass as hadronic taus, one a row, sorted by collision.

    Args:
        event: collision of each, (taus,).
        px, py, pz, E: sum of the core, GeV, (taus,).
        charge: sum of the tracks' in the core, (taus,).
        tracks: in the core, (taus,).
        pi0s: neutral pions in the core, (taus,).
        real: whether it is a true decay, (taus,).
        jet: row of the jet that it is, (taus,).
        weight: of each collision, (events,): see `Taus.weighted`.
    """

    event: Rows
    px: Floats
    py: Floats
    pz: Floats
    E: Floats
    charge: Floats
    tracks: Rows
    pi0s: Rows
    real: Flags
    jet: Rows
    weight: Floats

    def __len__(self) -> int:
        return len(self.event)


def hadronic_decays(collisions: Collisions) -> Decays:
    """The taus that decay to hadrons: visible momentum is what the neutrinos leave of the tau's.

    Those that hadrons decay to lie within jets, and do not look like taus; they are left out.

    Pythia decays taus with matrix elements and correlates the spins of the two of a pair (its default
    `TauDecays:mode = 1`; Ilten, arXiv:1211.6730, https://arxiv.org/abs/1211.6730).
    """
    prompt = np.abs(collisions.status) < _OF_HADRONS
    taus = np.flatnonzero((np.abs(collisions.pid) == 15) & prompt & (collisions.daughter1 > 0))
    owner, products = daughters(collisions, taus)
    species = np.abs(collisions.pid[products])

    def count(of: tuple[int, ...]) -> Rows:
        return np.bincount(owner[np.isin(species, of)], minlength=len(taus))

    neutrino = np.isin(species, _NEUTRINOS)
    visible = [
        getattr(collisions, name)[taus]
        - np.bincount(owner[neutrino], getattr(collisions, name)[products[neutrino]], len(taus))
        for name in ("px", "py", "pz", "E")
    ]
    # a tau that has a tau among its daughters is a copy, not a decay
    hadronic = (count(_LEPTONS) == 0) & (count((15,)) == 0) & (count(_NEUTRINOS) > 0)
    event = collisions.event_of(taus)
    columns = (event, *visible, -np.sign(collisions.pid[taus]).astype(float), count(_CHARGED), count((111,)))
    return Decays(*(values[hadronic] for values in columns))


def find_taus(
    collisions: Collisions, seen: Particles, jets: JetTable, leptons: Particles, rule: Taus, rng: np.random.Generator
) -> TauTable:
    """The jets that pass as taus: the same random numbers for each jet, whatever is in it.

    Args:
        collisions: the event record.
        seen: what the jets were made of.
        jets: all candidates.
        leptons: no tau may be near one, ascending in collision.
        rule: see `Taus`.
        rng: source of randomness.
    """
    owner = np.repeat(np.arange(len(jets)), jets.counts)
    eta, phi = jets.eta, jets.phi
    core = kinematics.delta_r(eta[owner], phi[owner], seen.eta[jets.members], seen.phi[jets.members]) < rule.cone
    owner, members = owner[core], jets.members[core]

    def total(values: Floats) -> Floats:
        return np.bincount(owner, values, len(jets)).astype(float)

    px, py, pz, E = (total(getattr(seen, name)[members]) for name in ("px", "py", "pz", "E"))
    pt = seen.pt[members]
    track = (seen.charge[members] != 0) & (pt > rule.track_pt)
    tracks, charge = total(track).astype(np.int64), total(track * seen.charge[members])
    pi0s = total((seen.pid[members] == 22) & (pt > rule.pi0_pt)).astype(np.int64)
    single = tracks == 1
    lepton = {pid: single & (total(track & (np.abs(seen.pid[members]) == pid)) > 0) for pid in _LEPTONS}

    core_pt, core_eta = kinematics.transverse_momentum(px, py), kinematics.pseudorapidity(px, py, pz)
    real = _near(jets.event, eta, phi, hadronic_decays(collisions), rule.radius)
    chance = _by_tracks(tracks, rule.jet)
    if rule.weighted:
        other = (tracks > 0) & ~real & ~lepton[11] & ~lepton[13]
        tracks = np.where(other, np.where(rng.random(len(jets)) * sum(rule.jet) < rule.jet[0], 1, 3), tracks)
        charge[other] = _first(owner[track], seen.charge[members[track]], len(jets))[other]
        chance[other] = sum(rule.jet)
    chance[lepton[11]], chance[lepton[13]] = rule.electron, rule.muon
    chance = np.where(real, _by_tracks(tracks, rule.efficiency), chance)
    good = (core_pt > rule.pt) & (np.abs(core_eta) < rule.eta)
    good &= ~_near(jets.event, core_eta, kinematics.phi(px, py), leptons, rule.overlap)
    chance[~good] = 0.0
    passed, weight = rng.random(len(jets)) < chance, np.ones(len(collisions))
    if rule.weighted:
        passed, weight = _drawn(jets.event, passed, real, np.where(real, 0.0, chance), weight, rng)
    return TauTable(
        event=jets.event[passed],
        px=px[passed],
        py=py[passed],
        pz=pz[passed],
        E=E[passed],
        charge=charge[passed],
        tracks=tracks[passed],
        pi0s=pi0s[passed],
        real=real[passed],
        jet=np.flatnonzero(passed),
        weight=weight,
    )


def _drawn(
    event: Rows, passed: Flags, real: Flags, chance: Floats, weight: Floats, rng: np.random.Generator
) -> tuple[Flags, Floats]:
    """In each collision without a true tau that passed, one jet in proportion to its chance; weights of collisions.

    The first of several clocks that ring at random, each with its own rate, is one drawn in proportion to the rates.
    """
    open_ = ~np.isin(event, event[passed & real])
    candidate = np.flatnonzero(open_ & (chance > 0))
    rate = -np.log1p(-np.minimum(chance[candidate], 1 - 1e-12))
    first = np.lexsort((rng.exponential(size=len(candidate)) / rate, event[candidate]))
    drawn = np.zeros(len(event), bool)
    drawn[candidate[first[np.unique(event[candidate][first], return_index=True)[1]]]] = True
    total = np.bincount(event[candidate], rate, len(weight))
    return np.where(open_, drawn, passed), np.where(total > 0, -np.expm1(-total), weight)


def _first(owner: Rows, values: Floats, count: int) -> Floats:
    """The first of the values of each owner, (count,); 0 for those without."""
    rows, first = np.unique(owner, return_index=True)
    found = np.zeros(count)
    found[rows] = values[first]
    return found


def _by_tracks(tracks: Rows, chance: tuple[float, float]) -> Floats:
    return np.array([0.0, chance[0], chance[1], chance[1], 0.0])[np.minimum(tracks, 4)]


def _near(event: Rows, eta: Floats, phi: Floats, others: Particles | Decays, radius: float) -> Flags:
    """Whether something of the other kind lies within the radius of each direction, (directions,)."""
    one, other = pairs(event, others.event)
    px, py, pz = (getattr(others, name)[other] for name in ("px", "py", "pz"))
    distance = kinematics.delta_r(eta[one], phi[one], kinematics.pseudorapidity(px, py, pz), kinematics.phi(px, py))
    found = np.zeros(len(event), bool)
    found[one[distance < radius]] = True
    return found
