from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.simulate import load_recipe, simulate

SIZE = 800


@pytest.fixture(scope="module")
def events() -> Events:
    return simulate("top-tagging", SIZE, seed=11, workers=2)


def test_windows_of_the_reference_sample(events: Events) -> None:
    pt, eta = np.asarray(events["jet_pt"]), np.asarray(events["jet_eta"])
    assert ((pt >= 550) & (pt < 650)).all()
    assert (np.abs(eta) < 2).all()
    assert ak.max(ak.num(events["constituents"])) <= 200
    assert events.classes == ("qcd", "top")


def test_a_top_jet_has_its_top_nearby_and_most_of_its_energy(events: Events) -> None:
    top = events.labels == 1
    parton, jet = events["parton"][top], events["jet"][top]
    assert ak.all(parton.deltaR(jet) < 0.8)
    assert 0.9 < np.median(np.asarray(jet.pt / parton.pt)) < 1.1
    assert np.mean(np.asarray(abs(parton.mass - 172.5)) < 10) > 0.9


def test_a_top_jet_weighs_as_much_as_a_top(events: Events) -> None:
    mass = np.asarray(events["jet_mass"])
    top = events.labels == 1
    assert 160 < np.median(mass[top]) < 185
    assert np.median(mass[~top]) < 100
    window = (mass > 140) & (mass < 210)
    assert window[top].mean() > 4 * window[~top].mean()


def test_constituents_per_jet_are_those_of_the_reference_sample(events: Events) -> None:
    """49.2 in the public data (both classes): Kasieczka et al., arXiv:1902.09914, Zenodo 2603256."""
    count = np.asarray(events["jet_constituents"], float)
    assert count.mean() == pytest.approx(49.2, abs=3 + 2 * count.std() / np.sqrt(SIZE))  # found: 46.7 with many jets
    assert count[events.labels == 1].mean() > count[events.labels == 0].mean() + 8


def test_without_detector_there_are_more() -> None:
    """About 60 and 75 at particle level: dijets with charged and neutral particles of any momentum."""
    bare = simulate("top-tagging", 100, seed=3, detector="none")
    count = np.asarray(bare["jet_constituents"], float)
    for number, expected in enumerate((60, 75)):
        mine = count[bare.labels == number]
        assert mine.mean() == pytest.approx(expected, abs=4 * mine.std() / np.sqrt(len(mine)))


def test_cross_sections_have_the_right_size(events: Events) -> None:
    """Top pairs with 500 < pT-hat < 750 GeV are about a thousand times rarer than dijets."""
    classes = events.provenance.settings["classes"]
    qcd, top = (classes[name]["cross_section"] for name in ("qcd", "top"))
    assert 300 < qcd / top < 3000
    assert all(0 < v["cross_section_error"] < 0.05 * v["cross_section"] for v in classes.values())


def test_vincia_makes_top_jets_too() -> None:
    recipe = load_recipe("top-tagging").model_copy(update={"chunk_events": 20})
    events = simulate(recipe, 4, seed=1, shower="vincia", detector="none")
    assert events.provenance.settings["recipe"]["shower"] == "vincia"
    assert len(events) == 4
