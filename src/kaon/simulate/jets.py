"""Jets of many collisions at once, through FastJet's array interface."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon import kinematics
from kaon.extras import require
from kaon.simulate.particles import Particles
from kaon.simulate.recipe import Grooming, Jets, Window

__all__ = ["JetTable", "choose", "cluster", "select", "trim"]

_ALGORITHMS = {"anti-kt": "antikt_algorithm", "kt": "kt_algorithm", "cambridge-aachen": "cambridge_algorithm"}
Rows = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class JetTable:
    """Jets of a batch of collisions, one a row, sorted by collision, within one by falling pT.

    Args:
        event: collision of each jet, (jets,).
        px, py, pz, E: sum of its constituents, GeV, (jets,).
        offsets: constituents of jet i are `members[offsets[i]:offsets[i + 1]]`, (jets + 1,).
        members: rows of the clustered particles, by falling pT within a jet, (constituents,).
    """

    event: Rows
    px: Floats
    py: Floats
    pz: Floats
    E: Floats
    offsets: Rows
    members: Rows

    def __len__(self) -> int:
        return len(self.event)

    @property
    def pt(self) -> Floats:
        """Transverse momentum, GeV, (jets,)."""
        return kinematics.transverse_momentum(self.px, self.py)

    @property
    def eta(self) -> Floats:
        """Pseudorapidity, (jets,)."""
        return kinematics.pseudorapidity(self.px, self.py, self.pz)

    @property
    def phi(self) -> Floats:
        """Azimuth, radians, (jets,)."""
        return kinematics.phi(self.px, self.py)

    @property
    def rapidity(self) -> Floats:
        """Rapidity, (jets,)."""
        return kinematics.rapidity(self.E, self.pz)

    @property
    def mass(self) -> Floats:
        """Invariant mass, GeV, (jets,)."""
        return kinematics.mass(self.E, self.px, self.py, self.pz)

    @property
    def counts(self) -> Rows:
        """Number of constituents, (jets,)."""
        return np.diff(self.offsets)

    def take(self, chosen: NDArray[Any]) -> JetTable:
        """The chosen jets: a boolean mask or positions."""
        rows = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        counts = self.counts[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        members = self.members[np.repeat(self.offsets[rows] - offsets[:-1], counts) + np.arange(offsets[-1])]
        kept = {name: getattr(self, name)[rows] for name in ("event", "px", "py", "pz", "E")}
        return JetTable(**kept, offsets=offsets, members=members)


def cluster(particles: Particles, algorithm: str, radius: float, min_pt: float = 0.0) -> JetTable:
    """Inclusive jets of each collision above `min_pt` (GeV).

    Args:
        particles: what is clustered.
        algorithm: `anti-kt`, `kt` or `cambridge-aachen`.
        radius: R.
        min_pt: GeV.

    Raises:
        MissingExtra: fastjet is not installed.
    """
    fastjet = require("fastjet")
    fastjet._swig.ClusterSequence.set_fastjet_banner_stream(None)
    definition = fastjet.JetDefinition(getattr(fastjet, _ALGORITHMS[algorithm]), radius)
    sequence = fastjet.ClusterSequence(_momenta(particles), definition)
    listed = ak.to_layout(sequence.inclusive_jets(min_pt)).to_ListOffsetArray64(True)
    px, py, pz, E = (np.asarray(ak.to_numpy(listed.content[name]), float) for name in ("px", "py", "pz", "E"))
    event = np.repeat(np.arange(particles.events), np.diff(np.asarray(listed.offsets)))
    nested = ak.to_layout(sequence.constituent_index(min_pt)).to_ListOffsetArray64(True)
    inner = nested.content.to_ListOffsetArray64(True)
    offsets = np.asarray(inner.offsets, np.int64)
    counts = np.diff(offsets)
    within = np.asarray(ak.to_numpy(inner.content), np.int64)[: offsets[-1]]  # FastJet's buffer is longer
    members = within + np.repeat(particles.offsets[event], counts)
    order = np.lexsort((-particles.pt[members], np.repeat(np.arange(len(event)), counts)))
    found = JetTable(event, px, py, pz, E, offsets, members[order])
    return found.take(np.lexsort((-found.pt, found.event)))


def select(particles: Particles, jets: Jets) -> JetTable:
    """The jets that a recipe keeps: the leading ones, groomed if it says so, inside all its windows."""
    lowest = jets.pt[0] if jets.grooming is None else 0.5 * jets.pt[0]  # grooming takes pT away
    return choose(cluster(particles, jets.algorithm, jets.radius, lowest), particles, jets)


def choose(found: JetTable, particles: Particles, jets: Jets) -> JetTable:
    """Of jets found already, those that a recipe keeps; see `select`.

    Args:
        found: all jets, at least above the lowest pT that counts.
        particles: what was clustered.
        jets: what is kept.
    """
    first = np.searchsorted(found.event, found.event)
    found = found.take(np.arange(len(found)) - first < jets.leading)
    if jets.grooming is not None:
        found = trim(found, particles, jets.grooming)
    keep = _inside(found.pt, jets.pt) & (found.counts > 0)
    if jets.mass is not None:
        keep &= _inside(found.mass, jets.mass)
    if jets.eta is not None:
        keep &= np.abs(found.eta) < jets.eta
    if jets.rapidity is not None:
        keep &= np.abs(found.rapidity) < jets.rapidity
    return found.take(keep)


def trim(jets: JetTable, particles: Particles, grooming: Grooming) -> JetTable:
    """Trimmed jets, one for each given (arXiv:0912.1342): kT subjets below a fraction of the jet's pT are dropped."""
    owner = np.repeat(np.arange(len(jets)), jets.counts)
    inside = replace(particles.take(jets.members), events=len(jets), event=owner)
    subjets = cluster(inside, "kt", grooming.radius)
    subjets = subjets.take(subjets.pt >= grooming.fraction * jets.pt[subjets.event])
    kept = np.sort(subjets.members)  # rows of `inside`, which are by jet and by falling pT

    def total(values: Floats) -> Floats:
        return np.bincount(owner[kept], values[kept], len(jets)).astype(float)

    return JetTable(
        event=jets.event,
        px=total(inside.px),
        py=total(inside.py),
        pz=total(inside.pz),
        E=total(inside.E),
        offsets=np.searchsorted(owner[kept], np.arange(len(jets) + 1)),
        members=jets.members[kept],
    )


def _inside(values: Floats, window: Window) -> NDArray[np.bool_]:
    lower, upper = window
    return (values >= lower) & (values < (np.inf if upper is None else upper))


def _momenta(particles: Particles) -> Any:
    columns = [ak.contents.NumpyArray(np.ascontiguousarray(getattr(particles, n))) for n in ("px", "py", "pz", "E")]
    record = ak.contents.RecordArray(columns, ["px", "py", "pz", "E"], parameters={"__record__": "Momentum4D"})
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(particles.offsets), record))
