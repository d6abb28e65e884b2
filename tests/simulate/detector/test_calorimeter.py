from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.simulate.conftest import MakeParticles, particles_of

from kaon.simulate.detector.calorimeter import Cells, measure
from kaon.simulate.detector.card import Calorimeter, Segmentation
from kaon.simulate.detector.propagation import impact
from kaon.simulate.particles import Particles

CELLS = Segmentation(((tuple(np.linspace(-3, 3, 61)), 64),))
PERFECT = Calorimeter(CELLS, lambda eta, E: 0 * E, {22: 1.0}, 0.0, 0.0, 0.0, 22)


def look(
    calorimeter: Calorimeter, particles: Particles, tracked: np.ndarray, *, combine: bool, sigma: float = 0.01
) -> Cells:
    """Measure, with perfect tracks of the chosen particles."""
    hit = impact(particles, field=2.0, radius=1150.0, half_length=3510.0)
    source = np.flatnonzero(tracked)
    resolution = np.full(len(source), sigma)
    rng = np.random.default_rng(0)
    return measure(calorimeter, particles, hit, particles.take(source), source, resolution, combine, rng)


def test_a_perfect_calorimeter_keeps_the_energy_of_each_collision(make_particles: MakeParticles) -> None:
    particles = make_particles()
    nothing = np.zeros(len(particles), bool)
    made = look(PERFECT, particles, nothing, combine=False).neutral
    photons = particles.pid == 22
    expected = np.bincount(particles.event[photons], particles.E[photons], particles.events)
    np.testing.assert_allclose(np.bincount(made.event, made.E, particles.events), expected)
    assert (np.diff(made.event) >= 0).all()
    assert len(made) <= photons.sum()


def test_cells_are_where_the_particles_went(make_particles: MakeParticles) -> None:
    particles = make_particles(events=200, count=1, pid=np.full(200, 22), charge=np.zeros(200))
    made = look(PERFECT, particles, np.zeros(200, bool), combine=False).neutral
    assert len(made) == 200
    assert np.abs(made.eta - particles.eta).max() < 0.1
    assert np.abs((made.phi - particles.phi + np.pi) % (2 * np.pi) - np.pi).max() < 2 * np.pi / 64


@pytest.mark.parametrize("combine", [True, False])
def test_energy_of_tracks_is_not_counted_twice(combine: bool, make_particles: MakeParticles) -> None:
    everything = replace(PERFECT, other=1.0, threshold=1e-6)
    particles = make_particles()
    charged = particles.charge != 0
    made = look(everything, particles, charged, combine=combine, sigma=0.0).neutral
    neutral = np.bincount(particles.event[~charged], particles.E[~charged], particles.events)
    np.testing.assert_allclose(np.bincount(made.event, made.E, particles.events), neutral)


def test_thresholds_act_on_energy_and_on_significance(make_particles: MakeParticles) -> None:
    particles = make_particles(events=300, count=1, pid=np.full(300, 22), charge=np.zeros(300))
    nothing = np.zeros(300, bool)
    high = look(replace(PERFECT, threshold=5.0), particles, nothing, combine=False).neutral
    assert len(high) == (particles.E > 5.0).sum()
    noisy = replace(PERFECT, resolution=lambda eta, E: np.full(len(E), 1.0), significance=4.0)
    assert look(noisy, particles, nothing, combine=False).neutral.E.min() > 4.0


def test_without_excess_track_and_cell_are_averaged_by_their_resolutions() -> None:
    """Two measurements T +- a and E +- b of one energy: the weighted mean, whatever the cell happened to measure."""
    one = np.ones(1)
    particles = particles_of(1, 1, px=20 * one, py=0 * one, pz=0 * one, E=20 * one, pid=np.full(1, 211), charge=one)
    hadronic = Calorimeter(CELLS, lambda eta, E: np.full(len(E), 2.0), {}, 1.0, 0.5, 1.0, 130)
    sigma = 0.05  # of 20 GeV: 1 GeV
    scales = []
    for seed in range(400):
        hit = impact(particles, field=0.0, radius=1150.0, half_length=3510.0)
        source, resolution = np.zeros(1, int), np.full(1, sigma)
        cells = measure(hadronic, particles, hit, particles, source, resolution, True, np.random.default_rng(seed))
        if not len(cells.neutral):
            scales.append(cells.track_scale.item())
    # weights 1 and 1/4: the cell's fluctuations come through by a fifth, those above sqrt(5) GeV are excess
    spread = 20 * np.array(scales) - 20
    assert len(scales) > 300
    assert spread.min() > -3 * 2.0 * 4 / 5
    assert spread.max() <= np.sqrt(5) / 5 + 1e-9
    assert look(hadronic, particles, np.ones(1, bool), combine=False).track_scale.item() == 1.0


def test_smearing_has_the_resolution_of_the_card() -> None:
    n = 5000
    zeros, energy = np.zeros(n), np.full(n, 50.0)
    particles = particles_of(n, 1, px=energy, py=zeros, pz=zeros, E=energy, pid=np.full(n, 22), charge=zeros)
    smeared = replace(PERFECT, resolution=lambda eta, E: 0.1 * np.sqrt(E))
    made = look(smeared, particles, np.zeros(n, bool), combine=False).neutral
    assert made.E.mean() == pytest.approx(50, abs=5 * 0.71 / np.sqrt(n))
    assert made.E.std() == pytest.approx(0.1 * np.sqrt(50), rel=0.05)
