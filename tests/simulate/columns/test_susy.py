from __future__ import annotations

import numpy as np
from tests.simulate.conftest import table_of

from kaon.datasets.uci_susy import FEATURES
from kaon.simulate.columns.susy import susy_columns

FIRST = {"kind": "lepton", "pt": 60.0, "eta": 0.5, "phi": 1.0, "charge": 1.0, "pid": -11}
SECOND = {"kind": "lepton", "pt": 30.0, "eta": -0.5, "phi": -1.5}
INSIDE_A_JET = {"kind": "lepton", "pt": 45.0, "isolated": False}
MET = {"kind": "met", "pt": 50.0, "phi": 2.5}


def test_names_and_order_are_those_of_the_public_file() -> None:
    assert tuple(susy_columns(table_of([FIRST, SECOND, MET]))) == FEATURES


def test_columns_by_hand() -> None:
    found = susy_columns(table_of([FIRST, MET, INSIDE_A_JET, SECOND]))
    assert found["lepton1_pT"].tolist() == [60]
    np.testing.assert_allclose(found["lepton2_pT"], 30)
    np.testing.assert_allclose([found["lepton1_eta"][0], found["lepton2_eta"][0]], [0.5, -0.5])
    np.testing.assert_allclose([found["lepton1_phi"][0], found["lepton2_phi"][0]], [1.0, -1.5])
    np.testing.assert_allclose(found["missing_energy_magnitude"], 50)
    both = np.array([60 * np.cos(1.0) + 30 * np.cos(1.5), 60 * np.sin(1.0) - 30 * np.sin(1.5)])
    missing = 50 * np.array([np.cos(2.5), np.sin(2.5)])
    np.testing.assert_allclose(found["axial_met"], both @ missing / np.hypot(*both))


def test_too_few_leptons_are_zeros_and_nothing_breaks() -> None:
    found = susy_columns(table_of([MET], [FIRST, MET], [{"kind": "met", "pt": 0.0}]))
    assert found["lepton1_pT"].tolist() == [0, 60, 0]
    assert not found["lepton2_pT"].any()
    assert all(values.shape == (3,) for values in found.values())
