from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kaon.cli.compare import settings_by_model
from kaon.errors import ConfigError

QUICK = ("--epochs", 1, "--batch-size", 64, "--option", "bdt.trees=10")
NONE: dict[str, Any] = {"options": None, "features": None}


def test_a_comparison_and_its_repetition(kaon: Any, jets_file: Path) -> None:
    words = ("compare", jets_file, "--models", "bdt,mlp", "--seeds", 2, *QUICK, "-o", "here")
    first = kaon(*words)
    assert first.code == 0
    assert first.out.rstrip().endswith("report  here/report.html")
    assert "bdt ×2" in first.out
    assert Path("here/report.html").stat().st_size > 100_000
    runs = sorted(path.name for path in Path("here/runs").iterdir())
    assert runs == ["bdt-seed0", "bdt-seed1", "mlp-seed0", "mlp-seed1"]
    written = {run: Path(f"here/runs/{run}/metrics.json").stat().st_mtime_ns for run in runs}

    (Path("here/runs/mlp-seed1") / "metrics.json").unlink()
    again = kaon(*words, "--json")
    assert again.err.count("finished before") == 3
    for run in runs[:3]:
        assert Path(f"here/runs/{run}/metrics.json").stat().st_mtime_ns == written[run]
    numbers = {(run["model"], run["seed"]): run["auc"] for run in again.json["runs"]}
    assert numbers["mlp", 1] == json.loads(Path("here/runs/mlp-seed1/metrics.json").read_text())["auc"]
    assert again.json["best"] in ("bdt", "mlp")
    assert again.json["summary"][0].startswith(again.json["best"])


def test_models_and_seeds_from_a_file(kaon: Any, jets_file: Path) -> None:
    settings = {"models": ["bdt"], "seeds": 2, "data": {"path": str(jets_file)}, "options": {"trees": 5}}
    Path("compare.yaml").write_text(yaml.safe_dump(settings))
    result = kaon("compare", "--config", "compare.yaml", "--seeds", 1, "--json")
    assert [(run["model"], run["seed"]) for run in result.json["runs"]] == [("bdt", 0)]
    assert yaml.safe_load(Path("comparison/runs/bdt-seed0/config.yaml").read_text())["options"] == {"trees": 5}


def test_signal_and_background_files(kaon: Any, jets: Any) -> None:
    from kaon.data.io import write

    bare = type(jets)(jets.array[["jet_pt", "jet_mass"]])
    for name, chosen in (("top", jets.target == 1), ("qcd1", jets.index < 200), ("qcd2", jets.index >= 200)):
        write(bare.take(chosen & (jets.target == (name == "top"))), f"{name}.parquet")
    words = ("compare", "--signal", "top.parquet", "--background", "qcd1.parquet", "qcd2.parquet", "--models", "bdt")
    result = kaon(*words, "--option", "trees=10", "--json")
    assert result.code == 0, result.err
    assert result.json["runs"][0]["auc"] > 0.8


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("JETS",), 2, "name at least one model"),
        (("JETS", "--models", "bdt,bdt"), 2, "each only once"),
        (("JETS", "--models", "bdt", "--seeds", "0"), 2, "seeds=0"),
        (("JETS", "--models", "bdt", "--option", "pfn.phi=[3]"), 2, "pfn is not among the models"),
        (("JETS", "--models", "pfn", "--features", "jet_pt"), 2, "plain columns"),
        (("JETS", "--models", "bdt", "--label", "jet_mas > 20"), 2, "jet_mass"),
        (("JETS", "--models", "bdt", "--seed", "3"), 2, "--seed"),
    ],
)
def test_errors(words: tuple[str, ...], code: int, says: str, kaon: Any, jets_file: Path) -> None:
    result = kaon("compare", *(str(jets_file) if word == "JETS" else word for word in words))
    assert result.code == code
    assert says in result.err
    assert not Path("comparison").exists()


def test_options_of_one_model_and_of_all() -> None:
    given = {**NONE, "options": ["bdt.trees=5", "width=3"]}
    bdt, mlp = settings_by_model(["bdt", "mlp"], {"options": {"depth": 2}}, given, "options")
    assert bdt.options == {"depth": 2, "trees": 5, "width": 3}
    assert mlp.options == {"depth": 2, "width": 3}


def test_features_are_for_the_models_that_read_columns() -> None:
    given = {**NONE, "features": ["jet_pt,jet_mass"]}
    bdt, pfn = settings_by_model(["bdt", "pfn"], {}, given, "options")
    assert (bdt.representation, bdt.representation_options) == ("tabular", {"features": ["jet_pt", "jet_mass"]})
    assert (pfn.representation, pfn.representation_options) == (None, {})


def test_a_wrong_setting_names_its_file() -> None:
    with pytest.raises(ConfigError, match=r"my\.yaml: train\.epochz"):
        settings_by_model(["bdt"], {"train": {"epochz": 3}}, NONE, "my.yaml")
