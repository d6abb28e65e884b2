from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kaon.data.space import Choice, Integer, Real
from kaon.errors import DataError
from kaon.learn import RunConfig, TrainConfig
from kaon.tune.objective import Objective
from kaon.tune.setup import Pruner, Setup
from kaon.tune.storage import Store, opened

pytest.importorskip("optuna", reason="needs the extra tune")


def setup(seed: int = 0, pruner: Pruner = "median", **space: Any) -> Setup:
    ranges = space or {"dropout": Real(0, 0.5), "hidden": Choice(((8,), (128, 128, 128)))}
    return Setup(RunConfig(model="mlp", train=TrainConfig(seed=seed)), ranges, Objective(), pruner, "")


def settings(store: Store, count: int, first: int = 0) -> list[dict[str, Any]]:
    made = []
    for ticket in range(first, first + count):
        trial, values, *_ = store.begin(ticket)
        store.end(trial, float(values["dropout"]))
        made.append(values)
    return made


def test_the_first_trial_is_what_is_used_without_a_search(tmp_path: Path) -> None:
    with opened(setup(), tmp_path) as store:
        store.prepare()
        first, second = settings(store, 2)
        assert first == {"dropout": 0.0, "hidden": (128, 128, 128)}
        assert second != first
        assert [t.default for t in store.trials] == [True, False]


def test_trials_follow_from_the_seed_even_if_interrupted(tmp_path: Path) -> None:
    def made(name: str, seed: int, stops: int, count: int = 12) -> list[dict[str, Any]]:
        (tmp_path / name).mkdir()
        with opened(setup(seed), tmp_path / name) as store:
            store.prepare()
            found = settings(store, 4)
            if stops:
                interrupted, values, folder, _ = store.begin(4)
                interrupted.report(0.3, 1)
        with opened(setup(seed), tmp_path / name) as store:
            store.prepare()
            if stops:
                again, same, home, before = store.begin(4)
                assert (same, home) == (values, folder), "the same settings in the same folder"
                assert before == {1}, "what it reported before the stop"
                store.end(again, float(same["dropout"]))
                found.append(same)
            found += settings(store, count - 4 - stops, 4 + stops)
            assert len(store.trials) == len(found)
            assert [t.state for t in store.trials] == ["complete"] * len(found)
        return found

    whole = made("whole", 0, 0)
    assert len(whole) == 12, "more than are drawn at random"
    assert made("stopped", 0, 1) == whole
    assert made("other", 1, 0, 4)[1:] != whole[1:4]


def test_importances_find_what_matters(tmp_path: Path) -> None:
    with opened(setup(dropout=Real(0, 0.5), epochs=Integer(1, 9)), tmp_path) as store:
        settings(store, 5)
        assert store.importances() == {}, "too few"
        settings(store, 15, 5)
        found = store.importances()
    assert list(found) == ["dropout", "epochs"]
    assert found["dropout"] > 0.9
    assert sum(found.values()) == pytest.approx(1)


@pytest.mark.parametrize(("pruner", "stopped"), [("median", True), ("none", False)])
def test_a_trial_below_the_median_is_stopped(tmp_path: Path, pruner: Pruner, stopped: bool) -> None:
    with opened(setup(pruner=pruner), tmp_path) as store:
        for ticket in range(6):
            trial, *_ = store.begin(ticket)
            trial.report(0.8 + ticket / 100, 10)
            store.end(trial, 0.8)
        trial, *_ = store.begin(6)
        trial.report(0.5, 10)
        assert bool(trial.should_prune()) is stopped
        store.end(trial, None)
        assert [t.state for t in store.trials][-1] == "pruned"
        assert store.trials[-1].curve == (0.5,)


def test_a_file_that_is_no_search(tmp_path: Path) -> None:
    (tmp_path / "trials.db").write_text("This is not a database, but it is long enough to look at." * 20)
    with pytest.raises(DataError, match="cannot be opened"), opened(setup(), tmp_path):
        pass
