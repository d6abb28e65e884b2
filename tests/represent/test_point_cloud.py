from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.data import Events
from kaon.data.records import momenta
from kaon.errors import ConfigError, UnknownName
from kaon.registry import lookup
from kaon.represent.point_cloud import FEATURES, SEVEN, PointCloud, point_features

ALL = tuple(FEATURES)


def expected(p: Any) -> dict[str, Any]:
    """The formulas once more, on `vector`'s records and awkward's sums."""
    jet = ak.zip({name: ak.sum(p[name], axis=1) for name in ("px", "py", "pz", "E")}, with_name="Momentum4D")
    deta, dphi = p.eta - jet.eta, p.deltaphi(jet)
    return {
        "log_pt": np.log(p.pt),
        "log_e": np.log(p.E),
        "log_pt_fraction": np.log(p.pt / jet.pt),
        "log_e_fraction": np.log(p.E / jet.E),
        "dr": np.sqrt(deta**2 + dphi**2),
        "deta": deta,
        "dphi": dphi,
        "z": p.pt / ak.sum(p.pt, axis=1),
    }


def test_agrees_with_the_formulas_on_another_library(jets: Events) -> None:
    found = point_features(jets["constituents"], ALL)
    formulas = expected(jets["constituents"])
    for column, name in zip(found.T, ALL, strict=True):
        np.testing.assert_allclose(column, ak.to_numpy(ak.flatten(formulas[name])), rtol=1e-5, atol=2e-6, err_msg=name)


def test_angles_are_small_across_the_seam() -> None:
    phi = np.array([np.pi - 0.1, -np.pi + 0.1])
    p = momenta(*(ak.Array([v]) for v in (10 * np.cos(phi), 10 * np.sin(phi), np.zeros(2), np.full(2, 10.0))))
    found = point_features(p, ("dphi", "dr"))
    np.testing.assert_allclose(found, [[-0.1, 0.1], [0.1, 0.1]], atol=1e-6)


def test_everything_but_the_absolute_scale_is_relative_to_the_jet(jets: Events) -> None:
    p = jets["constituents"]
    relative = tuple(name for name in ALL if name not in ("log_pt", "log_e"))
    cos, sin = 3 * np.cos(2.0), 3 * np.sin(2.0)
    turned = momenta(cos * p.px - sin * p.py, sin * p.px + cos * p.py, 3 * p.pz, 3 * p.E)
    np.testing.assert_allclose(point_features(turned, relative), point_features(p, relative), atol=2e-5)
    np.testing.assert_allclose(
        point_features(turned, ("log_pt", "log_e")) - point_features(p, ("log_pt", "log_e")), np.log(3), atol=1e-5
    )


def test_outward_a_mirrored_jet_is_the_same(jets: Events) -> None:
    p = jets["constituents"]
    mirrored = momenta(p.px, p.py, -p.pz, p.E)
    np.testing.assert_allclose(point_features(mirrored, outward=True), point_features(p, outward=True), atol=1e-6)
    plain, turned = point_features(p, ("deta",)), point_features(p, ("deta",), outward=True)
    assert (plain != turned).any()
    np.testing.assert_array_equal(np.abs(plain), np.abs(turned))
    found = arrays(jets, outward=True)
    np.testing.assert_array_equal(found["points"][found["mask"]][:, :1], turned)


def arrays(jets: Events, **options: Any) -> dict[str, NDArray[Any]]:
    return dict(PointCloud(**options).fit_transform(jets).inputs)


def test_shapes_dtypes_and_padding(jets: Events) -> None:
    found = arrays(jets)
    counts = ak.to_numpy(ak.num(jets["constituents"]))
    n, longest = len(jets), counts.max()
    assert {name: (a.shape, str(a.dtype)) for name, a in found.items()} == {
        "points": ((n, longest, 2), "float32"),
        "features": ((n, longest, 7), "float32"),
        "mask": ((n, longest), "bool"),
    }
    np.testing.assert_array_equal(found["mask"].sum(1), counts)
    assert (found["features"][~found["mask"]] == 0).all()
    assert (found["points"][~found["mask"]] == 0).all()
    np.testing.assert_array_equal(found["features"][found["mask"]], point_features(jets["constituents"]))
    where = [SEVEN.index(name) for name in ("deta", "dphi")]
    np.testing.assert_array_equal(found["points"], found["features"][..., where])


def test_the_hardest_are_kept_and_still_see_the_whole_jet(jets: Events) -> None:
    whole, cut = arrays(jets), arrays(jets, constituents=6)
    assert cut["mask"].shape[1] == 6
    np.testing.assert_array_equal(cut["features"], whole["features"][:, :6])


def test_empty_jets_and_one_constituent(make_jets: Any) -> None:
    jets = make_jets(3, sizes=[0, 1, 4])
    for name in ("point_cloud", "momentum_fractions"):
        found = lookup("kaon.represent", name)().fit_transform(jets).inputs
        assert all(np.isfinite(values).all() for values in found.values())
        assert found["mask"].sum(1).tolist() == [0, 1, 4]
    alone = dict(zip(ALL, point_features(jets["constituents"][1:2], ALL)[0], strict=True))
    assert alone["z"] == 1
    assert [alone[name] for name in ("dr", "deta", "dphi", "log_pt_fraction", "log_e_fraction")] == [0] * 5


def test_only_empty_jets_keep_one_padded_place(make_jets: Any) -> None:
    jets = make_jets(2, sizes=[0, 0])
    found = PointCloud().fit_transform(jets).inputs
    assert found["mask"].shape == (2, 1)
    assert not found["mask"].any()


def test_a_constituent_of_zeros_is_finite() -> None:
    one = ak.Array([[3.0, 0.0]])
    p = momenta(one, one, one, 2 * one)
    assert np.isfinite(point_features(p, ALL)).all()


def test_standardised_on_real_constituents_or_not_at_all(jets: Events) -> None:
    fitted = PointCloud().fit(jets)
    item = fitted.spec["features"]
    rows = point_features(jets["constituents"]).astype(float)
    np.testing.assert_allclose(item.shift, rows.mean(0), rtol=1e-6)
    np.testing.assert_allclose(np.array(item.scale) * rows.std(0), 1, rtol=1e-6)
    assert fitted.spec["points"].shift == ()
    fractions = lookup("kaon.represent", "momentum_fractions")(standardise=False).fit(jets)
    assert (fractions.spec["features"].shift, fractions.spec["features"].scale) == ((), ())
    assert fractions.spec["features"].features == ("z", "deta", "dphi")


def test_momentum_fractions_sum_to_one(jets: Events) -> None:
    found = lookup("kaon.represent", "momentum_fractions")().fit_transform(jets).inputs["features"]
    np.testing.assert_allclose(found[..., 0].sum(1), 1, rtol=1e-5)


def test_wrong_options_are_told(jets: Events) -> None:
    with pytest.raises(ConfigError, match="constituents=0"):
        PointCloud(constituents=0)
    with pytest.raises(UnknownName, match=r"unknown feature 'detta'; did you mean deta"):
        PointCloud(features=("detta",)).fit(jets)


def test_carries_the_four_momenta_where_asked(jets: Events) -> None:
    plain, full = (lookup("kaon.represent", name)().fit_transform(jets) for name in ("point_cloud", "particles"))
    assert list(full.inputs) == ["points", "features", "momenta", "mask"]
    np.testing.assert_array_equal(full.inputs["features"], plain.inputs["features"])
    mask, momenta = full.inputs["mask"], full.inputs["momenta"]
    for i, name in enumerate(("E", "px", "py", "pz")):
        np.testing.assert_allclose(
            momenta[..., i][mask], ak.to_numpy(ak.flatten(jets["constituents"][name])), rtol=1e-6
        )
    assert not momenta[~mask].any()
