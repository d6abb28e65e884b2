from __future__ import annotations

import numpy as np
import pytest

from kaon.data import Predictions
from kaon.report import RunRecord
from kaon.studies.depth.part import percent, series, value


def test_numbers_over_the_seeds() -> None:
    found = value([1.0, 3.0, np.nan], published=0.25)
    assert (found.obtained, found.seeds, found.published) == (2.0, 2, 0.25)
    assert found.spread == pytest.approx(np.sqrt(2))
    assert value([2.0]).spread is None
    assert value([np.nan]).obtained is None


def run(right: int, seed: int) -> RunRecord:
    """Ten pictures of two classes, so many told right; two epochs."""
    target = np.arange(10) % 2
    told = np.where(np.arange(10) < right, target, 1 - target)
    score = np.stack([1 - told, told], 1).astype(np.float32)
    made = Predictions(score, target, None, np.arange(10), ("a", "b"))
    return RunRecord("r", "m", seed, {}, {"validation_accuracy": np.array([0.5, right / 10])}, {"test": made})


def test_accuracy_is_in_per_cent_with_its_statistical_error() -> None:
    runs = [run(8, 0), run(6, 1)]
    found = percent(runs)
    assert found.obtained == pytest.approx(70)
    assert found.spread == pytest.approx(100 * np.std([0.8, 0.6], ddof=1))
    assert found.error == pytest.approx(100 * np.sqrt(0.7 * 0.3 / 10))
    assert percent(runs, "train").obtained is None
    drawn = series("both", [1, 2], [found, value([])], "ink", mark="point")
    assert drawn.mark == "point"
    assert np.isnan(drawn.y[1])
