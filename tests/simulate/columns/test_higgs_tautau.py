from __future__ import annotations

import numpy as np
from tests.simulate.conftest import table_of

from kaon.datasets.higgsml import FEATURES
from kaon.simulate.columns.higgs_tautau import higgs_tautau_columns

TAU = {"kind": "tau", "pt": 45.0, "eta": 0.2, "phi": 0.5, "charge": 1.0, "tracks": 1}
LEPTON = {"kind": "lepton", "pt": 40.0, "eta": -0.3, "phi": -2.4}
MET = {"kind": "met", "pt": 35.0, "phi": 1.0}
JETS = [{"kind": kind, "pt": pt, "eta": eta, "phi": 2.0} for kind, pt, eta in (("jet", 80, 1.5), ("b-jet", 50, -2.0))]
SOFT = {"kind": "jet", "pt": 31.0, "eta": 0.0, "phi": -1.0}


def test_names_and_order_are_those_of_the_public_file() -> None:
    expected = [name for name in FEATURES if name != "DER_mass_MMC"]
    assert list(higgs_tautau_columns(table_of([*JETS, TAU, LEPTON, MET]))) == expected


def test_columns_by_hand() -> None:
    table = table_of(
        [*JETS, TAU, LEPTON, MET], [JETS[0], TAU, LEPTON, MET], [TAU, LEPTON, MET], [*JETS, *[SOFT] * 3, MET]
    )
    found = higgs_tautau_columns(table)
    mass = np.sqrt(2 * 45 * 40 * (np.cosh(0.5) - np.cos(2.9)))
    np.testing.assert_allclose(found["DER_mass_vis"][:3], mass)
    np.testing.assert_allclose(found["DER_deltaeta_jet_jet"], [3.5, -999, -999, 3.5])
    assert found["PRI_jet_num"].tolist() == [2, 1, 0, 3], "more than three count as three"
    np.testing.assert_allclose(found["PRI_jet_leading_pt"], [80, 80, -999, 80])
    np.testing.assert_allclose(found["PRI_jet_subleading_eta"], [-2, -999, -999, -2])
    np.testing.assert_allclose(found["PRI_jet_all_pt"], [130, 80, 0, 223])
    np.testing.assert_allclose(found["DER_sum_pt"], [215, 165, 85, 223])
    assert found["PRI_tau_pt"].round(6).tolist() == [45, 45, 45, 0]
    np.testing.assert_allclose(found["PRI_met"], 35)
    assert all(np.isfinite(values).all() for values in found.values())
