from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kaon.errors import SimulationError
from kaon.simulate.generator import BATCH, Collisions, Generator, check_shower, showers

DIJETS = ["HardQCD:all = on", "PhaseSpace:pTHatMin = 100", "PartonLevel:MPI = off", "Beams:eCM = 13000"]


def first(settings: list[str], count: int = 20, seed: int = 1, shower: str = "default") -> Collisions:
    return next(Generator(settings, seed=seed, shower=shower).batches(count))


@pytest.fixture(scope="module")
def collisions() -> Collisions:
    return first(DIJETS)


def test_visible_particles_and_neutrinos_have_the_momentum_of_the_beams(collisions: Collisions) -> None:
    final = collisions.status > 0
    assert (collisions.visible <= final).all()
    assert set(np.abs(collisions.pid[final & ~collisions.visible])) <= {12, 14, 16}
    for name, expected in (("px", 0), ("py", 0), ("pz", 0), ("E", 13000)):
        total = np.bincount(collisions.event[final], getattr(collisions, name)[final])
        np.testing.assert_allclose(total, expected, atol=1e-2)


def test_charges_are_those_of_the_species_and_are_conserved(collisions: Collisions) -> None:
    total = np.bincount(collisions.event, collisions.charge, len(collisions))
    np.testing.assert_allclose(total, 2.0, atol=1e-9)  # two protons
    assert set(collisions.charge[collisions.visible & (collisions.pid == 211)]) == {1.0}
    assert set(collisions.charge[collisions.visible & (collisions.pid == -11)]) <= {1.0}


def test_particles_of_decays_in_flight_start_away_from_the_beam(collisions: Collisions) -> None:
    particles = collisions.particles()
    assert len(particles) == collisions.visible.sum()
    radius = np.hypot(particles.x, particles.y)
    assert np.median(radius) < 1e-3
    assert radius.max() > 1.0  # mm: K_S and Lambda fly


def test_unphysical_collisions_lose_their_particles(collisions: Collisions) -> None:
    assert collisions.sound().all()
    wrong = collisions.E.copy()
    wrong[collisions.offsets[4] - 1] += 10.0  # a final particle of the fourth collision
    assert replace(collisions, E=wrong).sound().tolist() == [i != 3 for i in range(20)]
    wrong[0] = np.nan
    assert not replace(collisions, E=wrong).sound()[0]


def test_the_seed_decides_the_collisions() -> None:
    one, same, other = (first(DIJETS, 5, seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one.E, same.E)
    assert len(one.E) != len(other.E) or not np.array_equal(one.E, other.E)


def test_batches_have_all_collisions_and_a_cross_section() -> None:
    generator = Generator(DIJETS, seed=1)
    assert [len(batch) for batch in generator.batches(BATCH + 10)] == [BATCH, 10]
    value, error = generator.cross_section
    assert 1e5 < value < 1e7  # pb; dijets above 100 GeV at 13 TeV: about a microbarn
    assert 0 < error < 0.2 * value


def test_weighted_collisions_have_their_weights() -> None:
    plain = first(DIJETS)
    biased = first([*DIJETS, "PhaseSpace:bias2Selection = on"])
    np.testing.assert_array_equal(plain.weight, 1.0)
    assert biased.weight.std() > 0


def test_vincia_is_another_shower_and_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    assert not np.array_equal(first(DIJETS, 3, shower="vincia").E, first(DIJETS, 3, shower="simple").E)
    assert capfd.readouterr().out == ""


def test_a_shower_that_this_pythia_lacks_is_refused_with_those_it_has() -> None:
    assert {"simple", "vincia"} <= set(showers())
    with pytest.raises(SimulationError, match=r"no shower 'herwig'; choose default, simple, vincia"):
        check_shower("herwig")
    if "dire" not in showers():
        with pytest.raises(SimulationError, match=r"Pythia 8\.\d+ has no shower 'dire'"):
            Generator(DIJETS, seed=1, shower="dire")


@pytest.mark.parametrize("line", ["HardQcd:everything = on", "PhaseSpace pTHatMin", "PartonShowers:model = 17"])
def test_a_setting_that_pythia_does_not_accept_is_named(line: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SimulationError, match=f"does not know or accept the setting '{line}'"):
        Generator([*DIJETS, line], seed=1)
    assert capfd.readouterr().out == ""


def test_settings_with_nothing_to_generate_give_pythias_own_reason(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SimulationError, match=r"cannot start .* PYTHIA \w+.*process"):
        Generator([*DIJETS, "PhaseSpace:pTHatMin = 9000"], seed=1)
    assert capfd.readouterr().out == ""
