from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kaon.cli.crossed import cross_run, refuse_folds
from kaon.cli.monitor import Monitor
from kaon.cli.output import Output
from kaon.data import Events, Predictions
from kaon.errors import DataError
from kaon.files import locked
from kaon.learn import Parts, Run, RunConfig, execute_run, load
from kaon.learn.metrics import summary_metrics
from kaon.report import load as load_report

CONFIG = RunConfig(model="bdt", options={"trees": 5})


def test_each_event_is_scored_by_the_model_that_never_saw_it(jets: Events, tmp_path: Path) -> None:
    run = cross_run(CONFIG, jets, 2, tmp_path, Monitor(Output()))
    predictions = Predictions.load(tmp_path / "predictions" / "test.parquet")
    fold = predictions.spectators["fold"]
    for number in range(2):
        own = load(tmp_path / "folds" / f"fold{number}" / "bundle.kaon").predict(jets.take(fold == number))
        assert (own.score == predictions.score[fold == number]).all()
    assert run.metrics["auc"] == summary_metrics(predictions)["auc"]
    assert load_report(tmp_path).runs[0].model == "bdt"
    assert run.metrics["train_seconds"] > 0  # trees have no epochs that note their time


def test_finished_folds_are_kept_and_others_refused(jets: Events, tmp_path: Path) -> None:
    monitor = Monitor(Output())
    first = cross_run(CONFIG, jets, 2, tmp_path, monitor)
    assert cross_run(CONFIG, jets, 2, tmp_path, monitor).metrics == first.metrics
    assert len(monitor.finished) == 2
    with pytest.raises(DataError, match="not of 3 folds"):
        cross_run(CONFIG, jets, 3, tmp_path, monitor)
    with pytest.raises(DataError, match="other settings"):
        cross_run(CONFIG.model_copy(update={"split_seed": 1}), jets, 2, tmp_path, monitor)
    with pytest.raises(DataError, match="other events"):
        cross_run(CONFIG, jets.take(slice(1, None)), 2, tmp_path, monitor)


def test_stopped_folds_go_on_and_keep_a_single_run_out(
    jets: Events, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = cross_run(CONFIG, jets, 3, tmp_path / "whole", Monitor(Output()))
    place, seen = tmp_path / "stopped", []

    class Stopping(Monitor):
        def __call__(self, model: str, seed: int, run: Run | None) -> Any:
            seen.append(model)
            if len(seen) == 2:
                raise KeyboardInterrupt
            return super().__call__(model, seed, run)

    with pytest.raises(KeyboardInterrupt):
        cross_run(CONFIG, jets, 3, place, Stopping(Output()))
    assert not (place / "metrics.json").exists()
    with pytest.raises(DataError, match="a run of 3 folds, and this is a single run"):
        refuse_folds(place)
    with pytest.raises(DataError, match="not of 2 folds"):
        cross_run(CONFIG, jets, 2, place, Monitor(Output()))
    resumed = cross_run(CONFIG, jets, 3, place, Stopping(Output()))
    assert seen == ["bdt fold 0", "bdt fold 1", "bdt fold 1", "bdt fold 2"]
    assert resumed.metrics["auc"] == whole.metrics["auc"]
    one, two = (Predictions.load(run.folder / "predictions" / "test.parquet") for run in (whole, resumed))
    assert (one.score == two.score).all()


def test_one_process_at_a_time(jets: Events, tmp_path: Path) -> None:
    with locked(tmp_path / ".lock", "busy"), pytest.raises(DataError, match="another process is training"):
        cross_run(CONFIG, jets, 2, tmp_path, Monitor(Output()))
    assert not list(tmp_path.rglob("*.yaml"))
    assert cross_run(CONFIG, jets, 2, tmp_path, Monitor(Output())).metrics["folds"] == 2


def test_a_folder_without_folds_takes_a_single_run(jets: Events, tmp_path: Path) -> None:
    refuse_folds(tmp_path)
    execute_run(CONFIG, Parts.of(jets, CONFIG.split, 0), tmp_path)
    refuse_folds(tmp_path)
    with pytest.raises(DataError, match="a single run, not one of 2 folds"):
        cross_run(CONFIG, jets, 2, tmp_path, Monitor(Output()))
