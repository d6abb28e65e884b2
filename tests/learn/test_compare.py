from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.data import Events
from kaon.errors import ConfigError, DataError
from kaon.learn.compare import compare
from kaon.learn.config import TrainConfig
from kaon.learn.run import Run, RunConfig
from kaon.learn.tagger import Tagger
from kaon.learn.train import train

QUICK = TrainConfig(epochs=2, learning_rate=0.01)


def configs(*models: str) -> list[RunConfig]:
    return [RunConfig(model=m, train=QUICK, options={"trees": 10} if m == "bdt" else {}) for m in models]


def test_every_model_with_every_seed_on_the_same_events(table: Events, tmp_path: Path) -> None:
    told: list[tuple[str, int, bool]] = []
    runs = compare(
        table,
        configs("bdt", "mlp"),
        tmp_path,
        seeds=2,
        reporter=lambda model, seed, run: told.append((model, seed, run is not None)),
    )
    assert [(r.metrics["model"], r.metrics["seed"]) for r in runs] == [("bdt", 0), ("bdt", 1), ("mlp", 0), ("mlp", 1)]
    assert told[:2] == [("bdt", 0, False), ("bdt", 0, True)]
    assert len({json.dumps(r.metrics["events"]) for r in runs}) == 1
    assert runs[2].metrics["auc"] != runs[3].metrics["auc"]
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["bdt-seed0", "bdt-seed1", "mlp-seed0", "mlp-seed1"]
    assert json.loads((tmp_path / "comparison.json").read_text())["models"] == ["bdt", "mlp"]


def test_a_repeated_comparison_trains_only_what_is_missing(
    table: Events, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compare(table, configs("bdt"), tmp_path)
    trained: list[str] = []

    def counting(model: str, *arguments: Any, **options: Any) -> Tagger:
        trained.append(model)
        return train(model, *arguments, **options)

    monkeypatch.setattr("kaon.learn.run.train", counting)
    second = compare(table, configs("bdt", "mlp"), tmp_path)
    assert trained == ["mlp"]
    assert second[0].metrics == first[0].metrics


def test_a_model_that_cannot_use_the_events_is_found_before_training(table: Events, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="pfn needs"):
        compare(table, configs("bdt", "pfn"), tmp_path)
    assert not (tmp_path / "runs").exists()


def test_every_model_is_checked_before_the_first_is_trained(table: Events, tmp_path: Path) -> None:
    weighted = replace(table, weight=np.where(table.index % 9 == 0, -1.0, 1.0))
    with pytest.raises(ConfigError, match="bdt cannot be trained"):
        compare(weighted, configs("mlp", "bdt"), tmp_path)
    wrong = [*configs("mlp"), RunConfig(model="bdt", options={"tres": 3})]
    with pytest.raises(ConfigError, match="no option tres"):
        compare(table, wrong, tmp_path)
    assert not (tmp_path / "runs").exists()


def test_a_model_twice_or_none_is_refused(table: Events, tmp_path: Path) -> None:
    for models in ((), ("bdt", "bdt")):
        with pytest.raises(ConfigError, match="each only once"):
            compare(table, configs(*models), tmp_path)


def test_different_splits_cannot_be_compared(table: Events, tmp_path: Path) -> None:
    one, two = configs("bdt", "mlp")
    with pytest.raises(ConfigError, match="same split"):
        compare(table, [one, two.model_copy(update={"split_seed": 5})], tmp_path)


def test_finished_runs_can_be_opened(table: Events, tmp_path: Path) -> None:
    (run,) = compare(table, configs("bdt"), tmp_path)
    assert isinstance(run, Run)
    assert run.tagger().model_name == "bdt"
