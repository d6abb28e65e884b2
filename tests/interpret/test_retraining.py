"""Leaving variables out, and adding them, where the loss is known."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from scipy.stats import norm

from kaon.data import Events
from kaon.errors import ConfigError, UnknownName
from kaon.interpret.retraining import retrain
from kaon.learn.config import TrainConfig
from kaon.learn.run import Parts, RunConfig

CONFIG = RunConfig(model="fisher", train=TrainConfig(epochs=1))
VARIABLES = {"a": ("a",), "b": ("b",), "copy": ("copy",)}


@pytest.fixture
def parts() -> Parts:
    random = np.random.default_rng(0)
    target = random.integers(0, 2, 6000)
    columns = {name: random.normal(size=6000) + shift * target for name, shift in (("a", 1.0), ("b", 1.0))}
    columns["copy"] = columns["b"] + 0.01 * random.normal(size=6000)
    events = Events(ak.Array(columns), target, None, np.arange(6000), ("background", "signal"))
    return Parts.of(events, CONFIG.split, 0)


def test_what_no_other_variable_knows_is_lost(parts: Parts, tmp_path: Path) -> None:
    rows = retrain(CONFIG, parts, VARIABLES, tmp_path)
    assert [r.name for r in rows] == ["all", "without a", "without b", "without copy"]
    whole, without_a, without_b, _ = rows
    # two unit shifts: Fisher's AUC is Phi(sqrt(2) / sqrt(2)); one: Phi(1 / sqrt(2))
    assert whole.auc == pytest.approx(norm.cdf(1.0), abs=0.03)
    assert without_a.change == pytest.approx(norm.cdf(1 / np.sqrt(2)) - norm.cdf(1.0), abs=0.025)
    assert without_a.change < -4 * without_a.error
    assert abs(without_b.change) < 0.003  # its copy is still there
    assert (whole.change, whole.error, whole.spread) == (0.0, 0.0, None)
    assert without_a.columns == ("b", "copy")


def test_one_more_at_a_time_ends_with_all(parts: Parts, tmp_path: Path) -> None:
    rows = retrain(CONFIG, parts, VARIABLES, tmp_path, "with", seeds=2)
    assert [(r.name, r.columns) for r in rows] == [
        ("all", ("a", "b", "copy")),
        ("with a", ("a",)),
        ("with b", ("a", "b")),
    ]
    assert rows[1].auc < rows[2].auc
    assert rows[0].spread == 0  # Fisher's discriminant knows no seed


def test_finished_trainings_are_kept(parts: Parts, tmp_path: Path) -> None:
    first = retrain(CONFIG, parts, VARIABLES, tmp_path)
    times = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("metrics.json")}
    assert len(times) == 4
    assert retrain(CONFIG, parts, VARIABLES, tmp_path) == first
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("metrics.json")} == times


def test_bad_input(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="two variables"):
        retrain(CONFIG, parts, {"a": ("a",)}, tmp_path)
    with pytest.raises(UnknownName, match="unknown column 'absent'"):  # which was left out, and all were read instead
        retrain(CONFIG, parts, {**VARIABLES, "absent": ("absent",)}, tmp_path)
    assert not any(tmp_path.iterdir())
    with pytest.raises(ConfigError, match="without, with"):
        retrain(CONFIG, parts, VARIABLES, tmp_path, "instead")  # type: ignore[arg-type]  # a user's mistake
