"""The reconstructed objects of whole events: leptons, photons, hadronic taus, jets with b-tags, missing momentum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics
from kaon.data.objects import KINDS
from kaon.simulate.b_tagging import tag
from kaon.simulate.generator import Collisions
from kaon.simulate.jets import choose, cluster
from kaon.simulate.leptons import identified, isolated
from kaon.simulate.particles import Particles
from kaon.simulate.recipe import Jets, Objects
from kaon.simulate.taus import find_taus

__all__ = ["ObjectTable", "find_objects"]

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_ELECTRON, _MUON, _PHOTON = 11, 13, 22


@dataclass(frozen=True)
class ObjectTable:
    """Objects of a batch of collisions, one a row, sorted by collision, within one by falling pT.

    Args:
        events: number of collisions.
        sum_et: scalar sum of the pT of all that is seen, GeV, (events,).
        event: collision of each object, (objects,).
        px, py, pz, E: GeV, (objects,).
        kind: position in `kaon.data.objects.KINDS`, (objects,).
        charge: of leptons, and of taus the sum of their tracks', in units of the proton's; 0 for all else, (objects,).
        pid: PDG number of leptons, +-11 or +-13; 0 for all else, (objects,).
        isolated: whether a lepton is isolated; False for all else, (objects,).
        isolation: pT around a lepton divided by its own; 0 for all else, (objects,).
        tracks: of taus, in their core; 0 for all else, (objects,).
        pi0s: neutral pions of taus; 0 for all else, (objects,).
        weight: of each collision, (events,), see `kaon.simulate.recipe.Taus.weighted`; None for 1.
    """

    events: int
    sum_et: Floats
    event: Rows
    px: Floats
    py: Floats
    pz: Floats
    E: Floats
    kind: Rows
    charge: Floats
    pid: Rows
    isolated: Flags
    isolation: Floats
    tracks: Rows
    pi0s: Rows
    weight: Floats | None = None

    def __len__(self) -> int:
        return len(self.event)

    @property
    def pt(self) -> Floats:
        """Transverse momentum, GeV, (objects,)."""
        return kinematics.transverse_momentum(self.px, self.py)

    @property
    def eta(self) -> Floats:
        """Pseudorapidity, (objects,)."""
        return kinematics.pseudorapidity(self.px, self.py, self.pz)

    @property
    def phi(self) -> Floats:
        """Azimuth, radians, (objects,)."""
        return kinematics.phi(self.px, self.py)

    def are(self, *kinds: str) -> Flags:
        """Which objects are of these kinds, (objects,)."""
        return np.isin(self.kind, [KINDS.index(kind) for kind in kinds])

    def take(self, chosen: Flags) -> ObjectTable:
        """The chosen objects of the same collisions."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in _COLUMNS})

    def leading(self, values: NDArray[Any], chosen: Flags, places: int) -> Floats:
        """Values of the hardest chosen objects of each collision, (events, places); zeros where there are fewer.

        Args:
            values: of all objects, (objects,).
            chosen: which ones count, (objects,).
            places: how many.
        """
        rows = np.flatnonzero(chosen)
        event = self.event[rows]
        rank = np.arange(len(rows)) - np.searchsorted(event, event)
        rows, event, rank = rows[rank < places], event[rank < places], rank[rank < places]
        found = np.zeros((self.events, places))
        found[event, rank] = values[rows]
        return found

    def momenta(self, chosen: Flags, places: int) -> Floats:
        """(E, px, py, pz) of the hardest chosen objects, GeV, (events, places, 4); zeros where there are fewer."""
        names = ("E", "px", "py", "pz")
        return np.stack([self.leading(getattr(self, name), chosen, places) for name in names], axis=-1)

    def count(self, chosen: Flags) -> Rows:
        """How many of the chosen objects each collision has, (events,)."""
        return np.bincount(self.event[chosen], minlength=self.events)


_COLUMNS = tuple(f.name for f in fields(ObjectTable) if f.name not in ("events", "sum_et", "weight"))
_SPECIAL = {
    "charge": float,
    "pid": np.int64,
    "isolated": bool,
    "isolation": float,
    "tracks": np.int64,
    "pi0s": np.int64,
}
"""Columns that not every kind has, and their types."""


def find_objects(
    collisions: Collisions, seen: Particles, jets: Jets, objects: Objects, rng: np.random.Generator
) -> ObjectTable:
    """All objects of each collision; every one has exactly one of the kind `met`.

    Args:
        collisions: with the hadrons that b-tagging asks for, and the taus.
        seen: what the detector saw of them.
        jets: how jets are found.
        objects: what counts.
        rng: source of randomness of all identification.
    """
    both = [identified(seen, *which, rng) for which in ((_ELECTRON, objects.electrons), (_MUON, objects.muons))]
    leptons, isolation, alone = (np.concatenate(values) for values in zip(*both, strict=True))
    order = np.argsort(leptons)
    leptons, isolation, alone = leptons[order], isolation[order], alone[order]
    photons = isolated(seen, _PHOTON, objects.photons)
    rest = np.ones(len(seen), bool)
    rest[leptons[alone]] = rest[photons] = False
    clustered, lepton = seen.take(rest), seen.take(leptons)
    lowest = jets.pt[0] if objects.taus is None else min(jets.pt[0], objects.taus.pt)
    found = cluster(clustered, jets.algorithm, jets.radius, lowest)
    parts: dict[str, tuple[Any, dict[str, Any]]] = {
        "photon": (seen.take(photons), {}),
        "lepton": (lepton, {"charge": lepton.charge, "pid": lepton.pid, "isolated": alone, "isolation": isolation}),
        "met": (_missing(seen, objects.met_eta), {}),
    }
    weight = None
    if objects.taus is not None:
        taus = find_taus(collisions, clustered, found, lepton, objects.taus, rng)
        weight = taus.weight
        parts["tau"] = (taus, {name: getattr(taus, name) for name in ("charge", "tracks", "pi0s")})
        found = found.take(np.isin(np.arange(len(found)), taus.jet, invert=True))
    found = choose(found, clustered, jets)
    tagged = tag(collisions, found, objects.b_tagging, rng)
    parts |= {"jet": (found.take(~tagged), {}), "b-jet": (found.take(tagged), {})}
    table = _sorted(parts, len(collisions), np.bincount(seen.event, seen.pt, len(collisions)).astype(float))
    return replace(table, weight=weight)


def _sorted(parts: Mapping[str, tuple[Any, Mapping[str, Any]]], events: int, sum_et: Floats) -> ObjectTable:
    """One table from those of each kind with the columns that only this kind has."""
    sizes = {kind: len(part) for kind, (part, _) in parts.items()}
    columns: dict[str, NDArray[Any]] = {
        name: np.concatenate([getattr(part, name) for part, _ in parts.values()])
        for name in ("event", "px", "py", "pz", "E")
    }
    columns["kind"] = np.repeat([KINDS.index(kind) for kind in sizes], list(sizes.values()))
    for name, dtype in _SPECIAL.items():
        columns[name] = np.concatenate(
            [np.asarray(more.get(name, np.zeros(sizes[kind])), dtype) for kind, (_, more) in parts.items()]
        )
    pt = kinematics.transverse_momentum(columns["px"], columns["py"])
    order = np.lexsort((-pt, columns["event"]))
    return ObjectTable(events, sum_et, **{name: values[order] for name, values in columns.items()})


def _missing(seen: Particles, eta: float) -> Particles:
    """What balances all that is seen, one a collision, massless and without momentum along the beam."""
    rows = np.flatnonzero(np.abs(seen.eta) < eta)
    px, py = (-np.bincount(seen.event[rows], getattr(seen, n)[rows], seen.events) for n in ("px", "py"))
    zeros, phi = np.zeros(seen.events), kinematics.phi(px, py)
    return Particles.massless(
        seen.events, np.arange(seen.events), kinematics.transverse_momentum(px, py), zeros, phi, pid=0
    )
