from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.simulate.conftest import MakeParticles

from kaon.data.objects import KINDS
from kaon.simulate.generator import Collisions
from kaon.simulate.jets import cluster
from kaon.simulate.objects import find_objects, heavy_hadrons, isolated, tag
from kaon.simulate.particles import Particles
from kaon.simulate.recipe import BTagging, Isolated, Jets, Objects


def record(particles: Particles, extra: dict[str, Any] | None = None) -> Collisions:
    """These particles as an event record; of `extra` (pid, pt, eta, phi) one entry is put at the end of each event."""
    n = particles.events
    columns = {name: getattr(particles, name) for name in ("px", "py", "pz", "E", "pid", "event")}
    if extra is not None:
        pt, eta, phi = (np.broadcast_to(extra[name], n).astype(float) for name in ("pt", "eta", "phi"))
        new = {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": pt * np.cosh(eta)}
        new |= {"pid": np.broadcast_to(extra["pid"], n), "event": np.arange(n)}
        columns = {name: np.concatenate([values, new[name]]) for name, values in columns.items()}
        order = np.argsort(columns["event"], kind="stable")
        columns = {name: values[order] for name, values in columns.items()}
    event = columns.pop("event")
    zeros = np.zeros(len(event), np.int64)
    return Collisions(
        offsets=np.searchsorted(event, np.arange(n + 1)),
        status=zeros + 1,
        daughter1=zeros,
        daughter2=zeros,
        visible=zeros == 0,
        charge=zeros.astype(float),
        vertex=np.zeros((len(event), 3)),
        weight=np.ones(n),
        **columns,
    )


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
        if abs(particles.pid[i]) in (11, 13) and hard and around < 0.5 * particles.pt[i]:
            expected.append(i)
    assert len(expected) > 5
    assert isolated(particles, (11, 13), wanted).tolist() == expected


def test_hadrons_with_heavy_quarks() -> None:
    b, c = heavy_hadrons(np.array([511, -521, 531, 541, 553, 5122, -5332, 10521, 411, 431, 4122, 443, 111, 2212, 3312]))
    assert b.tolist() == [True] * 8 + [False] * 7
    assert c.tolist() == [False] * 8 + [True] * 4 + [False] * 3
    for other in (4, 5, 21, 6, 5101, 5503, 4203, 1000005, 1000006, 2000005):  # quarks, diquarks, squarks
        assert not np.any(heavy_hadrons(np.array([other, -other])))


@pytest.mark.parametrize(("pid", "chance"), [(511, 1.0), (411, 0.0), (211, 0.0)])
def test_a_jet_with_a_b_hadron_is_tagged(pid: int, chance: float, make_particles: MakeParticles) -> None:
    particles = make_particles(events=20)
    jets = cluster(particles, "anti-kt", 0.4, 8.0)
    _, first = np.unique(jets.event, return_index=True)
    direction = {"eta": np.zeros(20), "phi": np.zeros(20)}
    for name in direction:
        direction[name][jets.event[first]] = getattr(jets, name)[first] + 0.05
    rule = BTagging(b=1.0, c=0.0, light=0.0)
    near = tag(record(particles, {"pid": pid, "pt": 20.0, **direction}), jets, rule, np.random.default_rng(0))
    assert near[first].mean() == chance
    assert near.sum() <= len(first) * (1 + chance), "hardly another jet is as near"
    soft = tag(record(particles, {"pid": pid, "pt": 4.0, **direction}), jets, rule, np.random.default_rng(0))
    assert not soft.any()


def test_tags_come_as_often_as_they_should(make_particles: MakeParticles) -> None:
    particles = make_particles(events=200, count=60)
    jets = cluster(particles, "anti-kt", 0.4, 5.0)
    n, rule = len(jets), BTagging(light=0.2)
    found = tag(record(particles), jets, rule, np.random.default_rng(1))
    assert found.mean() == pytest.approx(0.2, abs=5 * np.sqrt(0.2 * 0.8 / n))
    np.testing.assert_array_equal(found, tag(record(particles), jets, rule, np.random.default_rng(1)))


def test_the_objects_of_an_event_balance_each_other_and_use_a_particle_once(make_particles: MakeParticles) -> None:
    particles = make_particles(events=25)
    loose = Isolated(pt=2.0, eta=3.0, radius=0.2, fraction=1.0)
    wanted = Objects(leptons=loose, photons=loose)
    jets = Jets(radius=0.4, pt=(1e-6, None), leading=1000)
    found = find_objects(record(particles), particles, jets, wanted, np.random.default_rng(0))
    for name in ("px", "py"):  # every particle is in one object, and the missing momentum is minus their sum
        np.testing.assert_allclose(np.bincount(found.event, getattr(found, name)), 0, atol=1e-9)
    seen = found.kind != KINDS.index("met")
    for name in ("pz", "E"):
        total = np.bincount(particles.event, getattr(particles, name))
        np.testing.assert_allclose(np.bincount(found.event[seen], getattr(found, name)[seen]), total)
    assert set(found.kind) == set(range(5))
    assert np.bincount(found.event[~seen]).tolist() == [1] * 25
    assert (np.lexsort((-found.pt, found.event)) == np.arange(len(found))).all()


def test_leptons_keep_their_charge_and_nothing_else_has_one(make_particles: MakeParticles) -> None:
    particles = make_particles(events=25)
    wanted = Objects(leptons=Isolated(pt=1.0, fraction=5.0))
    found = find_objects(record(particles), particles, Jets(radius=0.4, pt=(5, None)), wanted, np.random.default_rng(0))
    lepton = found.kind == KINDS.index("lepton")
    assert set(found.charge[lepton]) == {-1.0, 1.0}
    assert not found.charge[~lepton].any()
    expected = particles.charge[isolated(particles, (11, 13), wanted.leptons)]
    assert found.charge[lepton].sum() == expected.sum()


def test_a_collision_without_particles_has_missing_momentum_of_zero(make_particles: MakeParticles) -> None:
    particles = make_particles(events=3)
    none = replace(particles.take(np.zeros(len(particles), bool)), events=3)
    found = find_objects(record(none), none, Jets(radius=0.4, pt=(5, None)), Objects(), np.random.default_rng(0))
    assert found.kind.tolist() == [KINDS.index("met")] * 3
    assert not found.pt.any()
