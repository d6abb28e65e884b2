from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.data import Events
from kaon.datasets.uci_higgs import FEATURES
from kaon.simulate import load_recipe, simulate
from kaon.simulate.generator import Generator
from kaon.simulate.truth import daughters


@pytest.fixture(scope="module")
def events() -> Events:
    recipe = load_recipe("higgs").model_copy(update={"chunk_events": 400})
    return simulate(recipe, 320, seed=2)


def peak(values: NDArray[np.float64], edges: NDArray[np.float64]) -> float:
    """Middle of the fullest bin."""
    counts, _ = np.histogram(values, edges)
    return float((edges[counts.argmax()] + edges[counts.argmax() + 1]) / 2)


def test_cuts_and_columns(events: Events) -> None:
    assert events.classes == ("ttbar", "higgs")
    assert tuple(events.fields) == FEATURES
    columns = {name: np.asarray(events[name]) for name in FEATURES}
    assert all(np.isfinite(values).all() for values in columns.values())
    assert (columns["lepton_pT"] >= 20).all()
    assert (np.abs(columns["lepton_eta"]) < 2.5).all()
    assert (columns["jet4_pt"] >= 20).all()
    tags = sum(columns[f"jet{i}_btag"] for i in (1, 2, 3, 4))
    assert np.mean(tags >= 2) > 0.8, "others have a tag on a softer jet"
    assert columns["jet1_btag"].max() == 1


def test_masses_are_where_the_particles_are(events: Events) -> None:
    """Neutrinos of b decays and radiation out of narrow jets take some per cent away."""
    signal = events.labels == 1
    columns = {name: np.asarray(events[name]) for name in FEATURES}
    for name, mass, step in (("m_bb", 125, 20.0), ("m_wbb", 325, 50.0), ("m_wwbb", 425, 50.0)):
        found = peak(columns[name][signal], np.arange(0, 2.5 * mass, step))
        assert 0.82 * mass < found < 1.08 * mass, name
    for chosen in (signal, ~signal):
        assert 65 < peak(columns["m_jj"][chosen], np.arange(0, 200, 15.0)) < 95
    for name in ("m_jjj", "m_jlv"):
        assert 140 < peak(columns[name][~signal], np.arange(0, 400, 25.0)) < 200
    near = [np.mean(np.abs(columns["m_bb"][chosen] - 110) < 25) for chosen in (signal, ~signal)]
    assert near[0] > 1.4 * near[1]


def test_exactly_one_w_decays_to_a_lepton_and_it_has_either_charge() -> None:
    recipe = load_recipe("higgs")
    for process in recipe.processes:
        charges = []
        for way in process.alternatives:
            settings = [f"Beams:eCM = {recipe.energy}", *recipe.settings, *process.settings, *way]
            made = next(Generator(settings, seed=1).batches(20))
            w = np.flatnonzero((np.abs(made.pid) == 24) & (made.daughter1 > 0))
            owner, products = daughters(made, w)
            leptons = np.bincount(owner[np.isin(np.abs(made.pid[products]), (11, 13))], minlength=len(w)) > 0
            event = np.searchsorted(made.offsets, w, side="right") - 1
            assert np.bincount(event[leptons], minlength=20).tolist() == [1] * 20
            charges += np.sign(made.pid[w[leptons]]).tolist()
        assert sum(charges) == 0


def test_the_new_particles_have_their_masses() -> None:
    recipe = load_recipe("higgs")
    process = recipe.processes[1]
    settings = [f"Beams:eCM = {recipe.energy}", *recipe.settings, *process.settings, *process.alternatives[0]]
    made = next(Generator(settings, seed=1).batches(50))
    for number, mass in ((35, 425.0), (37, 325.0), (25, 125.0)):
        rows = np.flatnonzero(np.abs(made.pid) == number)
        square = made.E[rows] ** 2 - made.px[rows] ** 2 - made.py[rows] ** 2 - made.pz[rows] ** 2
        assert np.median(np.sqrt(square)) == pytest.approx(mass, rel=0.01)


def test_workers_do_not_change_a_bit() -> None:
    recipe = load_recipe("higgs").model_copy(update={"chunk_events": 20})
    one, two = (simulate(recipe, 8, seed=7, workers=workers) for workers in (1, 2))
    assert one.array.tolist() == two.array.tolist()
    assert one.index.tolist() == two.index.tolist()
