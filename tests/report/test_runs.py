from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kaon.data import Predictions
from kaon.errors import DataError, KaonWarning
from kaon.report import load


def test_comparison_has_every_run_in_the_order_asked_for(comparison_directory: Path) -> None:
    found = load(comparison_directory)
    assert [(r.model, r.seed) for r in found.runs] == [(m, s) for m in ("bdt", "topodnn", "pfn") for s in (0, 1, 2)]
    assert list(found.models) == ["bdt", "topodnn", "pfn"]
    assert found.classes == ("qcd", "top")
    assert found.info["source"] == "jets.h5"
    assert found.sample is not None
    assert found.sample["provenance"]["source"] == "top-tagging"


def test_run_holds_what_is_in_its_files(comparison_directory: Path) -> None:
    run = load(comparison_directory).runs[4]
    folder = comparison_directory / "runs" / run.name
    assert dict(run.metrics) == json.loads((folder / "metrics.json").read_text())
    assert set(run.predictions) == {"train", "validation", "test"}
    np.testing.assert_array_equal(
        run.predictions["test"].score, Predictions.load(folder / "predictions/test.parquet").score
    )
    assert list(run.log["epoch"]) == list(range(20))
    assert run.config["train"]["epochs"] == 20
    assert run.environment["versions"] == {"kaon": "0.1.0"}


def test_single_run_directory(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    found = load(run_writer(tmp_path / "mine", "pfn", 7))
    assert [(r.name, r.model, r.seed) for r in found.runs] == [("mine", "pfn", 7)]
    assert found.sample is None
    assert not found.info


def test_without_comparison_json_runs_come_by_name_then_by_seed_as_a_number(
    run_writer: Callable[..., Path], tmp_path: Path
) -> None:
    for model, seed in (("pfn", 10), ("pfn", 2), ("bdt", 3)):
        run_writer(tmp_path / "runs" / f"{model}-seed{seed}", model, seed)
    assert [(r.model, r.seed) for r in load(tmp_path).runs] == [("bdt", 3), ("pfn", 2), ("pfn", 10)]


@pytest.mark.parametrize("damage", ["missing", "cut short", "not an object", "no parquet"])
def test_unfinished_run_is_left_out_with_a_warning(
    run_writer: Callable[..., Path], tmp_path: Path, damage: str
) -> None:
    run_writer(tmp_path / "runs" / "bdt-seed0", "bdt", 0)
    broken = run_writer(tmp_path / "runs" / "pfn-seed0", "pfn", 0)
    metrics = broken / "metrics.json"
    if damage == "missing":
        metrics.unlink()
    elif damage == "cut short":
        metrics.write_text(metrics.read_text()[:40])
    elif damage == "not an object":
        metrics.write_text("[1, 2]")
    else:
        (broken / "predictions/test.parquet").write_bytes(b"PAR1")
    with pytest.warns(KaonWarning, match="pfn-seed0 is not finished"):
        found = load(tmp_path)
    assert [r.name for r in found.runs] == ["bdt-seed0"]


def test_log_with_holes_and_a_torn_last_line_has_nan_there(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    folder = run_writer(tmp_path / "run", "pfn", 0)
    (folder / "log.csv").write_text("epoch,train_loss,validation_loss\n0,0.5,\n1,0.4,0.45\n2,0.")
    log = load(folder).runs[0].log
    np.testing.assert_array_equal(log["train_loss"], [0.5, 0.4, 0.0])
    np.testing.assert_array_equal(log["validation_loss"], [np.nan, 0.45, np.nan])


def test_only_what_is_needed_is_needed(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    folder = run_writer(tmp_path / "run", "pfn", 0)
    for name in ("config.yaml", "environment.json", "log.csv", "predictions/train.parquet"):
        (folder / name).unlink()
    run = load(folder).runs[0]
    assert not run.config
    assert not run.environment
    assert not run.log
    assert set(run.predictions) == {"validation", "test"}


@pytest.mark.parametrize("what", ["absent", "a file", "empty", "none finished"])
def test_other_directories_are_a_clear_error(tmp_path: Path, what: str) -> None:
    place = tmp_path / "x"
    if what == "a file":
        place.write_text("")
    elif what == "empty":
        place.mkdir()
    elif what == "none finished":
        (place / "runs" / "pfn-seed0").mkdir(parents=True)
    words = {"absent": "not a directory", "a file": "not a directory", "empty": "neither", "none finished": "none of"}
    if what == "none finished":
        with pytest.warns(KaonWarning), pytest.raises(DataError, match=words[what]):
            load(place)
    else:
        with pytest.raises(DataError, match=words[what]):
            load(place)


def test_damaged_single_run_is_an_error(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    folder = run_writer(tmp_path / "run", "pfn", 0)
    (folder / "metrics.json").write_text("{")
    with pytest.raises(DataError, match=r"metrics\.json"):
        load(folder)
