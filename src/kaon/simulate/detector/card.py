"""The numbers that describe a detector, and the types they come in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Calorimeter", "Card", "Resolution", "Segmentation", "Species", "Tracker"]

Floats = NDArray[np.float64]
Species = Literal["hadron", "electron", "muon"]
Resolution = Callable[[Floats, Floats], Floats]
"""A standard deviation from (eta, pT or E in GeV), arrays of one shape."""


@dataclass(frozen=True)
class Segmentation:
    """Cells of a calorimeter: regions in pseudorapidity, each with a number of equal cells in azimuth.

    Args:
        regions: (edges in eta, number of cells in phi), from low to high eta, each starting where the one before ends.
    """

    regions: tuple[tuple[tuple[float, ...], int], ...]

    @cached_property
    def edges(self) -> Floats:
        """All edges in eta, (rings + 1,)."""
        first = [self.regions[0][0][0]]
        return np.array([*first, *(edge for edges, _ in self.regions for edge in edges[1:])])

    @cached_property
    def columns(self) -> NDArray[np.int64]:
        """Number of cells in phi of each ring, (rings,)."""
        return np.array([count for edges, count in self.regions for _ in edges[1:]], np.int64)

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """Number of the first cell of each ring, and of all cells, (rings + 1,)."""
        return np.concatenate([[0], np.cumsum(self.columns)])

    @property
    def cells(self) -> int:
        """Number of cells."""
        return int(self.offsets[-1])

    def cell(self, eta: Floats, phi: Floats) -> NDArray[np.int64]:
        """Cell of each direction, -1 outside, (directions,)."""
        ring = np.searchsorted(self.edges, eta, side="right") - 1
        inside = (ring >= 0) & (ring < len(self.columns))
        ring = np.where(inside, ring, 0)
        count = self.columns[ring]
        column = np.floor((phi + np.pi) / (2 * np.pi) * count).astype(np.int64) % count
        return np.where(inside, self.offsets[ring] + column, -1)

    def place(self, cell: NDArray[np.int64], u: Floats | float, v: Floats | float) -> tuple[Floats, Floats]:
        """(eta, phi) of a point in each cell; u and v in [0, 1] run along eta and phi, 0.5 is the middle."""
        ring = np.searchsorted(self.offsets, cell, side="right") - 1
        low, high = self.edges[ring], self.edges[ring + 1]
        phi = -np.pi + 2 * np.pi * (cell - self.offsets[ring] + v) / self.columns[ring]
        return low + u * (high - low), phi


@dataclass(frozen=True)
class Calorimeter:
    """An electromagnetic or hadronic calorimeter.

    Args:
        segmentation: its cells.
        resolution: sigma(E) in GeV from (eta, E in GeV), arrays of one shape.
        fractions: |PDG number| -> part of the energy left here.
        other: part of the energy left here by every other particle.
        threshold: smallest energy of a cell, GeV.
        significance: smallest energy of a cell in units of its resolution.
        excess: PDG number of what is made from neutral excess: 22 (photon) or 130 (neutral hadron).
    """

    segmentation: Segmentation
    resolution: Resolution
    fractions: Mapping[int, float]
    other: float
    threshold: float
    significance: float
    excess: int

    def fraction(self, pid: NDArray[np.int64]) -> Floats:
        """Part of its energy that each particle leaves here, (particles,)."""
        absolute = np.abs(pid)
        found = np.full(len(pid), self.other)
        for species, fraction in self.fractions.items():
            found[absolute == species] = fraction
        return found


@dataclass(frozen=True)
class Tracker:
    """Tracking of one species.

    Args:
        eta: edges in |eta|, from 0; there are no tracks beyond the last, (regions + 1,).
        pt: edges in pT, GeV; there are no tracks below the first, and the last bin has no upper edge, (bins,).
        efficiency: probability of a track, (regions, bins).
        resolution: sigma(pT)/pT from (eta, pT in GeV), arrays of one shape.
    """

    eta: tuple[float, ...]
    pt: tuple[float, ...]
    efficiency: tuple[tuple[float, ...], ...]
    resolution: Resolution

    def probability(self, eta: Floats, pt: Floats) -> Floats:
        """Probability that a charged particle becomes a track, (particles,)."""
        region = np.searchsorted(self.eta[1:], np.abs(eta), side="left")
        column = np.searchsorted(self.pt, pt, side="left") - 1
        inside = (region < len(self.efficiency)) & (column >= 0)
        table = np.array(self.efficiency)
        return np.where(inside, table[np.minimum(region, len(table) - 1), np.maximum(column, 0)], 0.0)


@dataclass(frozen=True)
class Card:
    """A whole detector.

    Args:
        name: of the card.
        field: of the solenoid, tesla, along z.
        radius: of the cylinder at which the calorimeter starts, mm.
        half_length: of that cylinder, mm.
        trackers: for each species of charged particle.
        ecal: electromagnetic calorimeter.
        hcal: hadronic calorimeter.
        combine: what happens in a cell with tracks. False: the tracks' energy is subtracted, and the rest has to pass
            the thresholds. True: it also has to be significant against both resolutions, and where it is not, the
            momenta of the tracks become the average of tracks and cell.
    """

    name: str
    field: float
    radius: float
    half_length: float
    trackers: Mapping[Species, Tracker]
    ecal: Calorimeter
    hcal: Calorimeter
    combine: bool
