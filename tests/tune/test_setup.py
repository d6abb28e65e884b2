from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kaon.data.space import Choice, Integer, Real, Space
from kaon.errors import ConfigError, DataError
from kaon.learn import RunConfig, TrainConfig
from kaon.tune.objective import Objective
from kaon.tune.setup import Setup

SPACE: dict[str, Space] = {"hidden": Choice(((8,), (4, 4))), "dropout": Real(0, 0.5), "epochs": Integer(1, 3)}
SETUP = Setup(RunConfig(model="mlp", options={"dropout": 0.1}), SPACE, Objective("rejection"), "median", "abc")


def test_a_setup_survives_its_file(tmp_path: Path) -> None:
    SETUP.claim(tmp_path)
    SETUP.claim(tmp_path)
    made = Setup.load(tmp_path)
    assert made == SETUP
    assert list(made.space) == list(SPACE)
    assert not made.trees
    assert replace(SETUP, config=RunConfig(model="bdt")).trees


def test_another_search_is_refused_and_says_where_it_differs(tmp_path: Path) -> None:
    SETUP.claim(tmp_path)
    before = (tmp_path / "tune.json").read_text()
    other = replace(SETUP, config=RunConfig(model="mlp", train=TrainConfig(seed=1)), events="def")
    with pytest.raises(DataError, match=r"another config\.options\.dropout, config\.train\.seed, events"):
        other.claim(tmp_path)
    assert (tmp_path / "tune.json").read_text() == before
    replace(SETUP, config=SETUP.config.model_copy(update={"train": TrainConfig(threads=3)})).claim(tmp_path)


def test_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="allowed: median"):
        replace(SETUP, pruner="asha")  # type: ignore[arg-type]  # what a caller may write
    for text in ("{", "{}", json.dumps({"config": {}, "space": [["a", 3]]})):
        (tmp_path / "tune.json").write_text(text)
        with pytest.raises(DataError, match="damaged"):
            Setup.load(tmp_path)
