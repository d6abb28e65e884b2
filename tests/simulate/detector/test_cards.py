from __future__ import annotations

import numpy as np
import pytest

from kaon.simulate.detector.card import Card
from kaon.simulate.detector.cards import ATLAS, CARDS, CMS

ETA = np.linspace(-4.83, 4.83, 194)


@pytest.mark.parametrize("card", CARDS.values(), ids=list(CARDS))
def test_regions_join_and_mirror(card: Card) -> None:
    for calorimeter in (card.ecal, card.hcal):
        cells = calorimeter.segmentation
        for (edges, _), (following, _) in zip(cells.regions, cells.regions[1:], strict=False):
            assert edges[-1] == following[0]
        assert (np.diff(cells.edges) > 0).all()
        np.testing.assert_allclose(cells.edges, -cells.edges[::-1])
        assert (cells.columns == cells.columns[::-1]).all()
        assert cells.edges[-1] >= 4.9


@pytest.mark.parametrize("card", CARDS.values(), ids=list(CARDS))
def test_resolutions_are_positive_symmetric_and_improve_with_energy(card: Card) -> None:
    for calorimeter in (card.ecal, card.hcal):
        low, high = (calorimeter.resolution(ETA, np.full(len(ETA), energy)) for energy in (5.0, 500.0))
        assert (low > 0).all()
        assert (high / 500 < low / 5).all()
        np.testing.assert_allclose(low, low[::-1])
    for tracker in card.trackers.values():
        inside = np.abs(ETA) < 2.5
        sigma = tracker.resolution(ETA, np.full(len(ETA), 5.0))
        assert ((sigma[inside] > 0) & (sigma[inside] < 0.5)).all()


@pytest.mark.parametrize("card", CARDS.values(), ids=list(CARDS))
def test_a_hadron_leaves_all_its_energy_once(card: Card) -> None:
    pid = np.array([211, 2212, 130, 22, 11, 310, 3122, 2112])
    total = card.ecal.fraction(pid) + card.hcal.fraction(pid)
    np.testing.assert_allclose(total, 1.0)
    assert (card.ecal.fraction(np.array([13])) + card.hcal.fraction(np.array([13]))).item() == 0


def test_published_values() -> None:
    """arXiv:1307.6346 and what it rests on: field, efficiencies, stochastic and constant terms."""
    assert (ATLAS.field, CMS.field) == (2.0, 3.8)
    for card in (ATLAS, CMS):
        hadron = card.trackers["hadron"]
        np.testing.assert_array_equal(
            hadron.probability(np.array([1.0, 2.0, 1.0, 2.0]), np.array([0.5, 0.5, 5.0, 5.0])), [0.7, 0.6, 0.95, 0.85]
        )
    energy = np.array([1e6])
    central = np.array([0.3])
    assert (ATLAS.ecal.resolution(central, energy) / energy).item() == pytest.approx(0.0017, rel=0.01)
    assert (ATLAS.hcal.resolution(central, energy) / energy).item() == pytest.approx(0.0302, rel=0.01)
    assert (CMS.hcal.resolution(central, energy) / energy).item() == pytest.approx(0.05, rel=0.01)
    assert ATLAS.hcal.resolution(central, np.array([100.0])).item() == pytest.approx(
        np.sqrt(3.02**2 + 0.5205**2 * 100 + 1.59**2)
    )
