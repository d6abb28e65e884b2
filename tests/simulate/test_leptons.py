from __future__ import annotations

import numpy as np
import pytest
from tests.simulate.conftest import MakeParticles

from kaon import kinematics
from kaon.simulate.detector import detect
from kaon.simulate.generator import Generator
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


@pytest.mark.parametrize(("species", "width"), [(11, 3.5), (13, 4.5)])
def test_pairs_of_leptons_peak_at_the_z(species: int, width: float) -> None:
    settings = ["Beams:eCM = 8000", "PartonLevel:MPI = off", "WeakSingleBoson:ffbar2gmZ = on", "23:onMode = off"]
    settings += [f"23:onIfAny = {species}", "PhaseSpace:mHatMin = 60"]
    collisions = next(Generator(settings, seed=4).batches(250))
    seen = detect(collisions.particles(), "atlas", np.random.default_rng(0))
    rows, _, _ = identified(seen, species, Leptons(pt=20), np.random.default_rng(0))
    two = np.flatnonzero(np.bincount(seen.event[rows], minlength=250) == 2)
    rows = rows[np.isin(seen.event[rows], two)]
    total = [getattr(seen, name)[rows].reshape(-1, 2).sum(1) for name in ("E", "px", "py", "pz")]
    mass = kinematics.mass(*total)
    assert len(mass) > 60, "of 250, some are lost at high rapidity, below 20 GeV or without a track"
    assert np.median(mass) == pytest.approx(90.5, abs=1.5), "radiation takes a little away"
    assert np.subtract(*np.percentile(mass, [84, 16])) / 2 < width
    assert (seen.charge[rows].reshape(-1, 2).sum(1) == 0).all()
