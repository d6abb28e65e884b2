from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulate.conftest import MakeParticles, particles_of

from kaon.simulate.detector.propagation import impact
from kaon.simulate.particles import Particles

FIELD, RADIUS, HALF = 2.0, 1150.0, 3510.0


def fly(particles: Particles) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return impact(particles, field=FIELD, radius=RADIUS, half_length=HALF)


def integrate(particles: Particles, row: int, step: float = 0.5) -> tuple[float, float]:
    """(eta, phi) where a particle leaves the cylinder, by following the Lorentz force in small steps, as a check."""
    position = np.array([particles.x[row], particles.y[row], particles.z[row]])
    p = np.array([particles.px[row], particles.py[row], particles.pz[row]])
    size = np.linalg.norm(p)
    # d(direction)/ds = 0.3e-3 q / |p| direction x B: rotation about -z
    angle = -0.299792458e-3 * FIELD * particles.charge[row] / size * step
    direction = p / size
    half = np.array([[np.cos(angle / 2), -np.sin(angle / 2)], [np.sin(angle / 2), np.cos(angle / 2)]])
    before = position
    while np.hypot(*position[:2]) < RADIUS and abs(position[2]) < HALF:
        before = position.copy()
        direction[:2] = half @ direction[:2]
        position = position + step * direction
        direction[:2] = half @ direction[:2]
    end = (before + position) / 2
    return float(np.arcsinh(end[2] / np.hypot(*end[:2]))), float(np.arctan2(end[1], end[0]))


def test_it_follows_the_lorentz_force_from_any_vertex() -> None:
    random = np.random.default_rng(3)
    n = 60
    x, y = random.uniform(-400, 400, (2, n))
    particles = particles_of(1, n, seed=3, x=x, y=y, z=random.uniform(-500, 500, n))
    reached, eta, phi = fly(particles)
    assert reached.all()
    for row in range(n):
        expected = integrate(particles, row)
        assert eta[row] == pytest.approx(expected[0], abs=3e-3)
        assert (phi[row] - expected[1] + np.pi) % (2 * np.pi) - np.pi == pytest.approx(0, abs=3e-3)


@given(seed=st.integers(0, 1000))
def test_neutral_particles_from_the_origin_keep_their_direction(seed: int) -> None:
    particles = particles_of(1, 20, seed, charge=np.zeros(20))
    reached, eta, phi = fly(particles)
    assert reached.all()
    np.testing.assert_allclose(eta, particles.eta, atol=1e-9)
    np.testing.assert_allclose(phi, particles.phi, atol=1e-9)


def test_the_azimuth_turns_by_the_angle_of_the_chord() -> None:
    """A circle of radius R meets the wall at sin(dphi) = wall / 2R; a positive charge turns clockwise."""
    pt = np.array([1.0, 1.0, 5.0, 50.0])
    charge = np.array([1.0, -1.0, 1.0, 1.0])
    zeros = np.zeros(4)
    particles = particles_of(1, 4, px=pt, py=zeros, pz=zeros, E=pt, charge=charge)
    _, eta, phi = fly(particles)
    expected = -charge * np.arcsin(RADIUS * 0.299792458e-3 * FIELD / (2 * pt))
    np.testing.assert_allclose(phi, expected, rtol=1e-9)
    np.testing.assert_allclose(eta, 0, atol=1e-12)


def test_a_strong_field_and_a_weak_one_agree_at_high_momentum(make_particles: MakeParticles) -> None:
    particles = make_particles()
    hard = particles.scaled(np.full(len(particles), 1e6))
    _, eta, phi = fly(hard)
    np.testing.assert_allclose(eta, particles.eta, atol=1e-4)
    np.testing.assert_allclose(phi, particles.phi, atol=1e-4)


def test_a_particle_too_soft_for_the_wall_leaves_through_an_end() -> None:
    pt, pz = 0.2, 0.1  # the circle has a radius of 334 mm and stays within 668 mm
    one = np.ones(1)
    particles = particles_of(1, 1, px=pt * one, py=0 * one, pz=pz * one, E=one, charge=one)
    reached, eta, _ = fly(particles)
    assert reached.all()
    assert HALF / np.sinh(eta.item()) <= 2 * 1000 * pt / (0.299792458 * FIELD) + 1e-6


def test_particles_made_outside_or_at_rest_do_not_fly() -> None:
    zeros = np.zeros(3)
    particles = particles_of(
        1, 3, px=np.array([1.0, 1.0, 0.0]), py=zeros, pz=zeros, x=np.array([2000.0, 0.0, 0.0]), charge=zeros
    )
    assert fly(particles)[0].tolist() == [False, True, False]
    circling = particles_of(1, 1, px=np.full(1, 0.1), py=zeros[:1], pz=zeros[:1], charge=np.ones(1))
    assert fly(circling)[0].tolist() == [False]  # it never gets anywhere
    beam = particles_of(1, 1, px=zeros[:1], py=zeros[:1], pz=np.full(1, -7000.0), charge=np.ones(1))
    reached, eta, _ = fly(beam)
    assert reached.all()
    assert eta.item() == -20
