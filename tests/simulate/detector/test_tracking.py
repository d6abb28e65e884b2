from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulate.conftest import MakeParticles

from kaon.simulate.detector.cards import ATLAS
from kaon.simulate.detector.tracking import lognormal, tracks

N = 40_000


@given(mean=st.floats(0.1, 1e3), relative=st.floats(0.001, 1.0))
def test_smeared_numbers_have_the_mean_and_width_asked_for(mean: float, relative: float) -> None:
    values = lognormal(np.full(N, mean), np.full(N, relative * mean), np.random.default_rng(1))
    assert (values > 0).all()
    assert values.mean() == pytest.approx(mean, rel=5 * relative / np.sqrt(N) + 1e-9)
    assert values.std() == pytest.approx(relative * mean, rel=0.1)


def test_nothing_stays_nothing() -> None:
    assert lognormal(np.zeros(3), np.full(3, 1.59), np.random.default_rng(0)).tolist() == [0, 0, 0]


def test_tracks_are_found_as_often_and_smeared_as_much_as_the_card_says(make_particles: MakeParticles) -> None:
    particles = make_particles(events=1, count=N)
    reached = np.ones(N, bool)
    source, found, resolution = tracks(particles, reached, ATLAS, np.random.default_rng(2))
    assert (particles.charge[source] != 0).all()
    pion = np.abs(particles.pid) == 211
    central = pion & (np.abs(particles.eta) < 1.5) & (particles.pt > 1)
    got = np.isin(np.flatnonzero(central), source).mean()
    assert got == pytest.approx(0.95, abs=5 * np.sqrt(0.95 * 0.05 / central.sum()))
    pull = (found.pt / particles.pt[source] - 1) / resolution
    assert pull.mean() == pytest.approx(0, abs=5 / np.sqrt(len(pull)))
    assert pull.std() == pytest.approx(1, rel=0.03)
    np.testing.assert_allclose(found.eta, particles.eta[source])
    np.testing.assert_allclose(found.E, found.pt * np.cosh(found.eta))


def test_a_track_is_a_pion_electron_or_muon_of_its_charge(make_particles: MakeParticles) -> None:
    particles = make_particles(events=1, count=2000)
    proton = replace(particles, pid=np.where(particles.pid == 211, 2212, particles.pid))
    source, found, _ = tracks(proton, np.ones(2000, bool), ATLAS, np.random.default_rng(0))
    for pid, expected in ((2212, 211), (-211, -211), (11, 11), (-13, -13)):
        assert set(found.pid[proton.pid[source] == pid]) == {expected}


def test_particles_that_do_not_reach_the_tracker_have_no_track(make_particles: MakeParticles) -> None:
    particles = make_particles()
    source, _, _ = tracks(particles, np.zeros(len(particles), bool), ATLAS, np.random.default_rng(0))
    assert len(source) == 0
