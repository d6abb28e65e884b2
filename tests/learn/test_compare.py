from __future__ import annotations

import gc
import json
import weakref
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.data import Events, Predictions
from kaon.errors import ConfigError, DataError
from kaon.learn.compare import compare
from kaon.learn.config import TrainConfig
from kaon.learn.run import Parts, Run, RunConfig
from kaon.learn.tagger import Tagger
from kaon.learn.train import Prepared, prepare, train

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


def test_parts_that_are_split_already_and_seeds_by_model(table: Events, tmp_path: Path) -> None:
    parts = Parts.of(table, (0.5, 0.2, 0.2), 7)
    runs = compare(parts, configs("bdt", "mlp"), tmp_path, seeds={"bdt": 1, "mlp": 2})
    assert [(r.metrics["model"], r.metrics["seed"]) for r in runs] == [("bdt", 0), ("mlp", 0), ("mlp", 1)]
    for run in runs:
        for name in ("train", "validation", "test"):
            found = Predictions.load(run.folder / "predictions" / f"{name}.parquet")
            np.testing.assert_array_equal(found.index, getattr(parts, name).index)
    assert json.loads((tmp_path / "comparison.json").read_text())["seeds"] == [0, 1]


def test_events_are_represented_once_a_representation_and_then_forgotten(
    table: Events, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[Any]] = []
    alive: list[int] = []

    def counting(*arguments: Any) -> Prepared:
        gc.collect()
        alive.append(sum(r() is not None for r in made))
        prepared = prepare(*arguments)
        made.append(weakref.ref(prepared.representation))
        return prepared

    monkeypatch.setattr(import_module("kaon.learn.compare"), "prepare", counting)  # the function has its name
    narrow = RunConfig(model="mlp", train=QUICK, representation_options={"features": [table.fields[0]]})
    compare(table, [*configs("bdt"), narrow], tmp_path, seeds=2)
    assert alive == [0, 0], "the arrays of the first representation are gone when the second is made"
