from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.simulate.conftest import MakeParticles, record, table_of

from kaon.data.objects import KINDS
from kaon.simulate.leptons import isolated
from kaon.simulate.objects import find_objects
from kaon.simulate.recipe import Isolated, Jets, Leptons, Objects


def test_the_objects_of_an_event_balance_each_other_and_use_a_particle_once(make_particles: MakeParticles) -> None:
    particles = make_particles(events=25)
    photons = Isolated(pt=2.0, eta=3.0, radius=0.2, fraction=1.0)
    loose = Leptons(pt=2.0, eta=3.0, radius=0.2, fraction=1.0)
    wanted = Objects(electrons=loose, muons=loose, photons=photons)
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
    wanted = Objects(electrons=Leptons(pt=1.0, fraction=5.0), muons=Leptons(pt=2.0, fraction=5.0))
    found = find_objects(record(particles), particles, Jets(radius=0.4, pt=(5, None)), wanted, np.random.default_rng(0))
    lepton = found.kind == KINDS.index("lepton")
    assert set(found.charge[lepton]) == {-1.0, 1.0}
    assert not found.charge[~lepton].any()
    rows = np.sort([*isolated(particles, 11, wanted.electrons), *isolated(particles, 13, wanted.muons)])
    assert found.charge[lepton].sum() == particles.charge[rows].sum()
    assert sorted(found.pid[lepton]) == sorted(particles.pid[rows])
    assert not found.pid[~lepton].any()
    np.testing.assert_array_equal(found.isolated, lepton)
    assert not found.isolation[~lepton].any()


def test_a_collision_without_particles_has_missing_momentum_of_zero(make_particles: MakeParticles) -> None:
    particles = make_particles(events=3)
    none = replace(particles.take(np.zeros(len(particles), bool)), events=3)
    found = find_objects(record(none), none, Jets(radius=0.4, pt=(5, None)), Objects(), np.random.default_rng(0))
    assert found.kind.tolist() == [KINDS.index("met")] * 3
    assert not found.pt.any()


def test_leptons_in_jets_are_reported_and_change_nothing_else(make_particles: MakeParticles) -> None:
    particles = make_particles(events=40, count=40)
    jets = Jets(radius=0.4, pt=(5, None), leading=100)
    strict = Leptons(pt=4.0, radius=0.4, fraction=0.5)
    wanted = Objects(electrons=strict, muons=strict)
    both = strict.model_copy(update={"anti_isolated": True})
    more = wanted.model_copy(update={"electrons": both, "muons": both})
    plain, full = (
        find_objects(record(particles), particles, jets, w, np.random.default_rng(0)) for w in (wanted, more)
    )
    extra = full.are("lepton") & ~full.isolated
    assert extra.sum() > 10
    assert (full.isolation[extra] >= 0.5).all()
    without = full.take(~extra)
    for name in ("event", "px", "E", "kind", "charge", "pid"):
        np.testing.assert_array_equal(getattr(without, name), getattr(plain, name))


def test_the_hardest_of_each_event() -> None:
    jets = [{"kind": "jet", "pt": pt, "eta": 0.1 * pt} for pt in (50.0, 40.0, 30.0)]
    table = table_of([*jets, {"kind": "met"}], [{"kind": "met", "pt": 9.0}], [jets[1], {"kind": "met"}])
    chosen = table.are("jet")
    assert table.leading(table.pt, chosen, 2).tolist() == [[50, 40], [0, 0], [40, 0]]
    assert table.count(chosen).tolist() == [3, 0, 1]
    assert table.count(table.are("jet", "met")).tolist() == [4, 1, 2]
    momenta = table.momenta(chosen, 4)
    assert momenta.shape == (3, 4, 4)
    np.testing.assert_allclose(momenta[0, 1], [40 * np.cosh(4.0), 40, 0, 40 * np.sinh(4.0)])
    assert not momenta[1].any()
