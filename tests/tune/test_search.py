from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from kaon.data.space import Choice, Integer, Real, Space
from kaon.errors import ConfigError, DataError
from kaon.evaluate import auc
from kaon.files import locked
from kaon.learn import Parts, RunConfig, TrainConfig
from kaon.tune import load, search
from kaon.tune.record import Search, Trial

pytest.importorskip("optuna", reason="needs the extra tune")

QUICK = TrainConfig(epochs=2, batch_size=64, learning_rate=1e-2, weight_decay=0, threads=1)
SPACE: dict[str, Space] = {"hidden": Choice(((4,), (16,))), "dropout": Real(0, 0.5)}


def mlp(**train: Any) -> RunConfig:
    return RunConfig(model="mlp", train=QUICK.model_copy(update=train))


def found_settings(made: Search) -> list[tuple[Any, ...]]:
    return [(t.settings, t.state, t.value, t.curve) for t in made.trials]


class Stop(BaseException):
    """As Ctrl-C, where a test says so."""


def test_a_stopped_search_ends_as_one_that_was_not(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sys.modules["kaon.tune.search"], "_PAUSE", 0.0
    )  # told after every epoch, however quick the machine
    whole, run = search(parts, mlp(), tmp_path / "whole", trials=4, space=SPACE)
    assert whole.best is not None
    assert whole.best.value == max(t.value for t in whole.trials if t.value is not None)

    def stop(trials: Any, wanted: int) -> None:
        if sum(t.state == "complete" for t in trials) == 2:
            raise Stop

    with pytest.raises(Stop):
        search(parts, mlp(), tmp_path / "stopped", trials=4, space=SPACE, follow=stop)
    assert not (tmp_path / "stopped" / "best.yaml").exists()
    again, _ = search(parts, mlp(), tmp_path / "stopped", trials=4, space=SPACE)
    assert found_settings(again) == found_settings(whole)
    # The best run is an ordinary one with the settings of the best trial, and has its validation value.
    config = yaml.safe_load((tmp_path / "whole" / "best.yaml").read_text())
    assert config == yaml.safe_load((run.folder / "config.yaml").read_text())
    assert config["options"] == {
        "hidden": list(whole.best.settings["hidden"]),
        "dropout": whole.best.settings["dropout"],
    }
    assert auc(run.tagger().predict(parts.validation)) == whole.best.value
    assert run.metrics["auc"] == auc(run.tagger().predict(parts.test)) == whole.test["auc"]
    assert load(tmp_path / "whole") == whole
    assert not (tmp_path / "whole" / "trials").exists()


def test_more_trials_extend_a_search_and_the_same_number_repeats_nothing(parts: Parts, tmp_path: Path) -> None:
    first, _ = search(parts, mlp(), tmp_path, trials=2, space=SPACE)
    same, _ = search(parts, mlp(), tmp_path, trials=2, space=SPACE)
    assert same == first
    more, run = search(parts, mlp(), tmp_path, trials=3, space=SPACE)
    assert more.trials[:2] == first.trials
    assert len(more.trials) == 3
    assert more.best is not None
    assert run.tagger().options["hidden"] == list(more.best.settings["hidden"])


def test_trials_see_no_test_events(parts: Parts, tmp_path: Path) -> None:
    """With other test events, everything but the last number is the same."""
    shuffled = replace(parts.test, target=np.random.default_rng(0).permutation(parts.test.labels))
    other = Parts(parts.train, parts.validation, shuffled)
    one, _ = search(parts, mlp(), tmp_path / "one", trials=2, space=SPACE)
    two, _ = search(other, mlp(), tmp_path / "two", trials=2, space=SPACE)
    assert found_settings(one) == found_settings(two)
    assert one.test["auc"] > two.test["auc"] + 0.1


def test_trees(parts: Parts, tmp_path: Path) -> None:
    config = RunConfig(model="bdt", options={"trees": 60}, train=TrainConfig(threads=1))
    made, _ = search(parts, config, tmp_path, trials=2, space={"leaves": Integer(2, 31, log=True)})
    assert (made.curve, made.unit) == ("validation loss", "boosting round")
    assert all(0 < level < 1 for t in made.trials for level in t.curve)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"trials": 0}, ConfigError, "trials=0"),
        ({"workers": 2}, ConfigError, "config.data"),
        ({"config": RunConfig(model="mlp", options={"widths": 3})}, ConfigError, "no option widths"),
        ({"space": {"learning_rate": Real(1e30, 1e31)}}, ConfigError, "3 trials failed and none succeeded.*nan"),
    ],
)
def test_refusals(parts: Parts, tmp_path: Path, arguments: dict[str, Any], error: type, says: str) -> None:
    call = {"config": mlp(), "trials": 3, "space": SPACE, **arguments}
    config = call.pop("config")
    with pytest.raises(error, match=says):
        search(parts, config, tmp_path, **call)
    assert not (tmp_path / "best.yaml").exists()


def test_one_folder_is_for_one_search_and_one_process(parts: Parts, tmp_path: Path) -> None:
    search(parts, mlp(), tmp_path, trials=1, space=SPACE)
    with pytest.raises(DataError, match=r"another config\.train\.epochs"):
        search(parts, mlp(epochs=3), tmp_path, trials=1, space=SPACE)
    with locked(tmp_path / ".lock", ""), pytest.raises(DataError, match="another process tunes"):
        search(parts, mlp(), tmp_path, trials=1, space=SPACE)


def test_who_follows_hears_of_every_trial(parts: Parts, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []

    def follow(trials: list[Trial], wanted: int) -> None:
        heard.append((sum(t.state != "running" for t in trials), wanted))

    search(parts, mlp(), tmp_path, trials=2, space=SPACE, follow=follow)  # type: ignore[arg-type]  # a list is one
    assert heard[-1] == (2, 2)
    json.loads((tmp_path / "trials.json").read_text())
