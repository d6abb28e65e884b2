from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kaon.cli.tune import objective_of
from kaon.errors import ConfigError
from kaon.tune import Objective

pytest.importorskip("optuna", reason="needs the extra tune")

QUICK = ("--epochs", 1, "--batch-size", 64, "--threads", 1)


def test_a_search_and_what_follows_from_it(kaon: Any, table_file: Path) -> None:
    words: tuple[Any, ...] = (
        "tune",
        table_file,
        "--label",
        "label",
        "--model",
        "mlp",
        "-n",
        2,
        *QUICK,
        "--learning-rate",
        0.01,
    )
    words = (*words, "--search", "hidden=[4],[128, 128, 128]", "--option", "dropout=0.1")
    first = kaon(*words)
    assert first.code == 0, first.err
    assert "trial 0: 0." in first.err
    assert first.out.rstrip().endswith("report    tune/mlp/report.html")
    again = kaon(*words, "--json").json
    assert again["trials"] == {"complete": 2, "pruned": 0, "failed": 0}
    assert set(again["best"]["settings"]) == {"hidden", "weight_decay"}, "what an option gives is not varied"
    assert Path(again["report"]).stat().st_size > 100_000
    settings = yaml.safe_load(Path(again["config"]).read_text())
    assert settings["options"]["dropout"] == 0.1
    assert settings["options"]["hidden"] == again["best"]["settings"]["hidden"]
    trained = kaon("train", "--config", again["config"], "-o", "again", "--json").json
    assert trained["metrics"]["auc"] == again["test"]["auc"], "the file makes the same model"


def test_settings_from_a_file(kaon: Any, table_file: Path) -> None:
    search = {"leaves": "4..16:log", "l2": {"low": 0.0, "high": 1.0}, "max_depth": [3, 5]}
    objective = {"kind": "significance", "signal_events": 10, "background_events": 100}
    settings = {"model": "bdt", "search": search, "objective": objective, "options": {"trees": 10}}
    fixed = ("learning_rate", "min_child_samples", "row_fraction", "feature_fraction", "min_hessian", "bins")
    settings["data"] = {"path": str(table_file), "label": "label"}
    Path("tune.yaml").write_text(yaml.safe_dump(settings))
    result = kaon(
        "tune",
        "--config",
        "tune.yaml",
        "-n",
        1,
        "--json",
        "--background-uncertainty",
        0.1,
        "--search",
        "l2=1..2",
        "--threads",
        1,
    )
    assert result.code == 0, result.err
    best = result.json["best"]["settings"]
    assert {"leaves", "l2", "max_depth"} <= set(best) <= {"leaves", "l2", "max_depth", *fixed}
    assert type(best["l2"]) is int
    assert 1 <= best["l2"] <= 2
    assert result.json["objective"].startswith("Asimov significance of the best cut (10 signal, 100 ± 10%")


def test_jets(kaon: Any, jets_file: Path) -> None:
    result = kaon("tune", jets_file, "--model", "pfn", "-n", 1, *QUICK, "--objective", "rejection", "--json")
    assert result.code == 0, result.err
    assert result.json["objective"] == "1/εB at 0.3"
    assert result.json["test"]["representation"] == "momentum_fractions"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--model", "mlp", "-n", 0), 2, "trials=0"),
        ((), 2, "no model is named"),
        (("--model", "mpl"), 2, "did you mean mlp"),
        (("--model", "mlp", "--search", "dropuot=0..1"), 2, "did you mean dropout"),
        (("--model", "mlp", "--search", "dropout=1..0"), 2, "must rise"),
        (("--model", "mlp", "--objective", "loss"), 2, "allowed: auc"),
        (("--model", "mlp", "--objective", "significance"), 2, "--signal-events"),
        (("--model", "mlp", "--pruner", "asha"), 2, "median"),
    ],
)
def test_errors_are_told_before_anything_is_read(words: tuple[Any, ...], code: int, says: str, kaon: Any) -> None:
    result = kaon("tune", "nothing.h5", *words)
    assert result.code == code
    assert says in result.err
    assert not Path("tune").exists()


def test_an_objective_from_options_and_file() -> None:
    assert objective_of({}) == Objective()
    assert objective_of({"signal_efficiency": 0.5}, "rejection") == Objective("rejection", 0.5)
    for stored in (3, {"name": "auc"}, "loss"):
        with pytest.raises(ConfigError, match="objective"):
            objective_of({}, stored)
