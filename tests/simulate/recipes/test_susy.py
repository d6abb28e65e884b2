from __future__ import annotations

import numpy as np
import pytest

from kaon.data import Events
from kaon.datasets.uci_susy import FEATURES
from kaon.simulate import load_recipe, simulate
from kaon.simulate.generator import Generator
from kaon.simulate.recipes.susy import chargino_model


@pytest.fixture(scope="module")
def events() -> Events:
    recipe = load_recipe("susy").model_copy(update={"chunk_events": 500})
    return simulate(recipe, 500, seed=2)


def test_cuts_and_columns(events: Events) -> None:
    assert events.classes == ("WW", "susy")
    assert tuple(events.fields) == FEATURES
    columns = {name: np.asarray(events[name]) for name in FEATURES}
    assert all(np.isfinite(values).all() for values in columns.values())
    assert (columns["lepton1_pT"] >= columns["lepton2_pT"]).all()
    assert (columns["lepton2_pT"] >= 20).all()


def test_what_charginos_do_to_leptons_and_missing_momentum(events: Events) -> None:
    """M_T2 of W pairs ends at the mass of the W, up to resolution; neutralinos lift it, and the missing momentum."""
    susy, mt2, met = events.labels == 1, np.asarray(events["mt2"]), np.asarray(events["missing_energy_magnitude"])
    assert np.mean(mt2[~susy] < 85) > 0.97
    assert np.mean(mt2[susy] > 85) > 3 * np.mean(mt2[~susy] > 85)
    assert met[susy].mean() > 1.2 * met[~susy].mean()


def test_cross_sections_have_the_right_size(events: Events) -> None:
    """To electrons and muons 4.6% of both pairs.

    At next-to-leading order 52.4 pb for WW without gluons (arXiv:1105.0020) and about 0.8 pb for winos of 200 GeV
    (LHC SUSY group); less at leading order.
    """
    classes, part = events.provenance.settings["classes"], 0.2132**2
    assert 25 * part < classes["WW"]["cross_section"] < 52.4 * part
    assert 0.3 * part < classes["susy"]["cross_section"] < 10.0 * part


def test_every_chargino_decays_to_a_w_and_an_invisible_neutralino() -> None:
    recipe = load_recipe("susy")
    settings = [f"Beams:eCM = {recipe.energy}", *recipe.settings, *recipe.processes[1].settings]
    made = next(Generator(settings, seed=1, slha=chargino_model(300.0, 50.0)).batches(20))
    for number, mass in ((1000024, 300.0), (1000022, 50.0)):
        rows = np.flatnonzero(np.abs(made.pid) == number)
        square = made.E[rows] ** 2 - made.px[rows] ** 2 - made.py[rows] ** 2 - made.pz[rows] ** 2
        assert np.median(np.sqrt(square)) == pytest.approx(mass, rel=0.02)
        assert not made.visible[rows].any()
    final = (np.abs(made.pid) == 1000022) & (made.status > 0)
    assert final.sum() == 2 * len(made)
