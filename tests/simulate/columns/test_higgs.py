from __future__ import annotations

from typing import Any

import numpy as np
from tests.simulate.conftest import table_of

from kaon.datasets.uci_higgs import FEATURES
from kaon.observables.higgs import W_MASS
from kaon.simulate.columns.higgs import higgs_columns

JETS: list[dict[str, Any]] = [
    {"kind": kind, "pt": pt, "eta": 0.3 * i - 0.5, "phi": 1.3 * i - 2.0}
    for i, (kind, pt) in enumerate((("jet", 90.0), ("b-jet", 80.0), ("jet", 70.0), ("b-jet", 60.0), ("b-jet", 30.0)))
]
LEPTON = {"kind": "lepton", "pt": 50.0, "eta": 0.4, "phi": 1.0}
MET = {"kind": "met", "pt": 40.0, "phi": -2.0}
INSIDE_A_JET = {"kind": "lepton", "pt": 95.0, "isolated": False}


def test_names_and_order_are_those_of_the_public_file() -> None:
    assert tuple(higgs_columns(table_of([*JETS[:4], LEPTON, MET]))) == FEATURES


def test_columns_by_hand() -> None:
    found = higgs_columns(table_of([INSIDE_A_JET, *JETS[:4], LEPTON, MET, JETS[4]], [MET]))
    assert [found[f"jet{i}_pt"][0] for i in (1, 2, 3, 4)] == [90, 80, 70, 60]
    assert [found[f"jet{i}_btag"][0] for i in (1, 2, 3, 4)] == [0, 1, 0, 1]
    np.testing.assert_allclose([found[f"lepton_{name}"][0] for name in ("pT", "eta", "phi")], [50, 0.4, 1.0])
    np.testing.assert_allclose(found["missing_energy_magnitude"], 40)
    np.testing.assert_allclose(found["missing_energy_phi"], -2)
    for name, (a, b) in {"m_jj": (0, 2), "m_bb": (1, 3)}.items():  # massless: 2 pT pT (cosh deta - cos dphi)
        one, two = JETS[a], JETS[b]
        angle = np.cosh(one["eta"] - two["eta"]) - np.cos(one["phi"] - two["phi"])
        np.testing.assert_allclose(found[name][0], np.sqrt(2 * one["pt"] * two["pt"] * angle))
    transverse = np.sqrt(2 * 50 * 40 * (1 - np.cos(3.0)))
    np.testing.assert_allclose(found["m_lv"][0], max(W_MASS, transverse))


def test_an_event_without_anything_has_zeros() -> None:
    found = higgs_columns(table_of([{"kind": "met", "pt": 0.0}]))
    assert all(np.isfinite(values).all() for values in found.values())
    assert not any(found[name].any() for name in FEATURES[:21])
