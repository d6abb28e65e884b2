from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaon.simulate.detector.card import Calorimeter, Segmentation, Tracker

CELLS = Segmentation((((-2.0, -1.0, 0.0), 4), ((0.0, 0.5, 1.0), 8)))


def test_cells_are_numbered_without_gaps() -> None:
    assert CELLS.cells == 2 * 4 + 2 * 8
    eta, phi = CELLS.place(np.arange(CELLS.cells), 0.5, 0.5)
    np.testing.assert_array_equal(CELLS.cell(eta, phi), np.arange(CELLS.cells))


@given(eta=st.floats(-3, 3), phi=st.floats(-np.pi, np.pi))
def test_a_direction_is_in_the_cell_whose_edges_bracket_it(eta: float, phi: float) -> None:
    number = CELLS.cell(np.array([eta]), np.array([phi]))
    if not -2.0 <= eta < 1.0:
        assert number.item() == -1
        return
    (low_eta,), (low_phi,) = CELLS.place(number, 0.0, 0.0)
    (high_eta,), (high_phi,) = CELLS.place(number, 1.0, 1.0)
    assert low_eta <= eta <= high_eta
    assert low_phi - 1e-9 <= phi <= high_phi + 1e-9 or phi == pytest.approx(np.pi)


def test_energy_is_left_by_species() -> None:
    calorimeter = Calorimeter(CELLS, lambda eta, E: E, {22: 1.0, 310: 0.3}, 0.1, 0.5, 1.0, 22)
    np.testing.assert_array_equal(calorimeter.fraction(np.array([22, -310, 310, 211])), [1.0, 0.3, 0.3, 0.1])


def test_tracks_are_found_inside_acceptance_only() -> None:
    tracker = Tracker((0.0, 1.5, 2.5), (0.1, 1.0), ((0.7, 0.95), (0.6, 0.85)), lambda eta, pt: 0 * pt)
    eta = np.array([0.0, 1.0, -1.0, 2.0, -2.0, 2.6, 0.0])
    pt = np.array([0.5, 1.0, 5.0, 0.5, 90.0, 50.0, 0.1])
    np.testing.assert_array_equal(tracker.probability(eta, pt), [0.7, 0.7, 0.95, 0.6, 0.85, 0.0, 0.0])
