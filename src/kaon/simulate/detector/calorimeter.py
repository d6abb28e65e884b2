"""Calorimeter cells: energies summed, smeared, compared with the tracks that point to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaon.simulate.detector.card import Calorimeter
from kaon.simulate.detector.tracking import lognormal
from kaon.simulate.particles import Particles

__all__ = ["Cells", "measure"]

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """What a calorimeter measures in a batch.

    Args:
        neutral: energy above that of the tracks, as massless particles.
        track_scale: factor for the momentum of each track given, (tracks,); 1 unless cells and tracks are combined.
    """

    neutral: Particles
    track_scale: Floats


def measure(
    calorimeter: Calorimeter,
    particles: Particles,
    hit: tuple[NDArray[np.bool_], Floats, Floats],
    tracks: Particles,
    source: Rows,
    track_resolution: Floats,
    combine: bool,
    rng: np.random.Generator,
) -> Cells:
    """Sum the energy of each cell of each collision, smear it, and split it between tracks and neutral excess.

    Let E be the smeared energy of a cell, T the energy of the tracks that point to it, sigma_E and sigma_T their
    resolutions. The excess E - T becomes a neutral particle if it is above the threshold and above `significance` *
    sigma(E - T); with `combine`, above `significance` * sqrt(sigma_E^2 + sigma_T^2) instead, and the tracks of the
    other cells are scaled to (T / sigma_T^2 + E / sigma_E^2) / (1 / sigma_T^2 + 1 / sigma_E^2).
    Cf. the energy flow of Delphes 3, arXiv:1307.6346, https://arxiv.org/abs/1307.6346

    Args:
        calorimeter: its parameters.
        particles: all of the batch.
        hit: whether and where (eta, phi) each particle reaches the calorimeter, three arrays (particles,).
        tracks: the tracks.
        source: the particle of each track, (tracks,).
        track_resolution: sigma(p)/p of each track, (tracks,).
        combine: as in `Card`.
        rng: source of randomness.
    """
    reached, eta, phi = hit
    deposit = calorimeter.fraction(particles.pid) * particles.E
    cell = calorimeter.segmentation.cell(eta, phi)
    rows = np.flatnonzero(reached & (cell >= 0) & (deposit > 0))
    key = particles.event[rows] * calorimeter.segmentation.cells + cell[rows]
    towers, tower = np.unique(key, return_inverse=True)
    n = len(towers)
    event, cell_number = np.divmod(towers, calorimeter.segmentation.cells)
    true = np.bincount(tower, deposit[rows], n).astype(float)
    middle, _ = calorimeter.segmentation.place(cell_number, 0.5, 0.5)
    energy = lognormal(true, calorimeter.resolution(middle, true), rng)
    sigma = calorimeter.resolution(middle, energy)
    energy[(energy < calorimeter.threshold) | (energy < calorimeter.significance * sigma)] = 0.0

    position = np.full(len(particles), -1)
    position[rows] = tower
    track_tower = position[source]
    pointing = np.flatnonzero(track_tower >= 0)
    track_tower = track_tower[pointing]
    share = calorimeter.fraction(tracks.pid[pointing]) * tracks.E[pointing]
    tracked = np.bincount(track_tower, weights=share, minlength=n)
    variance = np.bincount(track_tower, weights=(track_resolution[pointing] * share) ** 2, minlength=n)

    excess = np.maximum(energy - tracked, 0.0)
    total_sigma = np.sqrt(variance + sigma**2) if combine else calorimeter.resolution(middle, excess)
    neutral = (excess > calorimeter.threshold) & (excess > calorimeter.significance * total_sigma)
    u, v = rng.random((2, n))
    eta_cell, phi_cell = calorimeter.segmentation.place(cell_number, u, v)
    made = Particles.massless(
        particles.events,
        event[neutral],
        excess[neutral],
        eta_cell[neutral],
        phi_cell[neutral],
        calorimeter.excess,
    )
    track_scale = np.ones(len(tracks))
    if combine:
        averaged = ~neutral & (tracked > 0) & (variance > 0) & (sigma > 0)
        weight_track, weight_cell = 1 / variance[averaged], 1 / sigma[averaged] ** 2
        best = (weight_track * tracked[averaged] + weight_cell * energy[averaged]) / (weight_track + weight_cell)
        scale = np.ones(n)
        scale[averaged] = best / tracked[averaged]
        track_scale[pointing] = scale[track_tower]
    return Cells(made, track_scale)
