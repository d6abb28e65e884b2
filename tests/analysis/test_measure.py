from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

from kaon.analysis.config import load_config
from kaon.analysis.measure import NOMINAL, YIELD, expressions, measure
from kaon.analysis.samples import sample_of
from kaon.data.cuts import parse
from kaon.errors import DataError

RNG = np.random.default_rng(3)
X, Y, W = RNG.uniform(0, 10, 5000), RNG.normal(0, 1, 5000), RNG.normal(1, 0.5, 5000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("flat")
    with uproot.recreate(place / "a.root") as file:
        file.mktree("tree", {"x": np.float64, "y": np.float64, "w": np.float64}).extend({"x": X, "y": Y, "w": W})
    return place


def measured(folder: Path, **more: Any) -> Any:
    settings: dict[str, Any] = {
        "processes": {"z": {"files": "a.root", "weight": "w", "select": "x > 0.5"}},
        "selection": {"positive": "y > 0", "below": "x < 8"},
        "regions": {"low": {"cuts": {"x": "x < 4", "y": "y < 1"}}, "high": "x > 4"},
        "histograms": {"x": {"bins": [8, 0, 8]}, "twice": {"variable": "2 * y", "edges": [0, 1, 4]}},
    }
    config = load_config(settings | more, folder)
    return measure(sample_of(config, "z"), variations={"up": parse("w * 2")})


def test_counts_are_those_of_plain_numpy(folder: Path) -> None:
    found = measured(folder)
    selected = (X > 0.5) & (Y > 0) & (X < 8)
    low = selected & (X < 4) & (Y < 1)
    counted = found.counted[NOMINAL]
    assert counted[YIELD]["low"].values[0] == pytest.approx(W[low].sum())
    assert counted[YIELD]["low"].variances[0] == pytest.approx((W[low] ** 2).sum())
    expected, _ = np.histogram(X[low], np.arange(9), weights=W[low])
    np.testing.assert_allclose(counted["x"]["low"].values, expected)
    expected, _ = np.histogram(np.minimum(2 * Y[low], 3.9), [0, 1, 4], weights=W[low])
    np.testing.assert_allclose(counted["twice"]["low"].values, expected)
    assert found.raw == {"low": int(low.sum()), "high": int((selected & (X > 4)).sum())}
    assert found.events == 5000


def test_the_cut_flow_counts_what_is_left_after_each_cut(folder: Path) -> None:
    steps = measured(folder).cut_flow
    assert [(s.region, s.cut) for s in steps] == [
        ("", "all events"),
        ("", "x > 0.5"),
        ("", "positive"),
        ("", "below"),
        ("low", "x"),
        ("low", "y"),
        ("high", "x > 4"),
    ]
    masks = [np.ones(5000, bool), X > 0.5, Y > 0, X < 8]
    kept = np.logical_and.accumulate(masks)
    assert [s.raw for s in steps[:4]] == kept.sum(1).tolist()
    np.testing.assert_allclose([s.weighted.values[0] for s in steps[:4]], [W[k].sum() for k in kept])
    assert steps[5].raw == (kept[-1] & (X < 4) & (Y < 1)).sum()


def test_varied_weights_are_counted_in_the_same_pass(folder: Path) -> None:
    found = measured(folder)
    for name, regions in found.counted[NOMINAL].items():
        for region, nominal in regions.items():
            np.testing.assert_allclose(found.counted["up"][name][region].values, 2 * nominal.values)


def test_regions_that_overlap_are_refused_if_they_must_not(folder: Path) -> None:
    regions = {"low": "x < 5", "high": "x > 4", "rest": "x > 7"}
    assert measured(folder, regions=regions, exclusive=["low", "rest"]).raw
    both = int(((X > 4) & (X < 5) & (Y > 0)).sum())
    with pytest.raises(DataError, match=f"{both} events of z are in the regions low and high"):
        measured(folder, regions=regions, exclusive=True)


def test_progress_is_told(folder: Path) -> None:
    config = load_config({"processes": {"z": {"files": "a.root", "weight": 1}}, "regions": {"low": "x < 4"}}, folder)
    said: list[tuple[str, int, int]] = []
    measure(sample_of(config, "z"), progress=lambda *told: said.append(told))
    assert said == [("z", 5000, 5000)]
    assert [e.text for e in expressions(config)] == ["x < 4"]


def test_a_file_without_events(folder: Path) -> None:
    with uproot.recreate(folder / "empty.root") as file:
        file.mktree("tree", {"x": np.float64})
    config = load_config({"data": "empty.root", "regions": {"low": "x < 4"}}, folder)
    with pytest.raises(DataError, match="no events"):
        measure(sample_of(config, "data"))
