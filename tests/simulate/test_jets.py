from __future__ import annotations

import fastjet
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulate.conftest import MakeParticles, particles_of

from kaon.simulate.jets import JetTable, cluster, select, trim
from kaon.simulate.particles import Particles
from kaon.simulate.recipe import Grooming, Jets


def one_by_one(particles: Particles, definition: fastjet.JetDefinition, low: float) -> list[list[fastjet.PseudoJet]]:
    """FastJet's plain interface, event by event, as the independent answer."""
    found = []
    for event in range(particles.events):
        rows = np.flatnonzero(particles.event == event)
        inputs = []
        for row in rows:
            inputs.append(fastjet.PseudoJet(*(float(getattr(particles, n)[row]) for n in ("px", "py", "pz", "E"))))
            inputs[-1].set_user_index(int(row))
        sequence = fastjet.ClusterSequence(inputs, definition)
        sequence.thisown = False  # the jets refer to it
        found.append(list(fastjet.sorted_by_pt(sequence.inclusive_jets(low))))
    return found


@pytest.mark.parametrize(("algorithm", "name"), [
    ("anti-kt", "antikt_algorithm"), ("kt", "kt_algorithm"), ("cambridge-aachen", "cambridge_algorithm"),
])  # fmt: skip
def test_jets_and_constituents_are_those_of_fastjet(algorithm: str, name: str, make_particles: MakeParticles) -> None:
    particles = make_particles()
    table = cluster(particles, algorithm, 0.6, 3.0)
    expected = one_by_one(particles, fastjet.JetDefinition(getattr(fastjet, name), 0.6), 3.0)
    assert np.bincount(table.event, minlength=5).tolist() == [len(jets) for jets in expected]
    flat = [jet for jets in expected for jet in jets]
    np.testing.assert_allclose(table.pt, [jet.pt() for jet in flat])
    np.testing.assert_allclose(table.mass, [jet.m() for jet in flat], atol=1e-5)
    np.testing.assert_allclose(table.eta, [jet.eta() for jet in flat])
    np.testing.assert_allclose(table.rapidity, [jet.rap() for jet in flat])
    for i, jet in enumerate(flat):
        mine = table.members[table.offsets[i] : table.offsets[i + 1]]
        assert sorted(mine) == sorted(c.user_index() for c in jet.constituents())
        assert (np.diff(particles.pt[mine]) <= 0).all()


@given(seed=st.integers(0, 10_000), events=st.integers(1, 4), count=st.integers(1, 30))
def test_every_particle_is_in_one_jet_whose_momentum_is_their_sum(seed: int, events: int, count: int) -> None:
    particles = particles_of(events, count, seed)
    table = cluster(particles, "anti-kt", 0.8)
    assert sorted(table.members) == list(range(len(particles)))
    owner = np.repeat(np.arange(len(table)), table.counts)
    np.testing.assert_array_equal(particles.event[table.members], table.event[owner])
    for name in ("px", "py", "pz", "E"):
        total = np.bincount(owner, getattr(particles, name)[table.members])
        np.testing.assert_allclose(total, getattr(table, name), rtol=1e-9, atol=1e-6)


def test_collisions_without_particles_have_no_jets(make_particles: MakeParticles) -> None:
    particles = make_particles(events=4)
    table = cluster(particles.take(particles.event == 2), "anti-kt", 0.8)
    assert set(table.event) == {2}
    assert len(cluster(particles.take(np.zeros(len(particles), bool)), "anti-kt", 0.8)) == 0


@pytest.mark.parametrize("leading", [1, 2, 5])
def test_kept_jets_are_leading_and_inside_all_windows(leading: int, make_particles: MakeParticles) -> None:
    particles = make_particles(events=60)
    everything = cluster(particles, "anti-kt", 0.8)
    jets = Jets(pt=(12, 40), eta=2.0, rapidity=1.9, mass=(2, 20), leading=leading)
    kept = select(particles, jets)
    assert 0 < len(kept) < len(everything)
    assert ((kept.pt >= 12) & (kept.pt < 40) & (kept.mass >= 2) & (kept.mass < 20)).all()
    assert ((np.abs(kept.eta) < 2.0) & (np.abs(kept.rapidity) < 1.9)).all()
    harder = np.array(
        [(everything.pt[everything.event == e] > pt).sum() for e, pt in zip(kept.event, kept.pt, strict=True)]
    )
    assert (harder < leading).all()


def test_trimming_is_that_of_fastjet(make_particles: MakeParticles) -> None:
    particles = make_particles(events=20)
    table = cluster(particles, "anti-kt", 1.0, 20.0)
    trimmed = trim(table, particles, Grooming(radius=0.3, fraction=0.05))
    expected = one_by_one(particles, fastjet.JetDefinition(fastjet.antikt_algorithm, 1.0), 20.0)
    trimmer = fastjet.Filter(fastjet.JetDefinition(fastjet.kt_algorithm, 0.3), fastjet.SelectorPtFractionMin(0.05))
    flat = [trimmer(jet) for jets in expected for jet in jets]
    assert (trimmed.counts < table.counts).any()
    np.testing.assert_allclose(trimmed.pt, [jet.pt() for jet in flat])
    np.testing.assert_allclose(trimmed.mass, [jet.m() for jet in flat], atol=1e-5)
    assert trimmed.counts.tolist() == [len(jet.constituents()) for jet in flat]


def test_jets_chosen_twice_or_not_at_all_keep_their_constituents(make_particles: MakeParticles) -> None:
    table = cluster(make_particles(), "anti-kt", 0.6, 3.0)
    chosen = table.take(np.array([3, 0, 3]))
    for i, row in enumerate((3, 0, 3)):
        np.testing.assert_array_equal(
            chosen.members[chosen.offsets[i] : chosen.offsets[i + 1]],
            table.members[table.offsets[row] : table.offsets[row + 1]],
        )
    assert isinstance(table.take(np.zeros(len(table), bool)), JetTable)
    assert len(table.take(np.zeros(len(table), bool)).members) == 0
