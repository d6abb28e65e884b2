from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.simulate import load_recipe, simulate


@pytest.fixture(scope="module")
def signal() -> Events:
    """W jets without the mass window, so that the peak is not made by it."""
    recipe = load_recipe("w-tagging")
    recipe = recipe.model_copy(update={"jets": recipe.jets.model_copy(update={"mass": None}), "chunk_events": 200})
    return simulate(recipe, 100, seed=2, fractions={"w": 1.0})


def test_the_w_is_a_peak_in_the_mass(signal: Events) -> None:
    mass = np.asarray(signal["jet_mass"])
    peak = (mass > 65) & (mass < 95)
    assert peak.mean() > 0.75  # all decay products are inside
    core = mass[peak]
    assert np.median(core) == pytest.approx(80.4, abs=4 * core.std() / np.sqrt(len(core)))


def test_the_parton_is_the_w(signal: Events) -> None:
    parton, jet = signal["parton"], signal["jet"]
    assert np.median(np.asarray(parton.mass)) == pytest.approx(80.4, abs=1)
    assert (np.asarray(parton.deltaR(jet)) < 1.0).all()


def test_jets_are_towers_in_the_windows_of_the_paper() -> None:
    recipe = load_recipe("w-tagging").model_copy(update={"chunk_events": 150})
    events = simulate(recipe, 8, seed=2, workers=2)
    pt, mass = np.asarray(events["jet_pt"]), np.asarray(events["jet_mass"])
    assert ((pt >= 250) & (pt < 300) & (mass >= 65) & (mass < 95)).all()
    parts = ak.flatten(events["constituents"])
    column = (np.asarray(parts.phi, float) + np.pi) / (2 * np.pi) * 63 - 0.5
    np.testing.assert_allclose(column, column.round(), atol=1e-3)  # middles of cells
    assert np.bincount(events.labels).tolist() == [4, 4]
