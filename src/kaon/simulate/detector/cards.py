"""Parameters of ATLAS-like and CMS-like detectors, those of the default cards of the fast simulation Delphes.

The values are the published ones of Delphes 3 (de Favereau et al., JHEP 02 (2014) 057, arXiv:1307.6346): tracking
efficiency and resolution, field and size of the tracker, granularity, resolution and thresholds of the calorimeters.
They are quick approximations, not the experiments' own simulation.

`atlas` follows the card as it was before release 3.4 (November 2016), with common cells of 0.1 x 10 degrees for both
calorimeters and a plain subtraction of tracks from cells. Release 3.4 "corrected granularities" to 0.0174 x 1 degree in
the electromagnetic calorimeter, which resolves twice as many photons. With the jets of the `top-tagging` recipe that
gives 54 constituents instead of 47; the reference sample, whose release is not stated in the data, has 49.2. `cms`
follows release 3.4 and later. Forward cells are made mirror-symmetric, and electrons, whose resolution the older card
gives in energy, are smeared with it at E = pT cosh(eta).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kaon.simulate.detector.card import Calorimeter, Card, Resolution, Segmentation, Species, Tracker

__all__ = ["ATLAS", "CARDS", "CMS"]

Floats = NDArray[np.float64]

_REGIONS = (0.0, 1.5, 2.5)


def _edges(low: float, step: float, count: int) -> tuple[float, ...]:
    return tuple(round(low + step * i, 4) for i in range(count + 1))


def _mirrored(*positive: tuple[tuple[float, ...], int]) -> Segmentation:
    """Regions at positive eta, and their mirror images."""
    negative = [(tuple(-edge for edge in reversed(edges)), count) for edges, count in reversed(positive)]
    return Segmentation((*negative, *positive))


def _atlas_hadron(eta: Floats, pt: Floats) -> Floats:
    return _in_bins(eta, pt, (1.0, 10.0, 200.0), ((0.02, 0.01, 0.03, 0.05), (0.03, 0.02, 0.04, 0.05)))


def _atlas_muon(eta: Floats, pt: Floats) -> Floats:
    return _in_bins(eta, pt, (1.0, 50.0, 100.0), ((0.03, 0.03, 0.04, 0.07), (0.04, 0.04, 0.05, 0.10)))


def _atlas_electron(eta: Floats, pt: Floats) -> Floats:
    E = pt * np.cosh(eta)
    return np.asarray(np.where(E <= 25.0, 0.015, np.sqrt(0.005**2 + 0.05**2 / E + (0.25 / E) ** 2)))


def _cms_hadron(eta: Floats, pt: Floats) -> Floats:
    return _rising(eta, pt, (0.01, 0.015, 0.025), (1.5e-4, 2.5e-4, 5.5e-4))


def _cms_electron(eta: Floats, pt: Floats) -> Floats:
    return _rising(eta, pt, (0.03, 0.05, 0.15), (1.3e-3, 1.7e-3, 3.1e-3))


def _cms_muon(eta: Floats, pt: Floats) -> Floats:
    return _rising(eta, pt, (0.01, 0.015, 0.025), (1.0e-4, 1.5e-4, 3.5e-4))


def _in_bins(eta: Floats, pt: Floats, edges: tuple[float, ...], values: tuple[tuple[float, ...], ...]) -> Floats:
    """A table in |eta| below and above 1.5, and in pT."""
    table: Floats = np.array(values)
    return np.asarray(table[(np.abs(eta) > 1.5).astype(int), np.searchsorted(edges, pt, side="left")])


def _rising(eta: Floats, pt: Floats, constant: tuple[float, ...], slope: tuple[float, ...]) -> Floats:
    """sqrt(a^2 + (b pT)^2) with a and b for |eta| up to 0.5, 1.5 and beyond."""
    region = np.searchsorted((0.5, 1.5), np.abs(eta), side="left")
    return np.asarray(np.hypot(np.array(constant)[region], np.array(slope)[region] * pt))


_ELECTROMAGNETIC = {11: 1.0, 22: 1.0, 111: 1.0, 13: 0.0, 310: 0.3, 3122: 0.3}
_HADRONIC = {11: 0.0, 22: 0.0, 111: 0.0, 13: 0.0, 310: 0.7, 3122: 0.7}


def _atlas_ecal(eta: Floats, E: Floats) -> Floats:
    barrel = np.abs(eta) <= 3.2
    return np.sqrt((np.where(barrel, 0.0017, 0.0350) * E) ** 2 + np.where(barrel, 0.101, 0.285) ** 2 * E)


def _atlas_hcal(eta: Floats, E: Floats) -> Floats:
    region = np.searchsorted([1.7, 3.2], np.abs(eta), side="left")
    constant = np.array([0.0302, 0.0500, 0.0942])[region]
    stochastic = np.array([0.5205, 0.706, 1.0])[region]
    noise = np.array([1.59, 0.0, 0.0])[region]
    return np.asarray(np.sqrt((constant * E) ** 2 + stochastic**2 * E + noise**2))


def _cms_ecal(eta: Floats, E: Floats) -> Floats:
    a = np.abs(eta)
    inner = np.sqrt((0.008 * E) ** 2 + 0.11**2 * E + 0.40**2)
    barrel, endcap = (1 + 0.64 * a**2) * inner, (2.16 + 5.6 * (a - 2) ** 2) * inner
    forward = np.sqrt((0.107 * E) ** 2 + 2.08**2 * E)
    return np.asarray(np.where(a <= 1.5, barrel, np.where(a <= 2.5, endcap, forward)))


def _cms_hcal(eta: Floats, E: Floats) -> Floats:
    central = np.abs(eta) <= 3.0
    return np.asarray(np.sqrt((np.where(central, 0.050, 0.130) * E) ** 2 + np.where(central, 1.50, 2.70) ** 2 * E))


def _trackers(
    hadron: Resolution, electron: Resolution, muon: Resolution, electron_efficiency: tuple[float, ...]
) -> dict[Species, Tracker]:
    return {
        "hadron": Tracker(_REGIONS, (0.1, 1.0), ((0.70, 0.95), (0.60, 0.85)), hadron),
        "electron": Tracker(_REGIONS, (0.1, 1.0, 100.0), (electron_efficiency, (0.50, 0.83, 0.90)), electron),
        "muon": Tracker(_REGIONS, (0.1, 1.0), ((0.75, 0.99), (0.70, 0.98)), muon),
    }


_ATLAS_CELLS = _mirrored(
    (_edges(0.0, 0.1, 26), 36),
    ((2.6, 2.8, 3.0, 3.2, 3.3, 3.5, 3.7, 3.9, 4.1, 4.3, 4.5, 4.7, 4.9), 18),
)
_CMS_FORWARD = (3.125, 3.3, 3.475, 3.65, 3.825, 4.0, 4.175, 4.35, 4.525)
_CMS_ECAL_CELLS = _mirrored((_edges(0.0, 0.0174, 170), 360), ((2.958, *_CMS_FORWARD, 4.7, 5.0), 36))
_CMS_HCAL_CELLS = _mirrored(
    (_edges(0.0, 0.087, 19), 72),
    ((1.653, 1.74, 1.83, 1.93, 2.043, 2.172, 2.322, 2.5, 2.65, 2.868, 2.95, *_CMS_FORWARD), 36),
    ((4.525, 4.7, 5.0), 18),
)

ATLAS = Card(
    name="atlas",
    field=2.0,
    radius=1150.0,
    half_length=3510.0,
    trackers=_trackers(_atlas_hadron, _atlas_electron, _atlas_muon, (0.73, 0.95, 0.99)),
    ecal=Calorimeter(
        segmentation=_ATLAS_CELLS,
        resolution=_atlas_ecal,
        fractions=_ELECTROMAGNETIC,
        other=0.0,
        threshold=0.5,
        significance=1.0,
        excess=22,
    ),
    hcal=Calorimeter(
        segmentation=_ATLAS_CELLS,
        resolution=_atlas_hcal,
        fractions=_HADRONIC,
        other=1.0,
        threshold=1.0,
        significance=1.0,
        excess=130,
    ),
    combine=False,
)

CMS = Card(
    name="cms",
    field=3.8,
    radius=1290.0,
    half_length=3000.0,
    trackers=_trackers(_cms_hadron, _cms_electron, _cms_muon, (0.70, 0.95, 0.99)),
    ecal=Calorimeter(
        segmentation=_CMS_ECAL_CELLS,
        resolution=_cms_ecal,
        fractions=_ELECTROMAGNETIC,
        other=0.0,
        threshold=0.5,
        significance=2.0,
        excess=22,
    ),
    hcal=Calorimeter(
        segmentation=_CMS_HCAL_CELLS,
        resolution=_cms_hcal,
        fractions=_HADRONIC,
        other=1.0,
        threshold=1.0,
        significance=2.0,
        excess=130,
    ),
    combine=True,
)

CARDS = {card.name: card for card in (ATLAS, CMS)}
"""Name -> card."""
