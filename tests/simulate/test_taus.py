from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from kaon import kinematics
from kaon.simulate.detector import detect
from kaon.simulate.generator import Collisions, Generator
from kaon.simulate.jets import JetTable, cluster
from kaon.simulate.particles import Particles
from kaon.simulate.recipe import Taus
from kaon.simulate.taus import Decays, TauTable, find_taus, hadronic_decays

SETTINGS = ["Beams:eCM = 8000", "PartonLevel:MPI = off", "WeakSingleBoson:ffbar2gmZ = on", "WeakZ0:gmZmode = 2"]
PERFECT = Taus(efficiency=(1, 1), jet=(0, 0), electron=0, muon=0)


@dataclass(frozen=True)
class Batch:
    collisions: Collisions
    seen: Particles
    jets: JetTable

    def taus(self, rule: Taus, leptons: Particles | None = None, seed: int = 0) -> TauTable:
        none = self.seen.take(np.zeros(len(self.seen), bool))
        random = np.random.default_rng(seed)
        return find_taus(self.collisions, self.seen, self.jets, none if leptons is None else leptons, rule, random)


def batches(decays: str, count: int) -> list[Batch]:
    settings = [*SETTINGS, "23:onMode = off", decays, "PhaseSpace:mHatMin = 60"]
    made = []
    for number, collisions in enumerate(Generator(settings, seed=3).batches(count)):
        seen = detect(collisions.particles(), "atlas", np.random.default_rng(number))
        made.append(Batch(collisions, seen, cluster(seen, "anti-kt", 0.4, 20.0)))
    return made


@pytest.fixture(scope="module")
def ditaus() -> list[Batch]:
    return batches("23:onIfAny = 15", 500)


@pytest.fixture(scope="module")
def electrons() -> Batch:
    return batches("23:onIfAny = 11", 150)[0]


def pt_of(things: Decays | TauTable) -> NDArray[np.float64]:
    return kinematics.transverse_momentum(things.px, things.py)


def test_decays_come_as_often_as_measured(ditaus: list[Batch]) -> None:
    """Particle Data Group: 64.8% of taus decay to hadrons; of all, 49.5% to one and 15.2% to three charged ones.

    https://pdg.lbl.gov; decays of neutral kaons to charged pions are not counted.
    """
    made = [hadronic_decays(batch.collisions) for batch in ditaus]
    prongs = np.concatenate([decays.prongs for decays in made])
    n = 2 * sum(len(batch.collisions) for batch in ditaus)
    for share, expected in (
        (len(prongs) / n, 0.648),
        ((prongs == 1).sum() / n, 0.495),
        ((prongs == 3).sum() / n, 0.15),
    ):
        assert share == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / n))


def test_what_is_visible_of_a_tau_is_lighter_and_softer_than_it(ditaus: list[Batch]) -> None:
    for batch in ditaus:
        decays = hadronic_decays(batch.collisions)
        mass = kinematics.mass(decays.E, decays.px, decays.py, decays.pz)
        assert (mass < 1.777).all()
        one = (decays.prongs == 1) & (decays.pi0s == 0)
        assert np.median(mass[one]) == pytest.approx(0.1396, abs=1e-3), "a single pion"
        assert np.median(mass[(decays.prongs == 1) & (decays.pi0s == 1)]) == pytest.approx(0.77, abs=0.06), "a rho"
        assert set(decays.charge) == {-1.0, 1.0}


def test_found_taus_have_the_momentum_charge_and_tracks_of_true_ones(ditaus: list[Batch]) -> None:
    ratio, right, tracks, pi0s, truth = [], [], [], [], []
    for batch in ditaus:
        found, decays = batch.taus(PERFECT), hadronic_decays(batch.collisions)
        assert found.real.all()
        for i in range(len(found)):
            near = np.flatnonzero(decays.event == found.event[i])
            apart = kinematics.delta_r(
                kinematics.pseudorapidity(found.px[i], found.py[i], found.pz[i]),
                kinematics.phi(found.px[i], found.py[i]),
                kinematics.pseudorapidity(decays.px[near], decays.py[near], decays.pz[near]),
                kinematics.phi(decays.px[near], decays.py[near]),
            )
            own = near[np.argmin(apart)]
            ratio.append(pt_of(found)[i] / pt_of(decays)[own])
            right.append(found.charge[i] == decays.charge[own])
            tracks.append(found.tracks[i])
            pi0s.append(found.pi0s[i])
            truth.append((decays.prongs[own], decays.pi0s[own]))
    prongs, neutral = np.array(truth).T
    single = prongs == 1
    assert len(ratio) > 200
    assert np.median(ratio) == pytest.approx(1, abs=0.03)
    assert np.subtract(*np.percentile(ratio, [84, 16])) / 2 < 0.1
    assert np.mean(np.array(right)[single]) > 0.94
    assert np.mean(np.array(tracks)[single] == 1) > 0.9
    assert np.mean(np.array(tracks)[prongs == 3] > 1) > 0.9, "a track may be lost, and 2 remain"
    charged_pion, rho = (np.array(pi0s)[single & (neutral == k)] for k in (0, 1))
    assert np.mean(charged_pion == 0) > 0.85
    assert np.mean(rho > 0) > 0.8


@pytest.mark.parametrize(("tracks", "efficiency"), [((1,), (0.6, 0.0)), ((2, 3), (0.0, 0.6))])
def test_a_tau_is_identified_as_often_as_it_should(
    tracks: tuple[int, ...], efficiency: tuple[float, float], ditaus: list[Batch]
) -> None:
    everyone = [batch.taus(PERFECT) for batch in ditaus]
    n = sum(np.isin(found.tracks, tracks).sum() for found in everyone)
    passed = [batch.taus(PERFECT.model_copy(update={"efficiency": efficiency})) for batch in ditaus]
    assert all(np.isin(found.tracks, tracks).all() for found in passed)
    share = sum(len(found) for found in passed) / n
    assert share == pytest.approx(0.6, abs=5 * np.sqrt(0.24 / n))


def test_jets_electrons_and_muons_that_pass(electrons: Batch) -> None:
    """Nothing is a tau in Z -> ee: what passes is an electron or a jet, each with its own probability."""
    nothing = PERFECT.model_copy(update={"efficiency": (1.0, 1.0)})
    assert len(electrons.taus(nothing)) == 0
    as_tau = electrons.taus(nothing.model_copy(update={"electron": 1.0}))
    assert len(as_tau) > 50
    assert not as_tau.real.any()
    assert (as_tau.tracks == 1).all()
    jets = electrons.taus(nothing.model_copy(update={"jet": (1.0, 1.0)}))
    assert 0 < len(jets) < len(as_tau)
    assert not set(jets.jet) & set(as_tau.jet)
    assert set(jets.tracks) <= {1, 2, 3}
    assert len(electrons.taus(nothing.model_copy(update={"muon": 1.0}))) == 0


def test_no_tau_lies_near_a_lepton(electrons: Batch) -> None:
    seen = electrons.seen
    leptons = seen.take((np.abs(seen.pid) == 11) & (seen.pt > 0.5))
    as_tau = PERFECT.model_copy(update={"electron": 1.0})
    assert len(electrons.taus(as_tau, leptons)) == 0
    assert len(electrons.taus(as_tau)) > 0


def test_a_tau_is_a_jet_and_inside_the_windows(ditaus: list[Batch]) -> None:
    rule = PERFECT.model_copy(update={"pt": 30.0, "eta": 1.5})
    for batch in ditaus:
        found = batch.taus(rule)
        assert (pt_of(found) > 30).all()
        assert (np.abs(kinematics.pseudorapidity(found.px, found.py, found.pz)) < 1.5).all()
        np.testing.assert_array_equal(batch.jets.event[found.jet], found.event)
        assert len(set(found.jet)) == len(found)
        assert (batch.jets.E[found.jet] * (1 + 1e-9) >= found.E).all(), "the core is part of the jet"


def test_the_same_seed_gives_the_same_taus(ditaus: list[Batch]) -> None:
    rule = Taus()
    one, two, other = (ditaus[0].taus(rule, seed=seed) for seed in (1, 1, 2))
    assert one.jet.tolist() == two.jet.tolist() != other.jet.tolist()


@pytest.mark.parametrize(("boson", "settings", "expected", "count"), [
    (25, ["HiggsSM:gg2H = on", "25:m0 = 125"], -1 / 3, 1000),
    (23, ["WeakSingleBoson:ffbar2gmZ = on", "WeakZ0:gmZmode = 2"], 1 / 3, 250),
])  # fmt: skip
def test_spins_of_a_pair_are_correlated(boson: int, settings: list[str], expected: float, count: int) -> None:
    """Both taus to pion and neutrino: the pions share the energy alike from a vector boson, unlike from a scalar.

    A tau of helicity h gives its pion the fraction x of its energy with probability 1 +- h (2 x - 1), upper sign for
    tau-. The helicities of a pair are equal from a scalar and opposite from a vector: the correlation of both x is -1/3
    and +1/3.
    """
    quiet = ["Beams:eCM = 8000", "PartonLevel:MPI = off", "PartonLevel:ISR = off", "PartonLevel:FSR = off"]
    forced = [f"{boson}:onMode = off", f"{boson}:onIfAny = 15", "15:onMode = off", "15:onIfMatch = 16 211"]
    x = []
    for made in Generator([*quiet, *settings, *forced], seed=5).batches(count):
        decays = hadronic_decays(made)
        assert decays.event.tolist() == np.repeat(np.arange(len(made)), 2).tolist()
        rows = np.flatnonzero(made.pid == boson)
        row = rows[np.searchsorted(rows, made.offsets[1:]) - 1][decays.event]  # the last copy of each collision
        product = decays.E * made.E[row] - sum(getattr(decays, n) * getattr(made, n)[row] for n in ("px", "py", "pz"))
        mass = kinematics.mass(made.E, made.px, made.py, made.pz)[row]
        x.append(2 * product / mass**2)
    one, two = np.concatenate(x).reshape(-1, 2).T
    assert np.corrcoef(one, two)[0, 1] == pytest.approx(expected, abs=4 / np.sqrt(len(one)))
