from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.simulate.conftest import table_of

from kaon.simulate.columns.ztautau import ztautau_columns


def met(pt: float, phi: float = 0.0) -> dict[str, Any]:
    return {"kind": "met", "pt": pt, "eta": 0.0, "phi": phi}


def muon(pt: float, phi: float, charge: float = -1.0, *, isolated: bool = True, pid: int = 13) -> dict[str, Any]:
    own = {"charge": charge, "pid": pid, "isolated": isolated}
    return {"kind": "lepton", "pt": pt, "eta": 0.5, "phi": phi, **own}


def tau(pt: float, phi: float, charge: float = 1.0, tracks: int = 1, pi0s: int = 0) -> dict[str, Any]:
    return {"kind": "tau", "pt": pt, "eta": -0.5, "phi": phi, "charge": charge, "tracks": tracks, "pi0s": pi0s}


EVENTS = (
    [muon(40, 1.0), tau(30, -2.0, pi0s=2), met(20)],
    [
        muon(50, 0.0, isolated=False),
        tau(45, 2.0, charge=0, tracks=2),
        muon(40, 1.0, pid=-11, charge=1),
        met(10),
        tau(8, 3),
    ],
    [tau(60, 0.0, -1), muon(50, 3.0), muon(40, 2.0, isolated=True), met(30)],
    [muon(30, 0.0, isolated=False), met(1)],
    [met(5, 1.0)],
)


def columns() -> dict[str, NDArray[Any]]:
    return {name: np.asarray(values) for name, values in ztautau_columns(table_of(*EVENTS)).items()}


@pytest.mark.parametrize(("name", "expected"), [
    ("is_mu", [1, 0, 1, 1, 0]),
    ("is_el", [0, 1, 0, 0, 0]),
    ("is_isoLep", [1, 1, 1, 0, 0]),
    ("lep_pt", [40, 40, 50, 30, 0]),
    ("lep_eta", [0.5, 0.5, 0.5, 0.5, 0]),
    ("is_dilepVeto", [1, 1, 0, 1, 1]),
    ("is_tau", [1, 1, 1, 0, 0]),
    ("tau_et", [30, 8, 60, 0, 0]),
    ("tau_eta", [-0.5, -0.5, -0.5, 0, 0]),
    ("tau_numTrack", [1, 1, 1, 0, 0]),
    ("tau_pi0_n", [2, 0, 0, 0, 0]),
    ("is_conf_lep_veto", [1, 1, 1, 0, 0]),
    ("lep_charge", [-1, 1, -1, -1, 0]),
    ("tau_charge", [1, 1, -1, 0, 0]),
    ("is_oppositeSign", [1, 0, 0, 0, 0]),
    ("met_et", [20, 10, 30, 1, 5]),
    ("met_phi", [0, 0, 0, 0, 1]),
    ("dPhiSum", [3, 4, 3, 0, 0]),
])  # fmt: skip
def test_columns_by_hand(name: str, expected: list[float]) -> None:
    np.testing.assert_allclose(columns()[name], expected, atol=1e-9)


def test_masses_and_angles_by_their_formulas() -> None:
    """Massless: m_vis^2 = 2 pT1 pT2 (cosh deta - cos dphi); mT^2 = 2 pT met (1 - cos dphi)."""
    made = columns()
    mt = [2 * 40 * 20 * (1 - np.cos(1)), 2 * 40 * 10 * (1 - np.cos(1)), 2 * 50 * 30 * (1 - np.cos(3)), 0, 0]
    np.testing.assert_allclose(made["transverseMass"], np.sqrt(mt), atol=1e-6)
    visible = [2 * 40 * 30 * (np.cosh(1) - np.cos(3)), 2 * 40 * 8 * (np.cosh(1) - np.cos(2))]
    np.testing.assert_allclose(made["vis_mass"], [*np.sqrt(visible), np.sqrt(6000 * (np.cosh(1) - np.cos(3))), 0, 0])
    cosines = [np.cos(1) + np.cos(2), np.cos(1) + np.cos(3), np.cos(3) + 1, 0, 0]
    np.testing.assert_allclose(made["sum_cos_dphi"], cosines, atol=1e-9)


def test_every_number_is_finite_and_every_column_has_one_an_event() -> None:
    for name, values in columns().items():
        assert values.shape == (len(EVENTS),), name
        assert np.isfinite(values).all(), name
