from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest
import torch

from kaon.data import Events
from kaon.errors import ConfigError, DataError
from kaon.represent import energy_flow
from kaon.represent.energy_flow import EnergyFlow
from kaon.substructure.energy_flow import EnergyFlowPolynomials


def test_features_are_the_polynomials_of_their_names(jets: Events) -> None:
    few = jets.take(slice(0, 7))
    made = EnergyFlow(max_edges=4, beta=0.8)
    batch = made.fit_transform(few)
    names = made.spec["features"].features
    assert batch.inputs["features"].shape == (7, len(names)) == (7, 36)
    column = names.index("efp_01_01_02")
    for row, p in enumerate(few["constituents"]):
        y = np.arctanh(np.asarray(p.pz / p.E))
        particles = np.stack([np.asarray(p.pt), y, np.asarray(p.phi)], axis=1)
        expected = EnergyFlowPolynomials([[(0, 1), (0, 1), (0, 2)]], beta=0.8)(torch.from_numpy(particles)[None])
        assert batch.inputs["features"][row, column] == pytest.approx(float(expected), rel=1e-5)


def test_there_are_a_thousand_by_default(jets: Events) -> None:
    batch = EnergyFlow().fit_transform(jets.take(slice(0, 3)))
    assert batch.inputs["features"].shape == (3, 1000)
    np.testing.assert_allclose(batch.inputs["features"][:, 0], 1, rtol=1e-6)


def test_only_the_hardest_constituents_are_kept(jets: Events) -> None:
    cut = jets.with_columns(constituents=jets["constituents"][:, :4])
    few, all_of_few = EnergyFlow(max_edges=3, constituents=4), EnergyFlow(max_edges=3)
    np.testing.assert_array_equal(
        few.fit_transform(jets).inputs["features"], all_of_few.fit_transform(cut).inputs["features"]
    )


def test_small_polynomials_are_standardised_and_constants_are_not(jets: Events) -> None:
    narrow = jets.with_columns(constituents=ak.with_field(jets["constituents"], jets["constituents"].pz * 1e-3, "pz"))
    made = EnergyFlow(max_edges=6, beta=2)
    features = made.fit_transform(narrow).inputs["features"]
    item = made.spec["features"]
    standard = (features - np.array(item.shift)) * np.array(item.scale)
    assert item.scale[0] == 1, "the trivial polynomial is constant"
    assert features[:, 1:].std(0).min() < 1e-6
    np.testing.assert_allclose(standard[:, 1:].std(0), 1, rtol=1e-3)


def test_logarithms_of_nothing_are_finite(make_jets: Any) -> None:
    few = make_jets(3, sizes=[0, 1, 9])
    plain = EnergyFlow(max_edges=3).fit_transform(few).inputs["features"]
    logs = EnergyFlow(max_edges=3, log=True).fit_transform(few).inputs["features"]
    np.testing.assert_allclose(logs, np.log(np.maximum(plain, 1e-12)), rtol=1e-6)
    np.testing.assert_array_equal(plain[:2, 1:], 0)
    np.testing.assert_allclose(plain[:, 0], [0, 1, 1], rtol=1e-6)


def test_constituents_without_number_are_refused(jets: Events) -> None:
    p = jets["constituents"]
    broken = jets.with_columns(constituents=ak.with_field(p, ak.where(p.px == p.px[5, 0], np.nan, p.px), "px"))
    with pytest.raises(DataError, match="first at row 5"):
        EnergyFlow(max_edges=2).fit(broken)


@pytest.mark.parametrize("options", [{"constituents": 0}, {"max_edges": -1}, {"beta": 0.0}, {"kappa": 0.0}])
def test_options_without_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="needed: max_edges"):
        EnergyFlow(**options)


def test_jets_are_padded_a_few_at_a_time(make_jets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    jets = make_jets(30, sizes=[*range(15)] * 2)
    whole = EnergyFlow(max_edges=3).fit_transform(jets).inputs["features"]
    monkeypatch.setattr(energy_flow, "_SLICE", 4)
    np.testing.assert_allclose(EnergyFlow(max_edges=3).fit_transform(jets).inputs["features"], whole, rtol=1e-5)
