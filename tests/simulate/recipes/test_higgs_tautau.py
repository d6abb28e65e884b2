from __future__ import annotations

import numpy as np
import pytest

from kaon.data import Events
from kaon.datasets.higgsml import FEATURES
from kaon.simulate import load_recipe, simulate


@pytest.fixture(scope="module")
def events() -> Events:
    """Fewer Z, each of which costs Pythia ten times an H: it needs the spins of the quarks, too."""
    recipe = load_recipe("higgs-tautau").model_copy(update={"chunk_events": 300})
    return simulate(recipe, 60, seed=2, fractions={"Z": 0.2, "H": 0.8})


def test_cuts_and_columns(events: Events) -> None:
    assert events.classes == ("Z", "H")
    assert events.fields == [name for name in FEATURES if name != "DER_mass_MMC"]
    columns = {name: np.asarray(events[name]) for name in events.fields}
    assert all(np.isfinite(values).all() for values in columns.values())
    assert (columns["PRI_lep_pt"] >= 26).all()
    assert (columns["PRI_tau_pt"] >= 20).all()
    assert (np.abs(columns["PRI_tau_eta"]) < 2.47).all()
    assert ((columns["PRI_jet_num"] == 0) == (columns["PRI_jet_leading_pt"] == -999)).all()
    jets = columns["PRI_jet_leading_pt"][columns["PRI_jet_num"] > 0]
    assert (jets >= 30).all()
    np.testing.assert_allclose(
        columns["DER_pt_ratio_lep_tau"], columns["PRI_lep_pt"] / columns["PRI_tau_pt"], rtol=1e-6
    )


def test_what_is_visible_is_lighter_than_the_boson(events: Events) -> None:
    mass, higgs = np.asarray(events["DER_mass_vis"]), events.labels == 1
    assert np.mean(mass[~higgs] < 91) > 0.8
    assert 45 < np.median(mass[~higgs]) < 80
    assert np.mean(mass[higgs] < 125) > 0.95
    assert np.median(mass[higgs]) > np.median(mass[~higgs])
