from __future__ import annotations

import numpy as np
import pytest
from tests.simulate.conftest import MakeParticles

from kaon.simulate.leptons import candidates, identified, isolated
from kaon.simulate.recipe import Isolated, Leptons


def test_isolated_particles_are_those_found_one_by_one(make_particles: MakeParticles) -> None:
    particles = make_particles(events=30, count=15)
    wanted = Isolated(pt=3.0, eta=2.0, radius=0.8, fraction=0.5)
    expected = []
    for i in range(len(particles)):
        around = 0.0
        for j in np.flatnonzero(particles.event == particles.event[i]):
            dphi = (particles.phi[i] - particles.phi[j] + np.pi) % (2 * np.pi) - np.pi
            if j != i and np.hypot(particles.eta[i] - particles.eta[j], dphi) < 0.8:
                around += particles.pt[j]
        hard = particles.pt[i] > 3.0 and abs(particles.eta[i]) < 2.0
        if abs(particles.pid[i]) == 11 and hard and around < 0.5 * particles.pt[i]:
            expected.append(i)
    assert len(expected) > 5
    assert isolated(particles, 11, wanted).tolist() == expected


def test_the_isolation_of_a_candidate_is_the_momentum_around_it(make_particles: MakeParticles) -> None:
    particles = make_particles(events=20, count=15)
    wanted = Isolated(pt=3.0, radius=0.8, fraction=0.5)
    rows, isolation = candidates(particles, 13, wanted)
    assert rows[isolation < 0.5].tolist() == isolated(particles, 13, wanted).tolist()
    everything = Isolated(pt=3.0, radius=100.0)
    rows, isolation = candidates(particles, 13, everything)
    total = np.bincount(particles.event, particles.pt)[particles.event[rows]]
    np.testing.assert_allclose((1 + isolation) * particles.pt[rows], total)


def test_leptons_that_are_not_isolated_are_reported_if_wanted(make_particles: MakeParticles) -> None:
    particles = make_particles(events=30, count=30)
    strict = Leptons(pt=2.0, radius=0.8, fraction=0.3)
    random = np.random.default_rng(0)
    alone, _, flags = identified(particles, 11, strict, random)
    assert flags.all()
    both, isolation, flags = identified(particles, 11, strict.model_copy(update={"anti_isolated": True}), random)
    assert both[flags].tolist() == alone.tolist() == isolated(particles, 11, strict).tolist()
    assert len(both) > len(alone) > 0
    np.testing.assert_array_equal(flags, isolation < 0.3)


def test_the_efficiency_of_barrel_and_endcap(make_particles: MakeParticles) -> None:
    particles = make_particles(events=400, count=60)
    everyone = Leptons(pt=0.5, eta=2.4, fraction=1e9)
    all_of_them, _, _ = identified(particles, 11, everyone, np.random.default_rng(0))
    rule = everyone.model_copy(update={"efficiency": (0.9, 0.4)})
    found, _, _ = identified(particles, 11, rule, np.random.default_rng(0))
    barrel, kept = np.abs(particles.eta[all_of_them]) < 1.5, np.isin(all_of_them, found)
    for region, chance in ((barrel, 0.9), (~barrel, 0.4)):
        error = np.sqrt(chance * (1 - chance) / region.sum())
        assert kept[region].mean() == pytest.approx(chance, abs=5 * error)
