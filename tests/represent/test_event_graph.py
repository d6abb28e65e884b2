from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.data.objects import KINDS
from kaon.data.records import momenta
from kaon.errors import ConfigError, DataError
from kaon.represent.event_graph import NODE_FEATURES, EventGraph, node_features


def objects_of(pt: list[float], eta: list[float], phi: list[float], kind: list[int], **more: Any) -> Any:
    """One event with massless objects."""
    p, e, f = (np.asarray(values, float) for values in (pt, eta, phi))
    columns = {"px": p * np.cos(f), "py": p * np.sin(f), "pz": p * np.sinh(e), "E": p * np.cosh(e), **more}
    columns = {"kind": np.asarray(kind, np.int64), "charge": np.zeros(len(p)), **columns}
    return momenta(**{name: ak.Array([values]) for name, values in columns.items()})


def graph(objects: Any, **options: Any) -> Any:
    return EventGraph(**options).fit_transform(Events(ak.Array({"objects": objects}))).inputs


def test_every_pair_one_by_one_on_another_library(jets: Events) -> None:
    few = jets.take(slice(0, 25))
    found = EventGraph().fit_transform(few).inputs
    for event, objects in enumerate(few["objects"]):
        for i, a in enumerate(objects):
            expected = [*(k == a.kind for k in range(len(KINDS))), a.charge, a.pt, a.E, max(a.mass2, 0) ** 0.5]
            np.testing.assert_allclose(found["features"][event, i], expected, rtol=1e-5, atol=1e-5)
            for j, b in enumerate(objects):
                assert found["distances"][event, i, j] == pytest.approx(a.deltaR(b), abs=1e-5)
        assert found["mask"][event].sum() == len(objects)
        assert not found["features"][event, len(objects) :].any()
        assert not found["distances"][event, len(objects) :].any()
        assert not found["distances"][event, :, len(objects) :].any()


def test_shapes_and_names(jets: Events) -> None:
    made = EventGraph()
    found = made.fit_transform(jets).inputs
    n = len(jets)
    assert {name: (a.shape, str(a.dtype)) for name, a in found.items()} == {
        "features": ((n, 8, 10), "float32"),
        "distances": ((n, 8, 8), "float32"),
        "mask": ((n, 8), "bool"),
    }
    assert made.spec["features"].features == NODE_FEATURES == (*KINDS, "charge", "pt", "energy", "mass")
    assert made.spec.dynamic_axes == ["objects"]


def test_distances_are_symmetric_short_across_the_seam_and_do_not_change_by_rotation() -> None:
    angles = ([50.0, 40.0, 30.0], [0.0, 1.0, -0.5], [np.pi - 0.1, -np.pi + 0.1, 0.3], [2, 3, 1])
    found = graph(objects_of(*angles))["distances"][0]
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_array_equal(np.diag(found), 0)
    assert found[0, 1] == pytest.approx(np.hypot(1.0, 0.2), rel=1e-6)
    turned = graph(objects_of(*angles[:2], [phi + 2.0 for phi in angles[2]], angles[3]))["distances"][0]
    np.testing.assert_allclose(turned, found, atol=1e-6)


def test_missing_momentum_lies_at_rapidity_zero() -> None:
    found = graph(objects_of([80.0, 60.0], [0.0, 1.5], [1.0, 1.0], [KINDS.index("met"), 2]))
    assert found["distances"][0, 0, 1] == pytest.approx(1.5)
    assert found["features"][0, 0].tolist()[: len(KINDS)] == [0, 0, 0, 0, 1, 0]


def test_no_object_one_object_and_equal_ones(make_jets: Any) -> None:
    few = EventGraph().fit_transform(make_jets(4, sizes=[0, 1, 2, 0])).inputs
    assert few["mask"].sum(1).tolist() == [0, 1, 2, 0]
    assert all(np.isfinite(values).all() for values in few.values())
    assert not few["distances"][1].any()
    same = graph(objects_of([10.0] * 3, [0.4] * 3, [1.0] * 3, [2] * 3))
    assert not same["distances"].any()
    along = graph(momenta(*(ak.Array([[v, v]]) for v in (0.0, 0.0, 9.0, 9.0)), kind=[[2, 2]], charge=[[0.0, 0.0]]))
    assert np.isfinite(along["features"]).all()
    assert not along["distances"].any()


def test_the_hardest_are_kept(jets: Events) -> None:
    whole, cut = EventGraph().fit_transform(jets).inputs, EventGraph(objects=3).fit_transform(jets).inputs
    np.testing.assert_array_equal(cut["features"], whole["features"][:, :3])
    np.testing.assert_array_equal(cut["distances"], whole["distances"][:, :3, :3])


def test_what_cannot_be_used_is_said(jets: Events) -> None:
    with pytest.raises(ConfigError, match="objects=0"):
        EventGraph(objects=0)
    with pytest.raises(DataError, match=r"need the fields \['charge', 'kind'\]"):
        node_features(jets["constituents"][["px", "py", "pz", "E"]])
    with pytest.raises(DataError, match="1 of 1 events have momenta that are NaN"):
        graph(objects_of([10.0, np.nan], [0.0, 1.0], [0.0, 1.0], [1, 2]))
    with pytest.raises(DataError, match="1 objects have a charge that is not finite"):
        graph(objects_of([10.0, 5.0], [0.0, 1.0], [0.0, 1.0], [1, 2], charge=[np.nan, 0.0]))
    with pytest.raises(DataError, match=r"kinds \[1.0, 9.0\]; allowed are 0 to 5"):
        graph(objects_of([10.0, 5.0], [0.0, 1.0], [0.0, 1.0], [1, 9]))


def test_standardised_on_real_objects_or_not_at_all(jets: Events) -> None:
    rows = node_features(jets["objects"])
    item = EventGraph().fit(jets).spec["features"]
    np.testing.assert_allclose(item.shift, rows.mean(0), rtol=1e-5, atol=1e-6)
    varied = rows.std(0) > 1e-6  # the mass is that of a pion
    np.testing.assert_allclose(np.array(item.scale)[varied] * rows.std(0)[varied], 1, rtol=1e-4)
    assert varied.sum() == len(NODE_FEATURES) - 1
    assert EventGraph(standardise=False).fit(jets).spec["features"].shift == ()
