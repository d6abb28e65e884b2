from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kaon.data import Predictions
from kaon.registry import lookup, variants
from kaon.report import RunRecord
from kaon.simulate.toys.shapes import shapes
from kaon.studies.base import perform
from kaon.studies.shapes import CONTENDERS, by_size, percent


def record(wrong: int, count: int = 400, seed: int = 0) -> RunRecord:
    target = np.arange(count) % 3
    score = np.eye(3)[(target + (np.arange(count) < wrong)) % 3]
    made = Predictions(score, target, None, np.arange(count), ("circle", "square", "triangle"))
    return RunRecord(f"run{seed}", "net", seed, {}, {}, {"test": made, "train": made})


def test_accuracies_are_per_cent_with_their_spread_and_error() -> None:
    found = percent([record(4), record(12, seed=1)], published=99.91)
    assert found.obtained == pytest.approx(98)
    assert found.spread == pytest.approx(np.sqrt(2))
    assert found.error == pytest.approx(100 * np.sqrt((0.01 * 0.99 + 0.03 * 0.97) / 2 / 400))
    assert (found.seeds, found.published) == (2, 99.91)
    assert percent([record(4)]).spread is None
    assert percent([record(4)], "train").error is None, "of training pictures there is no statistical error"
    assert percent([]).obtained is None


def test_the_accuracy_by_size_is_that_of_the_pictures_of_that_size() -> None:
    """A network that knows the large shapes and takes all small ones for circles."""
    test = shapes(3000, seed=5)
    radius, target = np.asarray(test["radius"]), test.labels
    chosen = np.where(radius > 10, target, 0)
    shuffled = np.random.default_rng(0).permutation(3000)
    predictions = Predictions(np.eye(3)[chosen][shuffled], target[shuffled], None, test.index[shuffled], test.classes)
    share, error = by_size(predictions, test, np.array([4.8, 7.0, 10.0, 13.0, 16.0]))
    assert share[2:].tolist() == [100, 100]
    assert error[2:].tolist() == [0, 0]
    for i, (low, high) in enumerate([(4.8, 7.0), (7.0, 10.0)]):
        inside = (radius >= low) & (radius < high)
        assert share[i] == pytest.approx(100 * (target[inside] == 0).mean())
        assert error[i] == pytest.approx(100 * np.sqrt(2 / 9 / inside.sum()), rel=0.1)
    assert np.isnan(by_size(predictions, test, np.array([1.0, 2.0, 16.0]))[0][0]), "no shape is that small"


def test_every_contender_exists() -> None:
    study = lookup("kaon.studies", "shapes")
    assert {c.model for c in CONTENDERS} == set(study.models) <= set(variants("kaon.models"))
    assert {c.toy for c in CONTENDERS} <= set(variants("kaon.simulate.toys"))
    for scale in study.scales.values():
        assert set(scale.settings["epochs"]) == set(scale.settings["seeds"]) == {c.slug for c in CONTENDERS}


def test_the_smoke_scale_runs(tmp_path: Path) -> None:
    result, folder = perform(lookup("kaon.studies", "shapes"), "smoke", tmp_path)
    assert [row.name for row in result.rows] == [c.title for c in CONTENDERS]
    dense, cnn, _, noisy = result.rows
    assert dense.values["parameters"].obtained == dense.values["parameters"].published == 788_995
    assert noisy.values["parameters"].obtained == noisy.values["parameters"].published == 3_437_283
    assert (cnn.values["accuracy"].published, noisy.values["accuracy"].published) == (99.91, 94.25)
    assert dense.values["accuracy"].seeds == 2
    stored = json.loads((folder / "table.json").read_text())
    assert len(stored["rows"]) == 4
    page = (folder / "report.html").read_text()
    assert all(words in page for words in ("Shapes, filled", "Mistakes: CNN", "How many pictures does it take?"))


def test_one_model_is_enough(tmp_path: Path) -> None:
    result, _ = perform(lookup("kaon.studies", "shapes"), "smoke", tmp_path, models=["dense_classifier"], seeds=1)
    assert [row.name for row in result.rows] == ["dense", "dense, outlines in noise"]
    assert result.rows[0].values["accuracy"].seeds == 1
