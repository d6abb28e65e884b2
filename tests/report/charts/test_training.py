from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kaon.report import Comparison, RunRecord, load
from kaon.report.charts.chart import POINTS, Chart, Missing
from kaon.report.charts.training import accuracy_series, loss, progress


@pytest.fixture(scope="module")
def comparison(comparison_directory: Path) -> Comparison:
    return load(comparison_directory)


def test_loss_has_a_training_and_a_validation_line_for_each_run(comparison: Comparison) -> None:
    chart = loss(comparison)
    assert isinstance(chart, Chart)
    assert len(chart.data) == 2 * len(comparison.runs)
    assert chart.picks == ["bdt", "topodnn", "pfn"]
    first = chart.data[1]
    assert first["x"] == list(range(1, 21))
    np.testing.assert_allclose(first["y"], comparison.runs[0].log["validation_loss"], rtol=1e-4)
    best = comparison.runs[0].log["validation_loss"].argmin() + 1
    assert f"epoch {best} of 20" in chart.notes["bdt"]


def test_time_adds_up_over_the_epochs(comparison: Comparison) -> None:
    chart = progress(comparison)
    assert isinstance(chart, Chart)
    log = comparison.runs[-1].log
    assert chart.data[-1]["x"][-1] == pytest.approx(log["seconds"].sum(), rel=1e-4)
    assert chart.data[-1]["y"][-1] == pytest.approx(log["validation_auc"][-1], rel=1e-4)


def test_a_long_boosting_is_thinned_but_keeps_its_end(comparison: Comparison) -> None:
    rounds = 5000
    log = {"train_loss": np.linspace(1, 0.1, rounds), "validation_loss": np.linspace(1, 0.2, rounds)}
    chart = loss(replace(comparison, runs=(replace(comparison.runs[0], log=log),)))
    assert isinstance(chart, Chart)
    for trace in chart.data:
        assert len(trace["x"]) == POINTS
        assert trace["x"][-1] == rounds


def test_runs_without_a_log_are_left_out_and_none_at_all_is_said(comparison: Comparison) -> None:
    silent = [replace(run, log={}) for run in comparison.runs[:3]]
    chart = loss(replace(comparison, runs=(*silent, *comparison.runs[3:])))
    assert isinstance(chart, Chart)
    assert chart.picks == ["topodnn", "pfn"]
    for draw in (loss, progress):
        assert isinstance(draw(replace(comparison, runs=tuple(silent))), Missing)
    timed = progress(replace(comparison, runs=(*silent, *comparison.runs[3:])))
    assert isinstance(timed, Chart)
    assert "logged for bdt" in timed.caption


def test_a_log_of_nothing_but_holes_is_no_error(comparison: Comparison) -> None:
    log = {name: np.full(3, np.nan) for name in ("train_loss", "validation_loss", "validation_auc", "seconds")}
    broken = replace(comparison, runs=(replace(comparison.runs[0], log=log),))
    assert isinstance(progress(broken), Missing)
    chart = loss(broken)
    assert isinstance(chart, Chart)
    assert chart.notes == {}


def test_many_classes_are_followed_by_their_accuracy(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    found = load(run_writer(tmp_path / "run", "cnn", 0, classes=("a", "b", "c")))
    chart = progress(found)
    assert isinstance(chart, Chart)
    assert chart.data[0]["y"] == pytest.approx(found.runs[0].log["validation_accuracy"].tolist(), rel=1e-3)
    assert "Accuracy" in chart.caption
    without = replace(found.runs[0], log={k: v for k, v in found.runs[0].log.items() if "accuracy" not in k})
    assert isinstance(progress(replace(found, runs=(without,))), Missing)


def test_accuracy_by_epoch_is_the_mean_over_the_seeds() -> None:
    def run(seed: int, *levels: float) -> RunRecord:
        log = {"validation_accuracy": np.array(levels)} if levels else {}
        return RunRecord(f"run{seed}", "net", seed, {}, log)

    made = {
        "two": Comparison((run(0, 0.5, 0.6), run(1, 0.7, 1.0))),
        "none": Comparison((run(0),)),
        "one": Comparison((run(0, 0.25),)),
    }
    two, one = accuracy_series(made)
    assert (two.text, two.x, one.text, one.spread) == ("two", [1, 2], "one", ())
    np.testing.assert_allclose(two.y, [60, 80])
    np.testing.assert_allclose(two.spread, 100 * np.std([[0.5, 0.6], [0.7, 1.0]], axis=0, ddof=1))
    np.testing.assert_allclose(accuracy_series(made, wrong=True)[0].y, [40, 20])
