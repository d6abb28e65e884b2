from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kaon.data import Predictions
from kaon.evaluate import overtraining_check
from kaon.report import Comparison, load
from kaon.report.charts.chart import Chart, Missing
from kaon.report.charts.scores import calibration, score_distributions


@pytest.fixture(scope="module")
def comparison(comparison_directory: Path) -> Comparison:
    return load(comparison_directory)


def test_every_distribution_has_unit_area(comparison: Comparison) -> None:
    chart = score_distributions(comparison)
    assert isinstance(chart, Chart)
    assert len(chart.data) == 3 * 2 * 3  # models, classes; the test's fill and outline, and the training
    for trace in chart.data:
        density = np.array([y or 0.0 for y in trace["y"]])
        if len(trace["y"]) == 41:
            density = density[:-1]  # the last point only closes the last step
        assert density.sum() / len(density) == pytest.approx(1.0, rel=1e-3)


def test_errors_of_points_are_those_of_counting(comparison: Comparison) -> None:
    chart = score_distributions(comparison)
    assert isinstance(chart, Chart)
    points = next(t for t in chart.data if t.get("mode") == "markers")
    train = comparison.runs[0].predictions["train"]
    count = (train.labels == 0).sum()
    for y, error in zip(points["y"], points["error_y"]["array"], strict=True):
        if y is not None:
            inside = y * count / 40
            assert error == pytest.approx(np.sqrt(inside) * 40 / count, rel=1e-3)


def test_note_has_the_overtraining_check_of_the_first_seed(comparison: Comparison) -> None:
    chart = score_distributions(comparison)
    assert isinstance(chart, Chart)
    run = comparison.models["pfn"][0]
    test = overtraining_check(run.predictions["train"], run.predictions["test"])["top"]
    assert f"top D = {test.statistic:.3f}, p = {test.p_value:.2g}" in chart.notes["pfn"]


def test_a_memorising_model_is_caught(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    found = load(run_writer(tmp_path / "run", "pfn", 0))
    run = found.runs[0]
    train = run.predictions["train"]
    sure = np.eye(2)[train.labels] * 0.98 + 0.01
    memorised = replace(run, predictions={**run.predictions, "train": replace(train, score=sure)})
    chart = score_distributions(replace(found, runs=(memorised,)))
    assert isinstance(chart, Chart)
    assert "p = 0" in chart.notes["pfn"] or "e-" in chart.notes["pfn"]


def test_calibrated_scores_lie_on_the_diagonal(comparison: Comparison) -> None:
    chart = calibration(comparison)
    assert isinstance(chart, Chart)
    assert (chart.data[0]["x"], chart.data[0]["y"]) == ([0, 1], [0, 1])
    for trace in chart.data[1:]:
        pull = np.subtract(trace["y"], trace["x"]) / np.maximum(trace["error_y"]["array"], 0.01)
        assert np.abs(pull).max() < 5


def test_a_model_trained_on_balanced_classes_is_held_against_a_balanced_mixture(
    run_writer: Callable[..., Path], tmp_path: Path
) -> None:
    def rare(p: Predictions) -> Predictions:
        return replace(p, weight=np.where(p.labels == 1, 0.01, 1.0))

    found = load(run_writer(tmp_path / "run", "pfn", 0, change=rare))
    balanced = replace(found.runs[0], config={"train": {"class_weights": "balanced"}})
    off, on = (calibration(replace(found, runs=(run,))) for run in (found.runs[0], balanced))
    assert isinstance(off, Chart)
    assert isinstance(on, Chart)
    distance = [np.abs(np.subtract(c.data[1]["y"], c.data[1]["x"])).max() for c in (off, on)]
    assert distance[0] > 0.3
    assert distance[1] < 0.1


def test_without_labels_the_reason_is_said(comparison: Comparison) -> None:
    runs = tuple(replace(r, predictions={}) for r in comparison.runs)
    for draw in (score_distributions, calibration):
        found = draw(replace(comparison, runs=runs))
        assert isinstance(found, Missing)
        assert "labelled" in found.reason
