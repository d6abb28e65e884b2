from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.io import read
from kaon.data.objects import KINDS
from kaon.errors import ConfigError, SimulationError
from kaon.simulate import Recipe, farm, load_recipe, simulate, simulate_to_file
from kaon.simulate.generator import Generator
from kaon.simulate.recipe import Objects
from kaon.simulate.recipes.stop_search import STOP_SEARCH, simplified_model


@pytest.fixture(scope="module")
def quick() -> Recipe:
    """Looser cuts and chunks of 100 collisions, so that a few seconds suffice."""
    loose = Objects(select="n_leptons == 1 and n_jets >= 2")
    return STOP_SEARCH.model_copy(update={"objects": loose, "chunk_events": 100})


@pytest.fixture(scope="module")
def events(quick: Recipe) -> Events:
    return simulate(quick, 120, seed=2)


def test_cuts_and_columns(events: Events) -> None:
    assert events.classes == ("ttbar", "stop")
    assert np.bincount(events.labels).tolist() == [60, 60]
    kind, pt = events["objects"]["kind"], events["objects"].pt
    for name, expected in (("n_leptons", ["lepton"]), ("n_jets", ["jet", "b-jet"]), ("n_b_jets", ["b-jet"])):
        count = sum(ak.sum(kind == KINDS.index(k), axis=1) for k in expected)
        np.testing.assert_array_equal(count, events[name])
    assert ak.all(events["n_leptons"] == 1)
    assert ak.all(events["n_jets"] >= 2)
    assert ak.all(pt[:, :-1] >= pt[:, 1:])
    assert ak.all(pt[(kind == KINDS.index("jet")) | (kind == KINDS.index("b-jet"))] >= 25)
    assert len(set(events.index)) == len(events), "a collision is one event"


def test_workers_do_not_change_a_bit_and_a_file_holds_the_same(quick: Recipe, events: Events, tmp_path: Path) -> None:
    again = read(simulate_to_file(quick, 120, tmp_path / "stops.h5", seed=2, workers=2))
    assert ak.array_equal(again.array[events.fields], events.array)
    np.testing.assert_array_equal(again.index, events.index)
    np.testing.assert_array_equal(again.labels, events.labels)


def test_stops_lose_more_momentum_than_tops(events: Events) -> None:
    """One lepton and one neutrino: mT ends at the mass of the W, up to resolution, taus and second leptons unseen."""
    stop = events.labels == 1
    met, mt = np.asarray(events["met"]), np.asarray(events["mt"])
    assert np.median(met[stop]) > 2 * np.median(met[~stop])
    assert (mt[~stop] < 100).mean() > 0.7
    assert (mt[stop] > 100).mean() > 0.3
    assert np.mean(events["n_b_jets"]) > 0.9, "two b quarks an event, of which 77% are tagged"


def test_cross_sections_have_the_right_size(events: Events) -> None:
    """At next-to-leading order and beyond 0.205 pb (stops, LHC SUSY group) and 832 pb (tops); less at leading order."""
    classes = events.provenance.settings["classes"]
    assert 0.06 < classes["stop"]["cross_section"] < 0.205
    assert 350 < classes["ttbar"]["cross_section"] < 832


def test_every_stop_decays_to_a_top_and_an_invisible_neutralino() -> None:
    settings = ["Beams:eCM = 13000", *STOP_SEARCH.settings, *STOP_SEARCH.processes[1].settings]
    made = next(Generator(settings, seed=1, slha=simplified_model(700.0, 200.0)).batches(20))
    for number, mass in ((1000006, 700.0), (1000022, 200.0)):
        rows = np.flatnonzero(np.abs(made.pid) == number)
        p = [getattr(made, n)[rows] for n in ("E", "px", "py", "pz")]
        found = np.sqrt(p[0] ** 2 - p[1] ** 2 - p[2] ** 2 - p[3] ** 2)
        assert np.median(found) == pytest.approx(mass, rel=0.01)
        assert not made.visible[rows].any()
    final = np.flatnonzero((np.abs(made.pid) == 1000022) & (made.status > 0))
    assert len(final) == 2 * len(made)


def test_a_spectrum_of_one_class_does_not_leak_into_the_next() -> None:
    settings = ["Beams:eCM = 13000", "PartonLevel:MPI = off", "Top:gg2ttbar = on"]
    before = next(Generator(settings, seed=1).batches(5))
    next(Generator(settings, seed=1, slha=simplified_model(300.0, 100.0)).batches(5))
    after = next(Generator(settings, seed=1).batches(5))
    np.testing.assert_array_equal(before.px, after.px)
    with pytest.raises(SimulationError):
        Generator(["SUSY:gg2squarkantisquark = on"], seed=1)


def test_what_does_not_go_with_whole_events_is_said(quick: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="towers knows no leptons"):
        simulate(quick, 4, detector="towers")
    with pytest.raises(ValueError, match="matching belong to recipes of jets"):
        Recipe.model_validate({**quick.settings_tree(), "processes": load_recipe("top-tagging").processes})
    text = quick.to_yaml().replace("n_jets >= 2", "n_jets >=")
    with pytest.raises(ConfigError, match="is not a recipe"):
        Recipe.from_yaml(text)
    monkeypatch.setattr(farm, "_HOPELESS", 1)
    hopeless = quick.model_copy(update={"objects": Objects(select="met > 1e5"), "chunk_events": 2})
    with pytest.raises(SimulationError, match="passes the cuts of stop-search: met > 1e5; loosen them"):
        simulate(hopeless, 2)
