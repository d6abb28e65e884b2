"""A quick emulation of a detector: what particles turn into before jets are made.

`none` passes the particles on, `towers` sums them in perfect cells, `atlas` and `cms` make energy-flow objects: tracks,
photons (excess of the electromagnetic calorimeter over the tracks) and neutral hadrons (excess of the hadronic one).

Each step is a function on a whole batch, in a file of its own: `propagation`, `tracking`, `calorimeter`. Whatever is
built from their results (electrons, muons, missing momentum, ...) starts from a `Reconstruction`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaon.errors import UnknownName
from kaon.simulate.detector.calorimeter import measure
from kaon.simulate.detector.card import Card
from kaon.simulate.detector.cards import CARDS
from kaon.simulate.detector.propagation import impact
from kaon.simulate.detector.towers import sum_towers
from kaon.simulate.detector.tracking import tracks
from kaon.simulate.particles import Particles

__all__ = ["DETECTORS", "Reconstruction", "check_detector", "detect", "reconstruct"]

DETECTORS = ("none", "towers", *CARDS)
"""The detectors that a recipe or `detect` can name."""


@dataclass(frozen=True)
class Reconstruction:
    """What a detector makes of a batch of collisions.

    Args:
        tracks: charged, their momenta averaged with the calorimeters' where these see no excess.
        source: the particle of each track, (tracks,).
        photons: neutral excess of the electromagnetic calorimeter.
        neutral_hadrons: neutral excess of the hadronic calorimeter.
    """

    tracks: Particles
    source: NDArray[np.int64]
    photons: Particles
    neutral_hadrons: Particles

    @property
    def flow(self) -> Particles:
        """Energy-flow objects: all of these together."""
        return Particles.merge(self.tracks, self.photons, self.neutral_hadrons)


def check_detector(name: str) -> str:
    """The name, if there is such a detector.

    Raises:
        UnknownName: there is not; the message lists the nearest.
    """
    if name not in DETECTORS:
        raise UnknownName("detector", name, DETECTORS)
    return name


def detect(particles: Particles, detector: str, rng: np.random.Generator) -> Particles:
    """What jets are made of: the particles as a detector sees them.

    Args:
        particles: visible final particles.
        detector: one of `DETECTORS`.
        rng: source of randomness.

    Raises:
        UnknownName: no such detector.
    """
    match check_detector(detector):
        case "none":
            return particles
        case "towers":
            return sum_towers(particles)
        case name:
            return reconstruct(particles, CARDS[name], rng).flow


def reconstruct(particles: Particles, card: Card, rng: np.random.Generator) -> Reconstruction:
    """Fly all particles through the field, make tracks, and measure both calorimeters.

    Args:
        particles: visible final particles.
        card: the detector.
        rng: source of randomness.
    """
    hit = impact(particles, field=card.field, radius=card.radius, half_length=card.half_length)
    source, found, resolution = tracks(particles, hit[0], card, rng)
    ecal = measure(card.ecal, particles, hit, found, source, resolution, card.combine, rng)
    found = found.scaled(ecal.track_scale)
    hcal = measure(card.hcal, particles, hit, found, source, resolution, card.combine, rng)
    return Reconstruction(found.scaled(hcal.track_scale), source, ecal.neutral, hcal.neutral)
