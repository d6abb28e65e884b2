from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from kaon.data import Predictions
from kaon.data.bundle import Bundle
from kaon.learn import RunConfig, load

QUICK = ("--epochs", 2, "--batch-size", 64)


def test_a_run_holds_everything(trained: Path) -> None:
    files = {str(path.relative_to(trained)) for path in trained.rglob("*") if path.is_file()}
    assert files == {
        "config.yaml",
        "environment.json",
        "events.json",
        "log.csv",
        "bundle.kaon",
        "metrics.json",
        "sample.json",
        "report.html",
        "predictions/train.parquet",
        "predictions/validation.parquet",
        "predictions/test.parquet",
    }
    config = RunConfig.from_mapping(yaml.safe_load((trained / "config.yaml").read_text()))
    assert (config.model, config.train.epochs, config.train.batch_size) == ("mlp", 3, 64)
    assert load(trained / "bundle.kaon").classes == ("qcd", "top")


def test_the_result_is_that_of_the_run_and_a_finished_run_is_kept(kaon: Any, jets_file: Path) -> None:
    words = ("train", jets_file, "--model", "mlp", *QUICK, "--seed", 3, "--json")
    first = kaon(*words)
    assert first.code == 0
    assert first.json["folder"] == "runs/mlp-seed3"
    assert first.json["metrics"] == json.loads(Path("runs/mlp-seed3/metrics.json").read_text())
    assert "mlp seed 3: training" in first.err
    again = kaon(*words)
    assert again.json["metrics"] == first.json["metrics"]
    assert "finished before" in again.err


def test_the_table_is_printed(kaon: Any, jets_file: Path) -> None:
    result = kaon("train", jets_file, "--model", "bdt", "--option", "trees=10", "-o", "run")
    assert result.code == 0
    assert "Model" in result.out
    assert "bdt" in result.out
    assert result.out.endswith("report  run/report.html\n")


def test_the_config_of_a_run_makes_the_same_run(kaon: Any, jets_file: Path) -> None:
    options = ("--option", "hidden=[16, 8]", "--limit", 300, "--split", "0.5,0.25,0.25", "--class-weights", "balanced")
    made = kaon("train", jets_file, "--model", "mlp", *QUICK, *options, "-o", "a", "--json")
    again = kaon("train", "--config", "a/config.yaml", "-o", "b", "--json")
    assert (made.code, again.code) == (0, 0)
    assert Path("a/config.yaml").read_text() == Path("b/config.yaml").read_text()
    settings = yaml.safe_load(Path("a/config.yaml").read_text())
    assert settings["data"] == {"path": [str(jets_file)], "limit": 300}
    assert settings["options"] == {"hidden": [16, 8]}
    assert settings["train"]["class_weights"] == "balanced"
    one, two = (Predictions.load(f"{run}/predictions/test.parquet").score for run in "ab")
    np.testing.assert_allclose(one, two, rtol=1e-6)
    other = kaon("train", "--config", "a/config.yaml", "--seed", 1, "-o", "c", "--json")
    assert other.json["metrics"]["seed"] == 1
    assert yaml.safe_load(Path("c/config.yaml").read_text())["options"] == {"hidden": [16, 8]}


def test_columns_of_a_table_as_features(kaon: Any, table_file: Path) -> None:
    words = ("train", table_file, "--label", "label", "--model", "bdt", "--features", "jet_mass,multiplicity")
    result = kaon(*words, "--option", "trees=10", "-o", "run", "--json")
    assert result.code == 0
    assert load("run/bundle.kaon").spec["features"].features == ("jet_mass", "multiplicity")
    assert result.json["metrics"]["auc"] > 0.8  # more prongs weigh more


def test_folds_score_every_event_once(kaon: Any, jets_file: Path) -> None:
    words = ("train", jets_file, "--model", "bdt", "--option", "trees=10", "--folds", 3, "-o", "run")
    result = kaon(*words, "--json")
    assert result.code == 0
    found = Predictions.load("run/predictions/test.parquet")
    assert found.index is not None
    assert sorted(found.index) == list(range(400))
    assert result.json["metrics"]["folds"] == 3
    assert sorted(map(str, Path("run").rglob("*.kaon"))) == [f"run/folds/fold{i}/bundle.kaon" for i in range(3)]
    assert Path("run/report.html").exists()
    assert kaon(*words, "--json").json["metrics"] == result.json["metrics"]
    Path("folds.yaml").write_text(yaml.safe_dump({"model": "bdt", "options": {"trees": 10}, "folds": 3}))
    assert kaon("train", jets_file, "--config", "folds.yaml", "-o", "run").code == 0
    other = kaon(*words[:-3], 4, "-o", "run")
    assert other.code == 3
    assert "not of 4 folds" in other.err


def test_folds_and_a_single_run_are_not_taken_for_each_other(kaon: Any, jets_file: Path) -> None:
    words = ("train", jets_file, "--model", "bdt", "--option", "trees=5")
    assert kaon(*words, "--folds", 2, "-o", "folds").code == 0
    assert kaon(*words, "-o", "single").code == 0
    before = {path: path.read_bytes() for path in Path().rglob("*.*") if path.is_file()}
    single = kaon(*words, "-o", "folds")
    assert (single.code, single.out) == (3, "")
    assert "holds a run of 2 folds, and this is a single run; give --folds 2" in single.err
    folds = kaon(*words, "--folds", 2, "-o", "single")
    assert (folds.code, folds.out) == (3, "")
    assert "holds a single run, not one of 2 folds" in folds.err
    assert {path: path.read_bytes() for path in Path().rglob("*.*") if path.is_file()} == before


def test_the_config_of_folds_makes_the_same_folds(kaon: Any, jets_file: Path) -> None:
    made = kaon("train", jets_file, "--model", "bdt", "--option", "trees=5", "--folds", 2, "-o", "a", "--json")
    again = kaon("train", "--config", "a/config.yaml", "-o", "b", "--json")
    assert (made.code, again.code) == (0, 0)
    assert Path("a/config.yaml").read_text() == Path("b/config.yaml").read_text()
    assert again.json["metrics"]["folds"] == 2
    assert again.json["metrics"]["auc"] == made.json["metrics"]["auc"]
    assert json.loads(Path("b/environment.json").read_text())["versions"]["kaon"]


@pytest.mark.parametrize("folds", ["three", True, 2.0, 1])
def test_a_config_with_a_wrong_number_of_folds(folds: object, kaon: Any, jets_file: Path) -> None:
    Path("folds.yaml").write_text(yaml.safe_dump({"model": "bdt", "folds": folds}))
    result = kaon("train", jets_file, "--config", "folds.yaml", "-o", "run")
    assert result.code == 2
    assert f"folds: {folds!r} given" in result.err
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("train", "--model", "mlp"), 2, "no files are given"),
        (("train", "JETS"), 2, "no model is named"),
        (("train", "JETS", "--model", "pnf"), 2, "did you mean pfn"),
        (("train", "JETS", "--model", "mlp", "--epochs", "0"), 2, "train.epochs"),
        (("train", "JETS", "--model", "mlp", "--epochs", "many"), 2, "given: 'many'"),
        (("train", "JETS", "--model", "mlp", "--option", "depth=3"), 2, "has no option depth"),
        (("train", "JETS", "--model", "mlp", "--config", "absent.yaml"), 2, "absent.yaml"),
        (("train", "JETS", "--model", "mlp", "--cut", "jet_pt > 1e9"), 3, "passes the cut"),
        (("train", "JETS", "--model", "mlp", "--cut", "jet_p > 1"), 2, "jet_pt"),
        (("train", "JETS", "--model", "mlp", "--limit", "0"), 2, "limit=0 reads nothing"),
        (("train", "JETS", "--model", "mlp", "--folds", "1"), 2, "at least 2"),
        (("train", "absent.h5", "--model", "mlp"), 3, "absent.h5 does not exist"),
        (("train", "JETS", "--signal", "JETS", "--background", "JETS", "--model", "mlp"), 2, "not both"),
    ],
)
def test_errors_say_what_to_do_and_write_nothing(
    words: tuple[str, ...], code: int, says: str, kaon: Any, jets_file: Path
) -> None:
    result = kaon(*(str(jets_file) if word == "JETS" else word for word in words))
    assert result.code == code
    last = result.err.splitlines()[-1]
    assert last.startswith("kaon: error: ")
    assert says in last
    assert result.out == ""
    assert not list(Path("runs").rglob("metrics.json"))


def test_a_folder_with_another_run_is_not_overwritten(kaon: Any, trained: Path, jets_file: Path) -> None:
    before = (trained / "metrics.json").read_bytes()
    result = kaon("train", jets_file, "--model", "bdt", "-o", trained)
    assert result.code == 3
    assert "other settings" in result.err
    assert (trained / "metrics.json").read_bytes() == before


def test_a_tagger_lends_its_features(kaon: Any, trained: Path, jets_file: Path) -> None:
    words = ("train", jets_file, "--model-from", trained / "bundle.kaon", "--freeze", "features", *QUICK)
    result = kaon(*words, "-o", "new", "--json")
    assert result.code == 0
    assert result.json["metrics"]["model"] == "mlp"
    old, new = (Bundle.load(run / "bundle.kaon") for run in (trained, Path("new")))
    assert new.training["start"]["name"] == "bundle.kaon"
    equal = {name: bool((new.tensors[name] == values).all()) for name, values in old.tensors.items()}
    assert {name for name, same in equal.items() if not same} == {"head.bias", "head.weight"}
    again = kaon("train", "--config", "new/config.yaml", "-o", "same", "--json")
    assert again.json["metrics"]["auc"] == result.json["metrics"]["auc"]
    folds = kaon(*words, "--folds", 2, "-o", "folds", "--json")
    assert load("folds/folds/fold1/bundle.kaon").training["start"]["freeze"] == "features", folds.err
    wrong = kaon("train", jets_file, "--freeze", "features", "--model", "mlp")
    assert wrong.code == 2
    assert "--model-from" in wrong.err
    other = kaon("train", jets_file, "--model-from", trained / "bundle.kaon", "--model", "pfn")
    assert other.code == 2
    assert "holds a mlp, not a pfn" in other.err
