from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.simulate.conftest import table_of

from kaon.data.objects import KINDS
from kaon.simulate.columns.event import event_columns


def thing(kind: str, pt: float, eta: float, phi: float) -> dict[str, Any]:
    return {"kind": kind, "pt": pt, "eta": eta, "phi": phi}


EVENTS = (
    [
        thing("met", 100.0, 0.0, 0.0),
        thing("jet", 80.0, 1.0, 3.0),
        thing("b-jet", 60.0, 0.5, 2.0),
        thing("lepton", 40.0, -0.5, 1.5),
    ],
    [thing("jet", 50.0 - i, 0.1 * i, -3.0 + i) for i in range(6)] + [thing("met", 1.0, 0.0, 0.5)],
    [thing("met", 0.0, 0.0, 0.0)],
    [
        thing("lepton", 30.0, 0.0, 1.0),
        thing("b-jet", 29.0, 0.0, 1.0),
        thing("photon", 25.0, 0.0, 2.0),
        thing("met", 20.0, 0.0, 1.0),
    ],
)


def column(name: str) -> NDArray[Any]:
    return np.asarray(event_columns(table_of(*EVENTS))[name])


@pytest.mark.parametrize(("name", "expected"), [
    ("n_leptons", [1, 0, 0, 1]),
    ("n_photons", [0, 0, 0, 1]),
    ("n_jets", [2, 6, 0, 1]),
    ("n_b_jets", [1, 0, 0, 1]),
    ("met", [100, 1, 0, 20]),
    ("ht", [140, 285, 0, 29]),
    ("m_eff", [280, 286, 0, 79]),
    ("lepton_pt", [40, 0, 0, 30]),
    ("lepton_eta", [-0.5, 0, 0, 0]),
    ("jet1_pt", [80, 50, 0, 29]),
    ("jet2_pt", [60, 49, 0, 0]),
    ("jet4_pt", [0, 47, 0, 0]),
    ("b_jet_pt", [60, 0, 0, 29]),
    ("dphi_min", [2.0, 0.5, np.pi, 0.0]),
])  # fmt: skip
def test_columns_by_hand(name: str, expected: list[float]) -> None:
    np.testing.assert_allclose(column(name), expected, atol=1e-9)


def test_masses_by_their_formulas() -> None:
    """Massless: m^2 = 2 pT1 pT2 (cosh deta - cos dphi); mT^2 = 2 pT met (1 - cos dphi)."""
    np.testing.assert_allclose(column("mt"), [np.sqrt(2 * 40 * 100 * (1 - np.cos(1.5))), 0, 0, 0], atol=1e-5)
    pair = np.sqrt(2 * 60 * 40 * (np.cosh(1.0) - np.cos(0.5)))
    np.testing.assert_allclose(column("m_b_lepton"), [pair, 0, 0, 0], atol=1e-4)


def test_objects_are_listed_event_by_event() -> None:
    objects = event_columns(table_of(*EVENTS))["objects"]
    assert ak.num(objects).tolist() == [4, 7, 1, 4]
    assert [KINDS[k] for k in objects["kind"][3]] == ["lepton", "b-jet", "photon", "met"]
    assert objects["charge"][0].tolist() == [0, 0, 0, -1]
