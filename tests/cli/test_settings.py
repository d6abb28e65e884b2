from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from kaon.cli.main import command
from kaon.cli.settings import RUN, START, TRAIN, argument_help, data_arguments, merged, read_config
from kaon.errors import ConfigError
from kaon.learn import RunConfig, StartConfig, TrainConfig


@pytest.mark.parametrize("model", [RunConfig, TrainConfig])
def test_every_field_is_documented(model: type[BaseModel]) -> None:
    assert set(argument_help(model)) >= set(model.model_fields)


def test_every_field_has_an_option_of_train() -> None:
    options = {parameter.name for parameter in command("train").params}
    fields = (set(RunConfig.model_fields) - {"train", "data", "start"}) | set(TrainConfig.model_fields)
    fields |= set(StartConfig.model_fields) - {"fingerprint"}
    assert fields <= options
    assert {p.name for p in (*RUN, *TRAIN)} <= fields


@pytest.mark.parametrize("name", sorted(set(RunConfig.model_fields) - {"train", "data", "model", "start"}))
def test_every_option_of_a_run_reaches_its_field(name: str) -> None:
    words = {
        "options": ["leaves=7", "l2=0.5"],
        "representation": "tabular",
        "representation_options": ["features=[a, b]"],
        "split": "0.5,0.25,0.25",
        "split_seed": "3",
        "spectators": "jet_pt",
    }
    wanted = {
        "options": {"leaves": 7, "l2": 0.5},
        "representation": "tabular",
        "representation_options": {"features": ["a", "b"]},
        "split": (0.5, 0.25, 0.25),
        "split_seed": 3,
        "spectators": ("jet_pt",),
    }
    config = RunConfig.from_mapping({"model": "bdt", **merged({}, {name: words[name]})})
    assert getattr(config, name) == wanted[name]


@pytest.mark.parametrize(
    ("name", "word", "value"),
    [
        ("epochs", "3", 3),
        ("learning_rate", "1e-4", 1e-4),
        ("optimizer", "sgd", "sgd"),
        ("gradient_clip", "1.5", 1.5),
        ("gradient_clip", "none", None),
        ("patience", "4", 4),
        ("deform", ["flip=0.5", "crop=4"], {"flip": 0.5, "crop": 4}),
        ("negative_weights", "abs", "abs"),
        ("flatten", "jet_pt,jet_mass", ("jet_pt", "jet_mass")),
        ("flatten", "none", ()),
        ("tensorboard", True, True),
        ("seed", "9", 9),
    ],
)
def test_options_of_the_training_override_the_file(name: str, word: object, value: object) -> None:
    file = {"model": "pfn", "train": {"epochs": 50, "seed": 1, "gradient_clip": 2.0, "flatten": ["jet_pt"]}}
    config = RunConfig.from_mapping(merged(file, {name: word}))
    assert getattr(config.train, name) == value
    if name != "epochs":
        assert config.train.epochs == 50


def test_options_of_the_model_are_added_to_those_of_the_file() -> None:
    made = merged({"options": {"leaves": 7, "trees": 10}}, {"options": ["trees=20"]})
    assert made["options"] == {"leaves": 7, "trees": 20}


def test_a_wrong_value_is_named_with_what_is_allowed() -> None:
    with pytest.raises(ConfigError, match=r"train\.optimizer.*'adamw', 'adam', 'sgd'.*'lion'"):
        RunConfig.from_mapping({"model": "pfn", **merged({}, {"optimizer": "lion"})})


def test_files_replace_those_of_the_settings_and_keep_the_rest() -> None:
    section = {"path": ["a.h5"], "label": "y", "limit": 5}
    assert data_arguments(["b.h5"], {"limit": 7}, section) == {"path": ["b.h5"], "label": "y", "limit": 7}
    assert data_arguments(None, {}, section) == section
    given = {"signal": ["s"], "background": ["b"]}
    assert data_arguments(None, given, {"path": ["a.h5"], "limit": 5}) == {**given, "limit": 5}


@pytest.mark.parametrize("section", [None, {}, {"label": "y"}, {"path": ["a"], "lable": "y"}, ["a.h5"]])
def test_data_that_cannot_be_read(section: Any) -> None:
    with pytest.raises(ConfigError, match=r"no files|cannot be set|not a section"):
        data_arguments(None, {}, section)


def test_a_config_file_is_read(tmp_path: Path) -> None:
    config = RunConfig(model="pfn", options={"phi": [8, 8]}, data={"path": ["a.h5"]})
    path = tmp_path / "run.yaml"
    path.write_text(config.to_yaml())
    assert RunConfig.from_mapping(merged(read_config(path), {})) == config
    assert read_config(None) == {}


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", ""])
def test_a_config_file_without_settings(text: str, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"run\.yaml"):
        read_config(path)
    with pytest.raises(ConfigError, match="absent"):
        read_config(tmp_path / "absent.yaml")


def test_the_help_names_kind_and_default_of_every_field() -> None:
    texts = {p.name: p.annotation.__metadata__[0] for p in TRAIN}
    assert texts["epochs"].metavar == "N"
    assert "[default: 20]" in texts["epochs"].help
    assert texts["optimizer"].metavar == "adamw|adam|sgd|rmsprop|adadelta"


def test_a_field_that_must_be_given_tells_of_no_default() -> None:
    texts = {p.name: p.annotation.__metadata__[0].help for p in (*RUN, *START, *TRAIN)}
    assert "[default" not in texts["model_from"]
    assert not [name for name, text in texts.items() if "Undefined" in text]
