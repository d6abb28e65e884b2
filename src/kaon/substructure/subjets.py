"""Subjets of many jets at once, through FastJet's array interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.extras import require

__all__ = ["Subjets", "kt_subjets"]

Array = NDArray[Any]

_MOMENTUM = ("px", "py", "pz", "E")


@dataclass(frozen=True)
class Subjets:
    """Subjets of a batch of jets, one a row, sorted by jet, within one by falling pT.

    Args:
        counts: subjets of each jet, (jets,).
        pt: transverse momentum of the four-vector sum, GeV, (subjets,).
        rapidity: (subjets,).
        phi: azimuth, radians, (subjets,).
        member: row of the subjet that each constituent belongs to, (constituents,).
    """

    counts: NDArray[np.int64]
    pt: NDArray[np.float64]
    rapidity: NDArray[np.float64]
    phi: NDArray[np.float64]
    member: NDArray[np.int64]

    @property
    def owner(self) -> NDArray[np.int64]:
        """Jet of each subjet, (subjets,)."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def ranked(self, rank: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Rapidity and azimuth of the first (rank 0), second, ... subjet of each jet, (jets,); 0 without one."""
        there = self.counts > rank
        rows = (np.cumsum(self.counts) - self.counts)[there] + rank
        rapidity, phi = np.zeros((2, len(self.counts)))
        rapidity[there], phi[there] = self.rapidity[rows], self.phi[rows]
        return rapidity, phi

    def above(self, pt: NDArray[Any]) -> tuple[Subjets, NDArray[np.bool_]]:
        """The subjets with at least this pT (GeV, one number a jet), and which constituents are in them."""
        kept: NDArray[np.bool_] = self.pt >= pt[self.owner]
        row, inside = np.cumsum(kept) - 1, kept[self.member]
        counts = np.bincount(self.owner[kept], minlength=len(self.counts))
        pt, rapidity, phi = (values[kept] for values in (self.pt, self.rapidity, self.phi))
        return Subjets(counts, pt, rapidity, phi, row[self.member[inside]]), inside


def kt_subjets(momenta: Sequence[NDArray[Any]], counts: NDArray[np.int64], radius: float = 0.3) -> Subjets:
    """Inclusive kT jets of the constituents of each jet, for a whole batch in one call.

    Catani, Dokshitzer, Seymour, Webber, https://doi.org/10.1016/0550-3213(93)90166-M; with radius 0.3 they are the
    subjets of trimming, https://arxiv.org/abs/0912.1342.

    Args:
        momenta: px, py, pz and E of the constituents of all jets one after another, GeV, each (constituents,).
        counts: constituents of each jet, (jets,).
        radius: R.

    Raises:
        MissingExtra: fastjet is not installed.
    """
    fastjet = require("fastjet")
    fastjet._swig.ClusterSequence.set_fastjet_banner_stream(None)
    if not counts.any():
        nothing = np.zeros(0)
        return Subjets(counts * 0, nothing, nothing, nothing, np.zeros(0, np.int64))
    named = dict(zip(_MOMENTUM, (np.asarray(values, np.float64) for values in momenta), strict=True))
    jagged = ak.unflatten(ak.zip(named), counts)
    sequence = fastjet.ClusterSequence(jagged, fastjet.JetDefinition(fastjet.kt_algorithm, radius))
    nested = ak.to_layout(sequence.constituent_index(0.0)).to_ListOffsetArray64(True)
    inner = nested.content.to_ListOffsetArray64(True)
    found: Array = np.diff(np.asarray(nested.offsets, np.int64))
    sizes: Array = np.diff(np.asarray(inner.offsets, np.int64))
    total = int(sizes.sum())
    owner = np.repeat(np.arange(len(counts)), found)
    starts = np.repeat((np.cumsum(counts) - counts)[owner], sizes)
    members = np.asarray(ak.to_numpy(inner.content), np.int64)[:total] + starts  # FastJet's buffer is longer
    subjet = np.empty(total, np.int64)
    subjet[members] = np.repeat(np.arange(len(sizes)), sizes)
    px, py, pz, E = (np.bincount(subjet, values, len(sizes)) for values in named.values())
    pt = kin.transverse_momentum(px, py)
    order = np.lexsort((-pt, owner))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return Subjets(found, pt[order], kin.rapidity(E, pz)[order], kin.phi(px, py)[order], place[subjet])
