from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kaon.data import Predictions
from kaon.errors import DataError
from kaon.evaluate import background_rejection, mass_sculpting
from kaon.report import Comparison, load
from kaon.report.charts.chart import Chart, Missing
from kaon.report.charts.physics import rejection_by_pt, sculpting


@pytest.fixture(scope="module")
def comparison(comparison_directory: Path) -> Comparison:
    return load(comparison_directory)


def test_rejection_is_flat_where_the_score_ignores_pt(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    found = load(run_writer(tmp_path / "run", "bdt", 0, distance=1.2, events={"test": 20_000}))
    chart = rejection_by_pt(found)
    assert isinstance(chart, Chart)
    (trace,) = chart.data
    assert len(trace["x"]) == 8
    assert 550 < min(trace["x"]) < max(trace["x"]) < 650
    overall = background_rejection(found.runs[0].predictions["test"], signal_efficiency=0.5).value
    pull = (np.array(trace["y"]) - overall) / np.array(trace["error_y"]["array"])
    assert np.abs(pull).max() < 4


def test_bins_of_pt_are_equally_populated(comparison: Comparison) -> None:
    chart = rejection_by_pt(comparison)
    assert isinstance(chart, Chart)
    pt = comparison.runs[0].predictions["test"].spectators["jet_pt"]
    ranges = [tuple(map(float, text.removesuffix(" GeV").split(" – "))) for text in chart.data[0]["customdata"]]
    counts = [((pt >= low) & (pt < high)).sum() for low, high in ranges]
    np.testing.assert_allclose(counts, len(pt) / len(counts), rtol=0.1)  # edges are shown in whole GeV


def test_mass_shapes_have_unit_area_and_the_divergence_is_that_of_evaluate(comparison: Comparison) -> None:
    chart = sculpting(comparison)
    assert isinstance(chart, Chart)
    before, *after = chart.data
    assert "meta" not in before
    for trace in (before, *after):
        assert sum(trace["y"][:-1]) == pytest.approx(1.0, rel=1e-3)
    edges = np.array(before["x"])
    tests = [run.predictions["test"] for run in comparison.models["bdt"]]
    mean = np.mean([mass_sculpting(p, efficiency=0.5, bins=edges).divergence for p in tests])
    text = next(key.text for key in chart.keys if key.model == "bdt")
    assert float(text.split("JSD ")[1].split()[0]) == pytest.approx(mean, abs=0.002)


def test_fewer_bins_where_less_background_is_left(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    charts = [
        sculpting(load(run_writer(tmp_path / f"{distance}", "bdt", 0, distance=distance))) for distance in (0.5, 2.5)
    ]
    assert all(isinstance(chart, Chart) for chart in charts)
    many, few = (len(chart.data[0]["x"]) for chart in charts if isinstance(chart, Chart))
    assert many > few >= 13


@pytest.mark.parametrize(("draw", "name"), [(rejection_by_pt, "jet_pt"), (sculpting, "jet_mass")])
def test_without_the_spectator_the_reason_names_it(
    run_writer: Callable[..., Path], tmp_path: Path, draw: Callable[[Comparison], Chart | Missing], name: str
) -> None:
    def without(p: Predictions) -> Predictions:
        return replace(p, spectators={k: v for k, v in p.spectators.items() if k != name})

    found = draw(load(run_writer(tmp_path / "run", "pfn", 0, change=without)))
    assert isinstance(found, Missing)
    assert name in found.reason


def test_equal_momenta_are_said(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    def same(p: Predictions) -> Predictions:
        return replace(p, spectators={"jet_pt": np.full(len(p), 600.0)})

    found = rejection_by_pt(load(run_writer(tmp_path / "run", "pfn", 0, change=same)))
    assert isinstance(found, Missing)
    assert "same pT" in found.reason


def test_a_model_that_leaves_no_background_does_not_hide_the_others(comparison: Comparison) -> None:
    runs = list(comparison.runs)
    test = runs[-1].predictions["test"]
    perfect = replace(test, score=np.eye(2)[test.labels])
    runs[-1] = replace(runs[-1], predictions={**runs[-1].predictions, "test": perfect})
    chart = sculpting(replace(comparison, runs=tuple(runs)))
    assert isinstance(chart, Chart)
    assert [t["meta"]["model"] for t in chart.data if "meta" in t] == ["bdt", "topodnn"]
    assert next(key.text for key in chart.keys if key.model == "pfn").endswith("too little background left")
    with pytest.raises(DataError, match="no background"):
        sculpting(replace(comparison, runs=tuple(runs[-1:])))
