from __future__ import annotations

from pathlib import Path

import pytest

from kaon.cli.crossed import cross_run
from kaon.cli.monitor import Monitor
from kaon.cli.output import Output
from kaon.data import Events, Predictions
from kaon.errors import DataError
from kaon.learn import RunConfig, load
from kaon.learn.metrics import summary_metrics
from kaon.report import load as load_report

CONFIG = RunConfig(model="bdt", options={"trees": 5})


def test_each_event_is_scored_by_the_model_that_never_saw_it(jets: Events, tmp_path: Path) -> None:
    run = cross_run(CONFIG, jets, 2, tmp_path, Monitor(Output()))
    predictions = Predictions.load(tmp_path / "predictions" / "test.parquet")
    fold = predictions.spectators["fold"]
    for number in range(2):
        own = load(tmp_path / f"fold{number}.kaon").predict(jets.take(fold == number))
        assert (own.score == predictions.score[fold == number]).all()
    assert run.metrics["auc"] == summary_metrics(predictions)["auc"]
    assert load_report(tmp_path).runs[0].model == "bdt"


def test_finished_folds_are_kept_and_others_refused(jets: Events, tmp_path: Path) -> None:
    monitor = Monitor(Output())
    first = cross_run(CONFIG, jets, 2, tmp_path, monitor)
    assert cross_run(CONFIG, jets, 2, tmp_path, monitor).metrics == first.metrics
    assert len(monitor.finished) == 2
    with pytest.raises(DataError, match="not of 3 folds"):
        cross_run(CONFIG, jets, 3, tmp_path, monitor)
    with pytest.raises(DataError, match="other settings"):
        cross_run(CONFIG.model_copy(update={"split_seed": 1}), jets, 2, tmp_path, monitor)
