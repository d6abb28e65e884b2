"""A run made of runs, without their events."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kaon.data import Events, Predictions
from kaon.errors import ConfigError, DataError
from kaon.learn.config import TrainConfig
from kaon.learn.ensemble import load
from kaon.learn.ensemble_run import ensemble_runs
from kaon.learn.run import Parts, RunConfig, execute_run
from kaon.report import load as load_report


def member(events: Events, folder: Path, seed: int, model: str = "bdt") -> Path:
    options = {"trees": 5} if model == "bdt" else {}
    config = RunConfig(model=model, options=options, train=TrainConfig(seed=seed, epochs=1))
    execute_run(config, Parts.of(events, config.split, config.split_seed), folder)
    return folder


@pytest.mark.parametrize("by", ["mean", "validation"])
def test_stored_numbers_are_those_of_the_bundle(table: Events, tmp_path: Path, by: str) -> None:
    runs = [member(table, tmp_path / "a", 0), member(table, tmp_path / "b", 1, "fisher")]
    made = ensemble_runs(runs, tmp_path / "e", by)  # type: ignore[arg-type]  # one of the two
    test = table.split((0.6, 0.2, 0.2), 0)[2]
    stored = Predictions.load(tmp_path / "e" / "predictions" / "test.parquet")
    assert stored.score == pytest.approx(load(tmp_path / "e" / "bundle.kaon").predict(test).score, abs=1e-6)
    assert np.array_equal(stored.labels, test.labels)
    assert made.metrics == json.loads((tmp_path / "e" / "metrics.json").read_text())
    assert list(load_report(tmp_path / "e").models) == ["bdt + fisher"]


def test_runs_that_do_not_belong_together(table: Events, tmp_path: Path) -> None:
    a = member(table, tmp_path / "a", 0)
    other = member(table.take(slice(0, 900)), tmp_path / "b", 0)
    with pytest.raises(DataError, match="same events"):
        ensemble_runs([a, other], tmp_path / "e")
    with pytest.raises(ConfigError, match="two or more"):
        ensemble_runs([a, a], tmp_path / "e")
    with pytest.raises(DataError, match="no finished training"):
        ensemble_runs([a, tmp_path / "nothing"], tmp_path / "e")
    assert not (tmp_path / "e").exists()
