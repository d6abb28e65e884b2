from __future__ import annotations

from pathlib import Path

import pytest

from kaon.data.space import Choice, Integer, Real, Space
from kaon.evaluate import auc
from kaon.learn import Parts, RunConfig, TrainConfig, train
from kaon.tune.attempt import ROUNDS, Bench, attempt, measure
from kaon.tune.objective import Objective
from kaon.tune.prepared import prepared
from kaon.tune.setup import Setup
from kaon.tune.storage import opened

pytest.importorskip("optuna", reason="needs the extra tune")


def bench(parts: Parts, folder: Path, model: str = "mlp", **options: object) -> Bench:
    config = RunConfig(model=model, options=options, train=TrainConfig(epochs=2, batch_size=64, threads=1))
    space: dict[str, Space] = {"hidden": Choice(((4,), (8,)))} if model == "mlp" else {"leaves": Integer(2, 8)}
    return Bench(Setup(config, space, Objective(), "none", ""), parts, prepared(config, parts), folder)


def test_the_objective_is_that_of_the_same_training_on_validation_events(parts: Parts, tmp_path: Path) -> None:
    made = bench(parts, tmp_path)
    alone = train("mlp", parts.train, parts.validation, made.setup.config.train, options={"hidden": [8]})
    assert measure(made, {"hidden": (8,)}) == auc(alone.predict(parts.validation))


def test_a_trial_reports_by_epoch_and_leaves_no_files(parts: Parts, tmp_path: Path) -> None:
    made, heard = bench(parts, tmp_path), list[int]()
    with opened(made.setup, tmp_path) as store:
        attempt(made, store, store.begin(0), lambda: heard.append(len(store.trials[0].steps)))
        (trial,) = store.trials
    assert (trial.state, trial.steps) == ("complete", (1, 2))
    assert trial.value == max(trial.curve) or trial.value in trial.curve, "the weights of one of the epochs"
    assert sorted(set(heard)) == [0, 1, 2]
    assert not any((tmp_path / "trials").iterdir())


def test_trees_report_by_round(parts: Parts, tmp_path: Path) -> None:
    made = bench(parts, tmp_path, "bdt", trees=60, early_stopping=0)
    with opened(made.setup, tmp_path) as store:
        attempt(made, store, store.begin(0), lambda: None)
        (trial,) = store.trials
    assert trial.steps == (ROUNDS, 2 * ROUNDS)
    assert all(level < 0 for level in trial.curve), "a loss, with the opposite sign"


def test_a_training_that_fails_is_a_failed_trial(parts: Parts, tmp_path: Path) -> None:
    made = bench(parts, tmp_path)
    space: dict[str, Space] = {"learning_rate": Real(1e30, 1e31, log=True)}
    made = Bench(Setup(made.setup.config, space, Objective(), "none", ""), made.parts, made.prepared, made.folder)
    with opened(made.setup, tmp_path) as store:
        attempt(made, store, store.begin(0), lambda: None)
        (trial,) = store.trials
    assert trial.state == "failed"
    assert "lower the learning rate" in trial.error
