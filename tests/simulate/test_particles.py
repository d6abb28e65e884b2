from __future__ import annotations

import numpy as np
from tests.simulate.conftest import MakeParticles

from kaon.simulate.particles import Particles


def test_offsets_bracket_the_particles_of_each_collision(make_particles: MakeParticles) -> None:
    particles = make_particles(events=3, count=4)
    sparse = particles.take(particles.event != 1)
    assert sparse.offsets.tolist() == [0, 4, 4, 8]


def test_take_and_merge_are_inverse(make_particles: MakeParticles) -> None:
    particles = make_particles()
    charged = particles.charge != 0
    merged = Particles.merge(particles.take(charged), particles.take(~charged))
    assert len(merged) == len(particles)
    assert (np.diff(merged.event) >= 0).all()
    for event in range(particles.events):
        one, other = (np.sort(p.E[p.event == event]) for p in (particles, merged))
        np.testing.assert_array_equal(one, other)


def test_massless_particles_have_the_energy_and_direction_asked_for() -> None:
    energy, eta, phi = np.array([1.0, 20.0]), np.array([-2.0, 0.5]), np.array([3.0, -1.0])
    made = Particles.massless(2, np.array([0, 1]), energy, eta, phi, 22)
    np.testing.assert_allclose(made.E, np.sqrt(made.px**2 + made.py**2 + made.pz**2), rtol=1e-12)
    np.testing.assert_allclose([made.E, made.eta, made.phi], [energy, eta, phi], rtol=1e-12)
    assert made.pid.tolist() == [22, 22]


def test_scaling_keeps_directions(make_particles: MakeParticles) -> None:
    particles = make_particles()
    scaled = particles.scaled(np.full(len(particles), 1.5))
    np.testing.assert_allclose(scaled.pt, 1.5 * particles.pt)
    np.testing.assert_allclose(scaled.eta, particles.eta)
