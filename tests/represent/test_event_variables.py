from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.objects import KINDS
from kaon.data.records import momenta
from kaon.datasets import higgsml, uci_higgs, uci_susy
from kaon.errors import BundleError, ConfigError, DataError
from kaon.observables.higgs import higgs_masses
from kaon.observables.momenta import four_momentum
from kaon.registry import lookup
from kaon.represent.event_variables import LEVELS, EventVariables


def events_of(*events: list[tuple[str, float, float, float]]) -> Events:
    """Events of massless objects (kind, pT, eta, phi)."""
    counts = [len(objects) for objects in events]
    rows = [row for objects in events for row in objects]
    p = four_momentum(*np.array([row[1:] for row in rows]).T)
    columns = {name: ak.unflatten(p[:, i], counts) for i, name in enumerate(("E", "px", "py", "pz"))}
    kind = ak.unflatten(np.array([KINDS.index(row[0]) for row in rows]), counts)
    return Events(ak.Array({"objects": momenta(**columns, kind=kind)}))


def features(events: Events, variables: str, level: str = "all") -> dict[str, Any]:
    made = EventVariables(variables, level)
    batch = made.fit_transform(events)
    names = made.spec["features"].features
    return dict(zip(names, batch.inputs["features"].T, strict=True))


SEMILEPTONIC = [
    ("jet", 30.0, 0.1, 2.0),  # not in order
    ("b-jet", 90.0, -0.5, 0.3),
    ("lepton", 25.0, 0.2, -2.0),
    ("lepton", 55.0, 1.2, 1.0),
    ("met", 40.0, 0.0, -1.0),
    ("jet", 60.0, 0.7, -2.5),
    ("b-jet", 45.0, 1.5, 3.0),
    ("jet", 20.0, -2.0, 0.0),
    ("photon", 300.0, 0.0, 0.0),
]


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ("higgs", uci_higgs.FEATURES),
        ("susy", uci_susy.FEATURES),
        ("higgsml", (*higgsml.LOW_LEVEL, *higgsml.HIGH_LEVEL[1:])),
    ],
)
def test_names_are_those_of_the_public_data_sets(variables: str, names: tuple[str, ...]) -> None:
    events = events_of(SEMILEPTONIC, [("tau", 30.0, 1.0, 1.0)])
    low, high, both = (features(events, variables, level) for level in LEVELS)
    assert tuple(both) == names
    assert both.keys() == low.keys() | high.keys()
    assert not low.keys() & high.keys()
    for name, values in both.items():
        np.testing.assert_array_equal(values, (low | high)[name])


def test_the_hardest_objects_are_taken_whatever_their_order() -> None:
    found = features(events_of(SEMILEPTONIC, SEMILEPTONIC[::-1]), "higgs")
    wanted = {
        "lepton_pT": 55,
        "lepton_eta": 1.2,
        "lepton_phi": 1,
        "missing_energy_magnitude": 40,
        "missing_energy_phi": -1,
        "jet1_pt": 90,
        "jet2_pt": 60,
        "jet3_pt": 45,
        "jet4_pt": 30,
        "jet4_phi": 2,
        "jet1_btag": 1,
        "jet2_btag": 0,
        "jet3_btag": 1,
        "jet4_btag": 0,
    }
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-6, err_msg=name)
    jets = np.stack([four_momentum(*row[1:]) for row in (SEMILEPTONIC[i] for i in (1, 5, 6, 0))])
    masses = higgs_masses(
        four_momentum([55.0], [1.2], [1.0]),
        [[40 * np.cos(-1), 40 * np.sin(-1)]],
        jets[None],
        [[1, 0, 1, 0]],
    )
    for name, values in masses.items():
        np.testing.assert_allclose(found[name], values[0], rtol=1e-5, err_msg=name)


def test_leptons_of_susy_and_objects_of_higgsml() -> None:
    both = features(events_of(SEMILEPTONIC), "susy")
    assert (both["lepton1_pT"][0], both["lepton2_pT"][0]) == pytest.approx((55, 25))
    event = [*SEMILEPTONIC, ("tau", 33.0, -0.4, 2.2), ("tau", 11.0, 0.4, 2.2)]
    found = features(events_of(event), "higgsml")
    assert found["PRI_tau_pt"][0] == pytest.approx(33)
    assert found["PRI_jet_num"][0] == 3
    assert found["PRI_jet_all_pt"][0] == pytest.approx(90 + 60 + 45 + 30 + 20)
    assert found["PRI_met_sumet"][0] == pytest.approx(sum(row[1] for row in event) - 40)
    assert found["DER_sum_pt"][0] == pytest.approx(33 + 55 + 245)
    assert found["DER_deltaeta_jet_jet"][0] == pytest.approx(1.2)


@pytest.mark.parametrize("variables", ["higgs", "susy", "higgsml"])
def test_events_without_objects_are_zeros_and_undefined_is_zero(variables: str) -> None:
    found = features(events_of(SEMILEPTONIC, [("photon", 10.0, 0.0, 0.0)]), variables)
    empty = {name: values[1] for name, values in found.items()}
    assert all(np.isfinite(value) for value in empty.values())
    # of nothing, the neutrino solution still has a mass of zero
    assert {name for name, value in empty.items() if value} <= {"PRI_met_sumet"}


@pytest.mark.parametrize("name", ["higgs_variables", "susy_variables", "higgsml_variables"])
def test_the_registered_ones_come_back_from_their_state(name: str) -> None:
    events = events_of(SEMILEPTONIC, SEMILEPTONIC[:5])
    made = lookup("kaon.represent", name)(level="high").fit(events)
    again = EventVariables.from_state(made.state())
    np.testing.assert_array_equal(again.transform(events).inputs["features"], made.transform(events).inputs["features"])
    with pytest.raises(BundleError):
        EventVariables.from_state({"options": {"variable": "x"}, "spec": {}})


def test_options_and_objects_that_make_no_sense() -> None:
    with pytest.raises(ConfigError, match="allowed: higgs, susy, higgsml"):
        EventVariables("top")
    with pytest.raises(ConfigError, match="low, high, all"):
        EventVariables(level="middle")
    events = events_of(SEMILEPTONIC)
    bare = Events(ak.Array({"objects": events["objects"][["px", "py", "pz", "E"]]}))
    with pytest.raises(DataError, match="'kind'"):
        EventVariables().fit(bare)
    odd = ak.with_field(events["objects"], events["objects"]["kind"] + 3, "kind")
    with pytest.raises(DataError, match="allowed are 0 to"):
        EventVariables().fit(Events(ak.Array({"objects": odd})))
