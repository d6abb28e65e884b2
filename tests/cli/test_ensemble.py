"""`kaon ensemble`, and `kaon train --seeds N --ensemble`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.data import Predictions
from kaon.data.io import read

TRAIN = ("--model", "bdt", "--option", "trees=8", "--representation", "jet_features")


def test_trained_together_is_the_mean_of_the_members(kaon: Any, jets_file: Path) -> None:
    words = ("train", jets_file, *TRAIN, "--seeds", 2, "--ensemble", "mean", "-o", "e")
    result = kaon(*words, "--json")
    assert result.code == 0, result.err
    assert result.json["shares"] == [0.5, 0.5]
    assert Path("e/report.html").exists()
    own = [Predictions.load(f"e/members/seed{seed}/predictions/test.parquet").score for seed in (0, 1)]
    assert Predictions.load("e/predictions/test.parquet").score == pytest.approx((own[0] + own[1]) / 2, abs=1e-6)
    assert kaon("predict", "e", jets_file, "-o", "s.parquet").code == 0
    assert len(read("s.parquet")) == 400
    assert kaon("evaluate", "e", "--replicas", 0).code == 0
    times = [p.stat().st_mtime_ns for p in sorted(Path("e/members").rglob("metrics.json"))]
    assert kaon(*words).code == 0
    assert times == [p.stat().st_mtime_ns for p in sorted(Path("e/members").rglob("metrics.json"))]


def test_finished_runs_become_one(kaon: Any, jets_file: Path) -> None:
    for seed in (0, 1):
        assert kaon("train", jets_file, *TRAIN, "--seed", seed, "-o", f"run{seed}").code == 0
    result = kaon("ensemble", "run0", "run1", "--by", "validation", "-o", "e", "--json")
    assert result.code == 0, result.err
    assert np.sum(result.json["shares"]) == pytest.approx(1)
    assert kaon("ensemble", "run0", "-o", "f").code == 2
    assert kaon("ensemble", "run0", "absent", "-o", "f").code == 3
    assert not Path("f").exists()


@pytest.mark.parametrize("words", [("--seeds", 3), ("--ensemble", "mean"), ("--seeds", 1, "--ensemble", "mean")])
def test_options_that_belong_together(kaon: Any, jets_file: Path, words: tuple[Any, ...]) -> None:
    result = kaon("train", jets_file, *TRAIN, *words)
    assert result.code == 2
    assert "--seeds N --ensemble mean" in result.err
