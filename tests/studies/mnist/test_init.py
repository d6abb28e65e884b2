from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kaon.data import Predictions
from kaon.errors import ConfigError, DataError
from kaon.registry import lookup
from kaon.report import Comparison, RunRecord
from kaon.studies.base import perform
from kaon.studies.mnist import budget, errors


def record(wrong: int, count: int = 400, seed: int = 0) -> RunRecord:
    target = np.arange(count) % 10
    score = np.eye(10)[(target + (np.arange(count) < wrong)) % 10]
    made = Predictions(score, target, None, np.arange(count), tuple("0123456789"))
    return RunRecord(f"run{seed}", "net", seed, {}, {}, {"test": made})


def test_the_error_is_counted_in_per_cent_of_the_test_digits() -> None:
    found = errors([record(4), record(12, seed=1)], 1.7, "the lecture")
    assert found.obtained == pytest.approx(2)
    assert found.spread == pytest.approx(np.sqrt(2))
    assert found.error == pytest.approx(100 * np.sqrt((0.01 * 0.99 + 0.03 * 0.97) / 2 / 400))
    assert (found.seeds, found.published, found.source) == (2, 1.7, "the lecture")
    assert errors([record(4)]).spread is None
    assert errors([]).obtained is None


def test_the_budget_is_counted_from_the_epochs_that_were_trained() -> None:
    metrics = {"parameters": 1_000_000, "events": {"train": 50_000}}
    big = RunRecord("run", "big", 0, metrics, {"seconds": np.array([8.0, 10.0])}, config={"model": "big_deep_mlp"})
    (told,) = budget({"big": Comparison((big,)), "other": Comparison((record(3),))})
    assert "9.0 s" in told
    assert "2.5 hours" in told  # 1000 x 9 s
    assert "these 3·10¹⁴ take 0.5 minutes" in told  # 6 x 1e6 x 5e4 x 1000
    assert budget({"other": Comparison((record(3),))}) == []


def test_the_smoke_scale_runs(kaon_data: Path, tmp_path: Path) -> None:
    if not (kaon_data / "mnist").is_dir():
        pytest.skip("KAON_DATA holds no mnist")
    result, folder = perform(lookup("kaon.studies", "mnist"), "smoke", tmp_path)
    names = [row.name for row in result.rows]
    assert names[:4] == ["dense", "convolutions", "convolutions, deformed digits", "big and deep, deformed digits"]
    assert names[4].startswith("committee of 2, deformed")
    values = {row.name: row.values for row in result.rows}
    assert [values[n]["parameters"].obtained for n in names[:4]] == [669_706, 1_199_882, 1_199_882, 11_972_510]
    assert [values[n]["error"].published for n in names] == [1.7, 0.79, None, 0.35, 0.23]
    assert (values["dense"]["error"].obtained or 100) < 40, "1,100 digits teach something"
    assert values["dense"]["error"].seeds == 2
    page = (folder / "report.html").read_text()
    for title in ("Wrong validation digits by epoch", "Digits and their deformations", "Digits that are taken for"):
        assert title in page
    assert json.loads((folder / "table.json").read_text())["summary"]


def test_data_that_are_not_there_are_told(tmp_path: Path) -> None:
    study = lookup("kaon.studies", "mnist")
    with pytest.raises(DataError, match="does not hold MNIST"):
        perform(study, "smoke", tmp_path / "out", data=[str(tmp_path)])
    with pytest.raises(ConfigError, match="2 paths; mnist wants one folder"):
        perform(study, "smoke", tmp_path / "out", data=["a", "b"])
