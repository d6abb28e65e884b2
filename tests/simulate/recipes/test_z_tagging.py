from __future__ import annotations

import numpy as np
import pytest

from kaon.data import Events
from kaon.simulate import load_recipe, simulate


@pytest.fixture(scope="module")
def events() -> Events:
    recipe = load_recipe("z-tagging").model_copy(update={"chunk_events": 150})
    return simulate(recipe, 200, seed=2, workers=2)


def test_windows(events: Events) -> None:
    assert (np.asarray(events["jet_pt"]) >= 500).all()
    assert (np.abs(np.asarray(events["jet_eta"])) < 2.5).all()
    assert events.classes == ("qcd", "z")


def test_the_z_is_a_peak_in_the_mass(events: Events) -> None:
    """Radiation from elsewhere, multiple interactions included, adds to the Z: the peak is at or above 91.2 GeV."""
    mass, z = np.asarray(events["jet_mass"]), events.labels == 1
    window = (mass > 80) & (mass < 115)
    assert window[z].mean() > 0.6
    assert window[z].mean() > 2.5 * window[~z].mean()
    histogram, edges = np.histogram(mass[z], bins=np.arange(40, 160, 8.0))
    assert 88 <= edges[histogram.argmax()] + 4 <= 104


def test_the_parton_is_the_z(events: Events) -> None:
    z = events.labels == 1
    parton = events["parton"][z]
    assert np.median(np.asarray(parton.mass)) == pytest.approx(91.2, abs=1)
    assert (np.asarray(parton.deltaR(events["jet"][z])) < 0.8).all()
