from __future__ import annotations

import numpy as np
import pytest
from tests.simulate.conftest import MakeParticles

from kaon.errors import UnknownName
from kaon.simulate.detector import DETECTORS, check_detector, detect, reconstruct
from kaon.simulate.detector.card import Card
from kaon.simulate.detector.cards import ATLAS, CMS
from kaon.simulate.generator import Generator
from kaon.simulate.particles import Particles


@pytest.fixture(scope="module")
def particles() -> Particles:
    """Dijets around 300 GeV."""
    settings = ["HardQCD:all = on", "PhaseSpace:pTHatMin = 300", "PartonLevel:MPI = off", "Beams:eCM = 13000"]
    return next(Generator(settings, seed=4).batches(150)).particles()


def test_no_detector_changes_nothing(make_particles: MakeParticles) -> None:
    particles = make_particles()
    assert detect(particles, "none", np.random.default_rng(0)) is particles


def test_an_unknown_detector_lists_the_known() -> None:
    with pytest.raises(UnknownName, match="did you mean atlas"):
        check_detector("atlass")
    assert set(DETECTORS) == {"none", "towers", "atlas", "cms"}


@pytest.mark.parametrize("name", ["atlas", "cms"])
def test_the_seed_decides_what_is_seen(name: str, particles: Particles) -> None:
    one, same, other = (detect(particles, name, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.E, same.E)
    assert len(one) != len(other) or not np.array_equal(one.E, other.E)


@pytest.mark.parametrize("card", [ATLAS, CMS], ids=["atlas", "cms"])
def test_most_of_the_energy_is_seen_and_not_more(card: Card, particles: Particles) -> None:
    made = reconstruct(particles, card, np.random.default_rng(0))
    central = np.abs(particles.eta) < 2.0
    seen = np.abs(made.flow.eta) < 2.0
    assert 0.85 < made.flow.E[seen].sum() / particles.E[central].sum() < 1.05
    assert len(made.flow) == len(made.tracks) + len(made.photons) + len(made.neutral_hadrons)
    assert set(made.photons.pid) == {22}
    assert set(made.neutral_hadrons.pid) == {130}
    assert (made.tracks.charge != 0).all()
    assert (np.abs(made.tracks.eta) <= 2.5).all()


def test_collisions_do_not_see_each_other(particles: Particles) -> None:
    """What is seen of a collision depends on its own particles only: no energy of one is in a cell of another."""
    made = detect(particles, "atlas", np.random.default_rng(0))
    alone = particles.take(particles.event == 7)
    several = np.array([detect(alone, "atlas", np.random.default_rng(seed)).E.sum() for seed in range(40)])
    assert np.bincount(made.event, made.E, 150)[7] == pytest.approx(several.mean(), abs=6 * several.std())
    assert set(detect(alone, "atlas", np.random.default_rng(0)).event) == {7}
