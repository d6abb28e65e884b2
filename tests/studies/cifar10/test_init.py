from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from kaon.errors import ConfigError
from kaon.registry import lookup
from kaon.report import Comparison, RunRecord
from kaon.report.study import Value
from kaon.studies.base import perform
from kaon.studies.cifar10 import chosen, gain


def test_a_gain_carries_the_spread_of_both() -> None:
    assert gain(Value(0.7, 0.03, 3), Value(0.8, 0.04, 3)) == pytest.approx((0.1, 0.05))
    alone, spread = gain(Value(0.7), Value(0.6))
    assert alone == pytest.approx(-0.1)
    assert spread is None


def test_what_the_choice_of_the_epoch_means_is_said() -> None:
    log = {"validation_loss": np.array([2.0, 1.0, 3.0]), "validation_accuracy": np.array([0.2, 0.5, 0.75])}
    later = {"validation_loss": np.array([3.0, 2.0, 1.0]), "validation_accuracy": np.array([0.2, 0.5, 0.7])}
    said = chosen(Comparison(tuple(RunRecord(f"r{i}", "net", i, {}, one) for i, one in enumerate((log, later)))))
    assert "net 60.0% there and 72.5% in the last epoch" in said


def test_two_folders_are_too_many(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="wants one folder, that of CIFAR-10"):
        perform(lookup("kaon.studies", "cifar10"), "smoke", tmp_path, data=["a", "b"])


def test_the_smoke_scale_runs(kaon_data: Path, tmp_path: Path) -> None:
    if not (kaon_data / "cifar10").is_dir():
        pytest.skip("the folder of public data sets holds no CIFAR-10")
    study = lookup("kaon.studies", "cifar10")
    result, folder = perform(study, "smoke", tmp_path, seeds=1)
    assert [row.name for row in result.rows] == ["resnet_fast, plain", "resnet_fast, moved"]
    value = result.rows[1].values["accuracy"]
    assert value.published == 0.94
    assert value.obtained is not None
    held = study.scales["smoke"].settings["held"]["test"]
    assert value.error == pytest.approx(math.sqrt(value.obtained * (1 - value.obtained) / held))
    told = json.loads((folder / "table.json").read_text())
    assert "Flips and shifts change the accuracy of resnet_fast by" in " ".join(told["summary"])
    assert any("JPEG" in note for note in told["notes"]) == bool(list((kaon_data / "cifar10").glob("*jpeg*")))
    assert "Which pictures are taken for others?" in (folder / "report.html").read_text()
