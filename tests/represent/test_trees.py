from __future__ import annotations

import warnings
from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events, Input
from kaon.data.records import momenta, table
from kaon.errors import ConfigError, DataError
from kaon.extras import available
from kaon.represent.trees import FEATURES, Trees
from kaon.substructure.clustering import ALGORITHMS

if not available("fastjet"):
    pytest.skip("fastjet is not installed", allow_module_level=True)


def consistent(arrays: dict[str, Any]) -> None:
    """Every node but the roots is the child of one other, of the next smaller depth; what is no node is zero."""
    children, depth, mask = (arrays[name] for name in ("children", "depth", "mask"))
    assert (np.diff(mask.astype(int), axis=1) <= 0).all()
    for name in ("features", "children", "depth"):
        assert (arrays[name][~mask] == 0).all()
    jet, node = np.nonzero(children[..., 0])
    for side in (0, 1):
        child = children[jet, node, side]
        assert mask[jet, child].all()
        np.testing.assert_array_equal(depth[jet, child], depth[jet, node] + 1)
    roots = mask[:, :1].sum()
    pairs = np.concatenate([np.stack([jet, children[jet, node, side]], axis=1) for side in (0, 1)])
    assert len(np.unique(pairs, axis=0)) == len(pairs) == mask.sum() - roots


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_is_one_binary_tree_a_jet(jets: Events, algorithm: str) -> None:
    arrays = dict(Trees(algorithm).fit_transform(jets).inputs)
    consistent(arrays)
    np.testing.assert_array_equal(arrays["mask"].sum(1), 2 * ak.to_numpy(ak.num(jets["constituents"])) - 1)


def test_features_of_the_root_are_those_of_the_jet_and_parents_sum_their_children(jets: Events) -> None:
    arrays = Trees().fit_transform(jets).inputs
    value = dict(zip(FEATURES, np.moveaxis(arrays["features"].astype(float), -1, 0), strict=True))
    jet = jets["jet"]
    expected = {
        "p": jet.mag,
        "eta": jet.eta,
        "phi": jet.phi,
        "e": jet.E,
        "e_fraction": 1,
        "pt": jet.pt,
        "theta": jet.theta,
    }
    for name, wanted in expected.items():
        np.testing.assert_allclose(value[name][:, 0], np.asarray(wanted), rtol=1e-5, atol=1e-6, err_msg=name)
    parent, children = arrays["children"][..., 0] > 0, arrays["children"]
    rows = np.broadcast_to(np.arange(len(jets))[:, None, None], children.shape)
    for quantity in ("e", "e_fraction"):
        np.testing.assert_allclose(value[quantity][rows, children].sum(-1)[parent], value[quantity][parent], rtol=1e-5)
    harder, softer = np.moveaxis(value["pt"][rows, children], -1, 0)
    assert (harder >= softer)[parent].all()
    p, eta, pt, theta = (value[name][arrays["mask"]] for name in ("p", "eta", "pt", "theta"))
    np.testing.assert_allclose(pt, p * np.sin(theta), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(eta, -np.log(np.tan(theta / 2)), rtol=1e-3, atol=1e-4)


def test_centred_trees_know_neither_where_the_jet_points_nor_anything_less(jets: Events) -> None:
    plain, centred = (Trees(centred=choice).fit_transform(jets).inputs for choice in (False, True))
    eta, phi = 1, 2
    others = [i for i in range(len(FEATURES)) if i not in (eta, phi)]
    np.testing.assert_array_equal(centred["features"][..., others], plain["features"][..., others])
    assert (centred["features"][:, 0, [eta, phi]] == 0).all()
    moved = plain["features"][..., eta] - plain["features"][:, :1, eta]
    np.testing.assert_allclose(centred["features"][..., eta][plain["mask"]], moved[plain["mask"]], atol=1e-5)
    p, cos, sin = jets["constituents"], np.cos(2.0), np.sin(2.0)
    turned = jets.with_columns(constituents=momenta(cos * p.px - sin * p.py, sin * p.px + cos * p.py, p.pz, p.E))
    again = Trees(centred=True).fit_transform(turned).inputs["features"]
    np.testing.assert_allclose(again, centred["features"], rtol=1e-5, atol=1e-5)


def test_the_order_of_the_constituents_does_not_matter(jets: Events) -> None:
    fitted = Trees().fit(jets)
    one = fitted.transform(jets).inputs
    two = fitted.transform(jets.with_columns(constituents=jets["constituents"][:, ::-1])).inputs
    for name, values in one.items():
        np.testing.assert_allclose(values, two[name], rtol=1e-5, atol=1e-5, err_msg=name)


def test_normalisation_is_robust(jets: Events) -> None:
    rows = np.concatenate([np.arange(101.0), [1e9]])[:, None].repeat(2, axis=1)
    rows[:, 1] = 3
    item = Input("features", ("nodes", 2))
    shift, scale = Trees().normalisation(item, rows)
    np.testing.assert_allclose(shift, [50.5, 3])
    np.testing.assert_allclose(scale, [1 / 50.5, 1])
    assert np.isfinite(Trees().normalisation(item, rows[:0])).all()
    fitted = Trees().fit(jets)
    inputs, given = fitted.transform(jets).inputs, fitted.spec["features"]
    scaled = (inputs["features"][inputs["mask"]] - np.array(given.shift)) * np.array(given.scale)
    np.testing.assert_allclose(np.median(scaled, axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(np.diff(np.quantile(scaled, (0.25, 0.75), axis=0), axis=0), 1, atol=1e-3)


def test_few_constituents_none_equal_ones_and_more_than_are_kept(make_jets: Any) -> None:
    jets = make_jets(5, sizes=[0, 1, 2, 3, 30])
    arrays = dict(Trees(constituents=10).fit_transform(jets).inputs)
    consistent(arrays)
    np.testing.assert_array_equal(arrays["mask"].sum(1), [0, 1, 3, 5, 19])
    leading = Trees(constituents=10).fit_transform(jets.with_columns(constituents=jets["constituents"][:, :10])).inputs
    np.testing.assert_array_equal(arrays["features"], leading["features"])
    p = make_jets(1, sizes=[1])["constituents"]
    same = momenta(*(ak.concatenate([p[q]] * 4, axis=1) for q in ("px", "py", "pz", "E")))
    consistent(dict(Trees().fit_transform(Events(table({"constituents": same}))).inputs))
    still = Events(table({"constituents": momenta(*(0 * p[q] for q in ("px", "py", "pz", "E")))}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not Trees().fit_transform(still).inputs["mask"].any()


def test_momenta_that_are_no_numbers_and_options_that_make_no_sense_are_refused(jets: Events) -> None:
    p = jets["constituents"]
    broken = jets.with_columns(constituents=momenta(p.px, p.py, np.nan * p.pz, p.E))
    with pytest.raises(DataError, match="NaN"):
        Trees().fit(broken)
    with pytest.raises(ConfigError, match="allowed: kt, cambridge-aachen, anti-kt"):
        Trees("durham")
    with pytest.raises(ConfigError, match="constituents=0; at least one is needed"):
        Trees(constituents=0)


@pytest.mark.parametrize(("events", "length"), [(1, 1), (1, 16), (2, 3), (33, 40)])
def test_examples_are_possible_trees_of_any_length(jets: Events, events: int, length: int) -> None:
    fitted = Trees().fit(jets)
    arrays = fitted.example(events, {"nodes": length}, seed=3)
    fitted.spec.check(arrays)
    assert arrays["mask"].shape == (events, length)
    consistent(arrays)
    nodes = arrays["mask"].sum(1)
    full = length - (length + 1) % 2
    assert list(nodes[:2]) == ([0, full] if events > 1 else [full])
    for name, values in fitted.example(events, {"nodes": length}, seed=3).items():
        np.testing.assert_array_equal(values, arrays[name])
