from __future__ import annotations

import base64
import json
from dataclasses import replace

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.learn.sample import average_image, sample_summary


def jets(count: int = 200) -> Events:
    """Jets of 1 to 6 massless constituents near phi = pi, where azimuths wrap."""
    random = np.random.default_rng(0)
    n = random.integers(1, 7, count)
    pt, eta = random.uniform(1, 50, n.sum()), random.normal(0, 0.1, n.sum())
    phi = np.pi + random.normal(0, 0.1, n.sum())
    p = ak.zip({"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": pt * np.cosh(eta)})
    return Events(ak.Array({"constituents": ak.unflatten(p, n)}), random.integers(0, 2, count), classes=("qcd", "top"))


def test_histograms_hold_the_weight_of_each_class(table: Events) -> None:
    weighted = replace(table, weight=np.where(table.labels == 1, 0.25, 2.0))
    summary = sample_summary(weighted)
    assert summary["events"] == {n: int((table.labels == i).sum()) for i, n in enumerate(table.classes)}
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    for feature in summary["features"]:
        for i, name in enumerate(table.classes):
            inside = sum(feature["counts"][name])
            assert inside == pytest.approx(weighted.weights[table.labels == i].sum(), rel=0.02)


def test_an_image_holds_the_whole_momentum_of_a_jet_and_is_centred() -> None:
    image = average_image(jets())
    for mean in image["mean"].values():
        pixels = np.array(mean)
        assert pixels.sum() == pytest.approx(1, abs=0.05)
        centre = (np.array(image["edges"])[1:] + np.array(image["edges"])[:-1]) / 2
        assert abs((pixels.sum(0) * centre).sum()) < 0.02
        assert abs((pixels.sum(1) * centre).sum()) < 0.02


def test_jets_are_drawn_as_observables() -> None:
    summary = sample_summary(jets())
    names = [f["name"] for f in summary["features"]]
    assert names[:3] == ["jet_pt", "jet_eta", "jet_mass"]
    multiplicity = next(f for f in summary["features"] if f["name"] == "multiplicity")
    assert np.diff(multiplicity["edges"]).tolist() == [1.0] * (len(multiplicity["edges"]) - 1)
    assert sum(map(sum, multiplicity["counts"].values())) == 200


def test_wide_whole_numbers_get_bins_of_whole_width() -> None:
    counts = np.random.default_rng(0).integers(0, 500, 3000)
    events = Events(ak.Array({"n": counts}), counts % 2)
    (histogram,) = sample_summary(events)["features"]
    assert set(np.diff(histogram["edges"])) == {9.0}
    assert np.ptp(histogram["counts"]["class_0"][1:-2]) < 30


def test_correlations_are_those_of_each_class(table: Events) -> None:
    both = table.with_columns(x1=np.asarray(table["x1"]) + np.where(table.labels == 1, np.asarray(table["x0"]), 0))
    found = sample_summary(both)["correlation"]
    for i, name in enumerate(table.classes):
        chosen = both.take(both.labels == i)
        expected = np.corrcoef([np.asarray(chosen[column]) for column in found["names"]])
        assert np.array(found["matrices"][name]) == pytest.approx(expected, abs=1e-3)


def test_missing_values_are_counted_and_left_out(table: Events) -> None:
    values = np.asarray(table["x0"]).copy()
    values[:300] = np.nan
    values[300:600] = -999.0
    summary = sample_summary(table.with_columns(x0=values))
    (feature,) = (f for f in summary["features"] if f["name"] == "x0")
    absent = np.arange(1200) < 600
    for i, name in enumerate(table.classes):
        assert feature["missing"][name] == pytest.approx(absent[table.labels == i].mean(), abs=1e-5)
    assert feature["edges"][0] > -10
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_columns_that_do_not_vary_have_no_correlation(table: Events) -> None:
    found = sample_summary(table.with_columns(x4=np.ones(len(table))))["correlation"]
    assert all(matrix[4] == [None] * 5 for matrix in found["matrices"].values())


def test_pictures_are_kept_as_bytes_and_what_is_none_is_left_out() -> None:
    labels = np.arange(40) % 2
    shades = np.linspace(-1, 3, 40)[:, None, None] + np.zeros((40, 4, 5))
    kept = sample_summary(Events(ak.Array({"image": shades}), labels))["pictures"]
    assert kept is not None
    stored = np.frombuffer(base64.b64decode(kept["pixels"]), np.uint8).reshape(kept["shape"])
    assert stored.shape == (2 * kept["across"], 1, 4, 5)
    drawn = np.concatenate([shades[labels == i][: kept["across"]] for i in (0, 1)])
    lowest, highest = drawn.min(), drawn.max()
    np.testing.assert_allclose(stored[:, 0] / 255, (drawn - lowest) / (highest - lowest), atol=1 / 255)
    sizes = ak.Array({"image": [[[1.0] * (2 + i % 3)] for i in range(40)], "x": np.arange(40.0)})
    ragged = sample_summary(Events(sizes, labels))
    assert ragged["pictures"] is None
    assert [f["name"] for f in ragged["features"]] == ["x"]
    four = Events(ak.Array({"image": np.zeros((40, 4, 3, 3))}), labels)
    assert sample_summary(four)["pictures"] is None
    few = Events(ak.Array({"image": np.zeros((4, 1, 3, 3))}), np.arange(4) % 2)
    assert sample_summary(few)["pictures"] is None
