from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import typer

from kaon.cli.options import DATA, Command, Files, names, pairs, read_arguments, takes
from kaon.data.io import read
from kaon.datasets import uci_higgs
from kaon.errors import ConfigError, UnknownName


def test_every_argument_of_read_is_an_option() -> None:
    assert {parameter.name for parameter in DATA} - {"dataset"} == set(inspect.signature(read).parameters) - {"path"}


def parsed(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    @takes(*DATA)
    def command(files: Files = None, **given: Any) -> None:
        found.update(read_arguments(files, given))

    app = typer.Typer(add_completion=False)
    app.command(cls=Command)(command)
    with typer.main.get_command(app).make_context("kaon", list(words)) as context:
        context.command.invoke(context)
    return found


def test_only_what_is_given_is_passed_on() -> None:
    assert parsed("a.h5") == {"path": ["a.h5"]}
    assert parsed() == {}


def test_all_data_options() -> None:
    words = (
        "a.root b.root --label y --weight w --index n --columns Jet_*,pt --columns eta --cut pt>3 --explode Jet "
        "--drop-invalid --missing -999 --limit 7 --classes q,g --tree t --layout kaon --format root --header no"
    )
    assert parsed(*words.split()) == {
        "path": ["a.root", "b.root"],
        "label": "y",
        "weight": "w",
        "index": "n",
        "columns": ["Jet_*", "pt", "eta"],
        "cut": "pt>3",
        "explode": "Jet",
        "drop_invalid": True,
        "missing": -999.0,
        "limit": 7,
        "classes": ["q", "g"],
        "tree": "t",
        "layout": "kaon",
        "format": "root",
        "header": False,
    }


def test_signal_and_background_take_several_files() -> None:
    found = parsed("--signal", "a", "--background", "b", "c", "--limit", "3", "--background", "d")
    assert found == {"signal": ["a"], "background": ["b", "c", "d"], "limit": 3}


@pytest.mark.parametrize("first", [("--signal=a",), ("--signal", "a")])
def test_the_first_file_may_follow_an_equals_sign(first: tuple[str, ...]) -> None:
    assert parsed(*first, "b", "c", "--background=d", "--limit=3") == {
        "signal": ["a", "b", "c"],
        "background": ["d"],
        "limit": 3,
    }
    assert parsed("x.h5", "--label=y", "z.h5") == {"path": ["x.h5", "z.h5"], "label": "y"}


def test_zero_is_given() -> None:
    assert parsed("a.h5", "--limit", "0") == {"path": ["a.h5"], "limit": 0}
    assert parsed("a.h5", "--cut", "") == {"path": ["a.h5"], "cut": ""}


@pytest.mark.parametrize(("word", "value"), [("yes", True), ("no", False), ("a, b", ["a", "b"])])
def test_header(word: str, value: object) -> None:
    assert parsed("x.csv", "--header", word)["header"] == value


def test_names_ignore_empty_words() -> None:
    assert names(["a,,b", " c "]) == ["a", "b", "c"]
    assert names(None) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 1e-3),
        ("0.5", 0.5),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ("none", None),
        ("null", None),
        ("a=b", "a=b"),
    ],
)
def test_values_of_pairs(text: str, value: object) -> None:
    assert pairs([f"name={text}"], "--option") == {"name": value}


@pytest.mark.parametrize("word", ["name", "=3", "name=[1"])
def test_malformed_pairs(word: str) -> None:
    with pytest.raises(ConfigError, match="--option"):
        pairs([word], "--option")


def test_a_data_set_tells_how_its_file_is_read_and_options_override_it(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(",".join(["1"] * 29) + "\n" + ",".join(["0"] * 29) + "\n")
    found = parsed(str(file), "--dataset", "uci_higgs", "--columns", "m_*")
    assert found["header"] == ["label", *uci_higgs.FEATURES]
    assert (found["label"], found["columns"]) == ("label", ["m_*"])
    assert len(read(**found).fields) == 7
    assert parsed("train-images-idx3-ubyte", "--dataset", "mnist")["classes"] == list("0123456789")
    of_classes = parsed("--signal", str(file), "--background", str(file), "--dataset", "uci_higgs")
    assert not {"label", "classes", "dataset"} & set(of_classes)


def test_a_data_set_without_files_or_unknown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none are given"):
        parsed("--dataset", "uci_higgs")
    with pytest.raises(UnknownName, match="uci_higgs"):
        parsed("a.csv", "--dataset", "uci_higs")
