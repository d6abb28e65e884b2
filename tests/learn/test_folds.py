from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.data import Events
from kaon.errors import ConfigError, DataError
from kaon.evaluate import auc
from kaon.learn.config import TrainConfig
from kaon.learn.fit import Progress
from kaon.learn.folds import begun, cross_train


def test_every_event_is_scored_by_a_model_that_never_saw_it(table: Events) -> None:
    predictions, taggers = cross_train("bdt", table, 3, options={"trees": 10}, validation=0.0)
    assert len(taggers) == 3
    assert np.array_equal(predictions.index, table.index)  # type: ignore[arg-type]  # there is one
    assert np.array_equal(predictions.labels, table.labels)
    for number, tagger in enumerate(taggers):
        mine = predictions.spectators["fold"] == number
        assert np.array_equal(tagger.predict(table).score[mine], predictions.score[mine])
    assert auc(predictions) > 0.65


def test_folds_do_not_overfit_where_one_model_does(table: Events) -> None:
    random = table.with_columns(x0=np.random.default_rng(1).permutation(np.asarray(table["x0"])))
    predictions, taggers = cross_train("bdt", random, 4, TrainConfig(), validation=0.0)
    assert auc(predictions) == pytest.approx(0.5, abs=0.06)
    assert auc(taggers[0].predict(random)) > 0.8


NET: dict[str, Any] = {"options": {"hidden": [8]}, "representation": "tabular"}
"""Options of a small network."""


class Stop(Exception):
    """The machine is switched off."""


def test_a_stopped_training_goes_on_and_ends_as_if_it_had_not_been_stopped(table: Events, tmp_path: Path) -> None:
    config = TrainConfig(epochs=3, batch_size=128)
    whole, taggers = cross_train("mlp", table, 3, config, folder=tmp_path / "whole", **NET)
    place, seen = tmp_path / "stopped", []

    def stopping(number: int) -> Progress:
        def follow(done: float, total: float, row: dict[str, float]) -> None:
            if number == 1 and done > 2:  # the checkpoint of two epochs is written
                raise Stop

        return follow

    def watching(number: int) -> Progress:
        return lambda done, total, row: seen.append((number, done)) if done == int(done) else None

    with pytest.raises(Stop):
        cross_train("mlp", table, 3, config, folder=place, progress=stopping, **NET)
    assert begun(place)
    assert {str(p.relative_to(place)) for p in place.rglob("*.*")} == {
        "folds.json",
        "fold0/bundle.kaon",
        "fold0/log.csv",
        "fold1/checkpoint.safetensors",
        "fold1/log.csv",
    }
    resumed, again = cross_train("mlp", table, 3, config, folder=place, progress=watching, **NET)
    # Fold 0 is not trained again, and fold 1 has only its last epoch left.
    assert sorted(set(seen)) == [(1, 3), (2, 1), (2, 2), (2, 3)]
    assert np.array_equal(whole.score, resumed.score)
    assert [len(t.training["log"]) for t in again] == [len(t.training["log"]) for t in taggers] == [3, 3, 3]
    assert not list(place.rglob("checkpoint.*"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"folds": 3}, "other settings"),
        ({"split_seed": 1}, "other settings"),
        ({"validation": 0.2}, "other settings"),
        ({"config": TrainConfig(seed=1)}, "other settings"),
        ({"options": {"trees": 6}}, "other settings"),
        ({"weight": np.full(1200, 2.0)}, "other events"),
    ],
)
def test_folds_of_something_else_are_not_used(change: dict[str, Any], says: str, table: Events, tmp_path: Path) -> None:
    given: dict[str, Any] = {"folds": 2, "options": {"trees": 5}, "folder": tmp_path}
    first, _ = cross_train("bdt", table, **given)
    same, _ = cross_train("bdt", table, **given)
    assert np.array_equal(first.score, same.score)
    events = replace(table, weight=change.pop("weight", None))
    kept = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    with pytest.raises(DataError, match=says):
        cross_train("bdt", events, **{**given, **change})
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == kept


def test_folds_of_an_own_model_are_loaded_again(table: Events, tmp_path: Path) -> None:
    source = tmp_path / "own.py"
    source.write_text("from kaon.models.bdt import BDT\n\nVARIANTS = {'own': BDT}\n")
    given: dict[str, Any] = {"options": {"trees": 5}, "folder": tmp_path / "folds"}
    first, _ = cross_train(str(source), table, 2, **given)
    again, taggers = cross_train(str(source), table, 2, **given)
    assert np.array_equal(first.score, again.score)
    assert len(taggers) == 2


def test_one_fold_is_refused(table: Events, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least 2"):
        cross_train("bdt", table, 1, folder=tmp_path)
    assert not list(tmp_path.iterdir())
