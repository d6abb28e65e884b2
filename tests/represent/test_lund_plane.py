from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.records import momenta
from kaon.errors import ConfigError, DataError, UnknownName
from kaon.extras import available
from kaon.represent.lund_plane import LundPlane
from kaon.substructure import clustering

if not available("fastjet"):
    pytest.skip("fastjet is not installed", allow_module_level=True)


def test_a_sequence_begins_with_the_whole_jet_and_is_cut_at_its_end(jets: Events) -> None:
    whole, cut = (LundPlane(n, ("log_mass", "psi")).fit_transform(jets).inputs for n in (40, 5))
    np.testing.assert_allclose(whole["features"][:, 0, 0], np.log(jets["jet_mass"]), rtol=1e-4)
    np.testing.assert_array_equal(cut["features"], whole["features"][:, :5])
    np.testing.assert_array_equal(cut["mask"], whole["mask"][:, :5])
    assert (whole["features"][~whole["mask"]] == 0).all()
    assert (np.abs(whole["features"][..., 1]) <= np.pi).all()


def test_a_turn_about_the_beam_and_a_boost_along_it_move_nothing(jets: Events) -> None:
    fitted = LundPlane().fit(jets)
    p = jets["constituents"]
    cos, sin, ch, sh = np.cos(1.3), np.sin(1.3), np.cosh(0.4), np.sinh(0.4)
    expected = fitted.transform(jets).inputs
    for other in (
        momenta(cos * p.px - sin * p.py, sin * p.px + cos * p.py, p.pz, p.E),
        momenta(p.px, p.py, ch * p.pz + sh * p.E, ch * p.E + sh * p.pz),
        p[:, ::-1],
    ):
        found = fitted.transform(jets.with_columns(constituents=other)).inputs
        np.testing.assert_allclose(found["features"], expected["features"], atol=2e-4)


def test_few_constituents_equal_ones_and_no_numbers(make_jets: Any) -> None:
    jets = make_jets(5, sizes=[0, 1, 2, 3, 80])
    arrays = LundPlane(10).fit_transform(jets).inputs
    np.testing.assert_array_equal(arrays["mask"].sum(1)[:3], [0, 0, 1])
    assert arrays["features"].shape[1] <= 10
    p = jets["constituents"]
    same = momenta(*(ak.concatenate([p[q][:, :1]] * 4, axis=1) for q in ("px", "py", "pz", "E")))
    assert np.isfinite(LundPlane().fit_transform(jets.with_columns(constituents=same)).inputs["features"]).all()
    with pytest.raises(DataError, match="NaN"):
        LundPlane().fit(jets.with_columns(constituents=momenta(p.px * np.nan, p.py, p.pz, p.E)))


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="declusterings=0"):
        LundPlane(0)
    with pytest.raises(ConfigError, match="at least one is needed"):
        LundPlane(features=())
    with pytest.raises(ConfigError, match="allowed: kt, cambridge-aachen, anti-kt"):
        LundPlane(algorithm="ca")
    with pytest.raises(UnknownName, match="log_inverse_z"):
        LundPlane(features=("log_inverse_zz",))


def test_jets_are_clustered_a_few_at_a_time(make_jets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    jets = make_jets(30, sizes=[*range(15)] * 2)
    whole = LundPlane().fit_transform(jets).inputs
    monkeypatch.setattr(clustering, "_CHUNK", 4)
    for name, values in LundPlane().fit_transform(jets).inputs.items():
        np.testing.assert_array_equal(values, whole[name])
