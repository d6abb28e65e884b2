from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from kaon.data import Events, Predictions
from kaon.errors import ConfigError, DataError
from kaon.files import locked
from kaon.learn.config import TrainConfig
from kaon.learn.run import Parts, Run, RunConfig, execute_run
from kaon.learn.train import train

CONFIG = RunConfig(model="mlp", train=TrainConfig(epochs=2, learning_rate=0.01), spectators=("x1",))


@pytest.fixture
def parts(table: Events) -> Parts:
    return Parts.of(table, (0.6, 0.2, 0.2), 0)


def test_a_run_leaves_everything_behind(parts: Parts, tmp_path: Path) -> None:
    run = execute_run(CONFIG, parts, tmp_path / "run")
    names = {p.name for p in (tmp_path / "run").iterdir()}
    assert names == {
        "config.yaml",
        "environment.json",
        "events.json",
        "log.csv",
        "bundle.kaon",
        "predictions",
        "metrics.json",
    }
    test = Predictions.load(tmp_path / "run" / "predictions" / "test.parquet")
    assert len(test) == len(parts.test) == run.metrics["events"]["test"]
    assert set(test.spectators) == {"x1"}
    again = run.tagger().predict(parts.test)
    assert (again.score == test.score).all()
    assert run.metrics["parameters"] == run.tagger().parameter_count


def test_the_resolved_config_makes_the_same_run(parts: Parts, tmp_path: Path) -> None:
    execute_run(CONFIG, parts, tmp_path / "a")
    config = RunConfig.from_mapping(yaml.safe_load((tmp_path / "a" / "config.yaml").read_text()))
    assert config == CONFIG
    execute_run(config, parts, tmp_path / "b")
    scores = [Predictions.load(tmp_path / x / "predictions" / "test.parquet").score for x in "ab"]
    assert (scores[0] == scores[1]).all()


def test_a_finished_run_is_skipped(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = execute_run(CONFIG, parts, tmp_path)
    monkeypatch.setattr("kaon.learn.run.train", None)
    assert execute_run(CONFIG, parts, tmp_path).metrics == first.metrics


def test_other_settings_do_not_overwrite_a_run(parts: Parts, tmp_path: Path) -> None:
    execute_run(CONFIG, parts, tmp_path)
    with pytest.raises(DataError, match="other settings"):
        execute_run(CONFIG.model_copy(update={"split_seed": 1}), parts, tmp_path)


def test_a_run_on_other_events_is_neither_skipped_nor_resumed(parts: Parts, tmp_path: Path) -> None:
    execute_run(CONFIG, parts, tmp_path)
    fewer = replace(parts, train=parts.train.take(slice(1, None)))
    with pytest.raises(DataError, match="other events"):
        execute_run(CONFIG, fewer, tmp_path)


def test_two_processes_cannot_share_a_run(parts: Parts, tmp_path: Path) -> None:
    with locked(tmp_path / ".lock", "held"), pytest.raises(DataError, match="another process is training"):
        execute_run(CONFIG, parts, tmp_path)
    execute_run(CONFIG, parts, tmp_path)
    assert not (tmp_path / ".lock").exists()


def test_a_run_that_failed_at_once_can_be_corrected(table: Events, tmp_path: Path) -> None:
    weighted = Parts.of(replace(table, weight=np.where(table.index % 9 == 0, -1.0, 1.0)), (0.6, 0.2, 0.2), 0)
    config = RunConfig(model="bdt", options={"trees": 5})
    with pytest.raises(ConfigError, match="negative"):
        execute_run(config, weighted, tmp_path)
    corrected = config.model_copy(update={"train": TrainConfig(negative_weights="abs")})
    assert execute_run(corrected, weighted, tmp_path).metrics["auc"] > 0.5


def test_an_interrupted_run_is_resumed(parts: Parts, tmp_path: Path) -> None:
    def stop(done: float, _: float, __: dict[str, float]) -> None:
        if done > 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute_run(CONFIG, parts, tmp_path, progress=stop)
    assert Run.finished(tmp_path, CONFIG, parts.digest) is None
    resumed = execute_run(CONFIG, parts, tmp_path)
    whole = train("mlp", parts.train, parts.validation, CONFIG.train).predict(parts.test)
    assert (resumed.tagger().predict(parts.test).score == whole.score).all()


def test_metrics_are_json_that_any_reader_accepts(parts: Parts, tmp_path: Path) -> None:
    execute_run(CONFIG, parts, tmp_path)
    assert "NaN" not in (tmp_path / "metrics.json").read_text()
    assert json.loads((tmp_path / "environment.json").read_text())["versions"]["torch"]


def test_a_wrong_config_names_every_mistake() -> None:
    with pytest.raises(ConfigError, match=r"run.yaml: .*train.epochs.*given: 0.*no_such"):
        RunConfig.from_mapping({"model": "mlp", "train": {"epochs": 0}, "no_such": 1}, "run.yaml")


def test_an_empty_part_is_refused(table: Events) -> None:
    with pytest.raises(DataError, match="none of the three may be empty"):
        Parts.of(table, (0.9, 0.1, 0.0), 0)
