from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from kaon.evaluate import background_rejection, significance_improvement
from kaon.report import Comparison, load
from kaon.report.charts.chart import POINTS, Chart, Missing
from kaon.report.charts.performance import confusion, roc, significance


def lines(chart: Chart | Missing, model: str) -> list[dict[str, Any]]:
    assert isinstance(chart, Chart)
    return [dict(t) for t in chart.data if t.get("meta", {}).get("model") == model and not t["meta"].get("band")]


def unlabelled(comparison: Comparison) -> Comparison:
    runs = tuple(
        replace(r, predictions={k: replace(p, target=None) for k, p in r.predictions.items()}) for r in comparison.runs
    )
    return replace(comparison, runs=runs)


@pytest.fixture(scope="module")
def comparison(comparison_directory: Path) -> Comparison:
    return load(comparison_directory)


def test_roc_is_the_mean_rejection_over_the_seeds_and_its_band_spans_them(comparison: Comparison) -> None:
    chart = roc(comparison)
    (line,) = lines(chart, "topodnn")
    at = line["x"].index(0.5)
    tests = [run.predictions["test"] for run in comparison.models["topodnn"]]
    values = [background_rejection(p, signal_efficiency=0.5).value for p in tests]
    np.testing.assert_allclose(line["y"][at], np.mean(values), rtol=1e-4)
    assert isinstance(chart, Chart)
    low, high = (t for t in chart.data if t.get("meta", {}).get("band") and t["meta"]["model"] == "topodnn")
    assert low["y"][low["x"].index(0.5)] == pytest.approx(min(values), rel=1e-4)
    assert high["y"][high["x"].index(0.5)] == pytest.approx(max(values), rel=1e-4)
    assert all(len(t["x"]) <= POINTS for t in chart.data)


def test_roc_of_shifted_gaussians_is_the_analytic_one(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    folder = run_writer(tmp_path / "run", "pfn", 1, distance=1.5, events={"test": 40_000})
    found = load(folder)
    (line,) = lines(roc(found), "pfn")
    auc = found.runs[0].metrics["auc"]
    distance = np.sqrt(2) * norm.ppf(auc)  # of the Gaussians, as drawn
    for efficiency in (0.3, 0.5, 0.8):
        expected = 1 / norm.sf(norm.isf(efficiency) + distance)
        error = background_rejection(found.runs[0].predictions["test"], signal_efficiency=efficiency).error
        assert abs(line["y"][line["x"].index(efficiency)] - expected) < 5 * error


def test_the_guess_is_what_random_scores_give(comparison: Comparison) -> None:
    chart = roc(comparison)
    assert isinstance(chart, Chart)
    guess = chart.data[-1]
    np.testing.assert_allclose(np.multiply(guess["x"], guess["y"]), 1.0, rtol=1e-4)
    assert "meta" not in guess  # it stays when models are switched off


def test_one_seed_has_a_band_of_its_statistical_error(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    found = load(run_writer(tmp_path / "run", "pfn", 1))
    chart = roc(found)
    assert isinstance(chart, Chart)
    low, high = (t for t in chart.data if t.get("meta", {}).get("band"))
    rejection = background_rejection(found.runs[0].predictions["test"], signal_efficiency=0.8)
    half = (high["y"][high["x"].index(0.8)] - low["y"][low["x"].index(0.8)]) / 2
    assert half == pytest.approx(rejection.error, rel=1e-3)


def test_significance_is_drawn_where_it_is_reliable_and_ends_at_one(comparison: Comparison) -> None:
    chart = significance(comparison)
    for model, runs in comparison.models.items():
        (line,) = lines(chart, model)
        assert line["y"][-1] == pytest.approx(1.0)
        found = [significance_improvement(r.predictions["test"]) for r in runs]
        first = max(f.signal_efficiency[f.reliable].min() for f in found)
        for x, y in zip(line["x"], line["y"], strict=True):
            assert (y is None) == (x < first)
    assert isinstance(chart, Chart)
    assert [key.model for key in chart.keys] == list(comparison.models)


def test_rows_of_the_confusion_matrix_sum_to_one(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    classes = ("qcd", "w", "top")
    chart = confusion(load(run_writer(tmp_path / "run", "pfn", 0, classes=classes)))
    assert isinstance(chart, Chart)
    z = np.array(chart.data[0]["z"])
    assert z.shape == (3, 3)
    np.testing.assert_allclose(z.sum(axis=1), 1.0, atol=1e-3)
    assert (np.diag(z) > 0.6).all()


def test_without_labels_the_reason_is_said(comparison: Comparison) -> None:
    for draw in (roc, significance, confusion):
        found = draw(unlabelled(comparison))
        assert isinstance(found, Missing)
        assert "labelled" in found.reason


def test_many_classes_have_whole_per_cent_in_their_cells(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    chart = confusion(load(run_writer(tmp_path / "run", "pfn", 0, classes=tuple("abcdefgh"))))
    assert isinstance(chart, Chart)
    for values, texts in zip(chart.data[0]["z"], chart.data[0]["text"], strict=True):
        for value, text in zip(values, texts, strict=True):
            assert abs(float(text or 0) - 100 * value) <= 0.51
            assert (text == "") == (value < 0.005)
    assert chart.square
