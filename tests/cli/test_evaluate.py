from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.cli.evaluate import measure, predictions_of
from kaon.data import Predictions
from kaon.errors import ConfigError, DataError
from kaon.evaluate import accuracy, auc, background_rejection, macro_auc


def test_a_run_is_measured_on_its_own_test_events(kaon: Any, trained: Path) -> None:
    test = Predictions.load(trained / "predictions" / "test.parquet")
    found = kaon("evaluate", trained, "--replicas", 20, "--json").json
    assert found["metrics"]["AUC"]["value"] == pytest.approx(auc(test))
    assert found["metrics"]["AUC"]["low"] <= found["metrics"]["AUC"]["high"]
    rejection = background_rejection(test, signal_efficiency=0.5)
    assert found["metrics"]["1/εB at εS = 0.5"]["lower_95"] == pytest.approx(rejection.lower)
    assert sum(found["events"].values()) == len(test)
    text = kaon("evaluate", trained, "--replicas", 20).out
    assert "AUC" in text
    assert "of top" in text


def test_model_and_files_agree_with_stored_predictions(kaon: Any, trained: Path, jets_file: Path) -> None:
    words = ("evaluate", trained / "bundle.kaon", jets_file, "--replicas", 0, "-o", "p.parquet", "--json")
    made = kaon(*words)
    assert made.code == 0
    assert made.json["events"] == kaon("inspect", jets_file, "--json").json["classes"] | made.json["events"]
    again = kaon("evaluate", "p.parquet", "--replicas", 0, "--json")
    assert again.json["metrics"] == made.json["metrics"]
    assert kaon("evaluate", trained, jets_file, "--replicas", 0, "--json").json["metrics"] == made.json["metrics"]


def test_working_points_hold_what_they_say(trained: Path) -> None:
    test = predictions_of(trained, {})
    found = measure(test, [0.4], 0, 0)
    (point,) = found["working_points"]
    kept = test.signal_score >= point.threshold
    assert kept[test.labels == 1].mean() == pytest.approx(point.signal_efficiency)
    assert point.signal_efficiency >= 0.4


def test_the_bootstrap_error_of_the_auc_is_that_of_theory() -> None:
    """For normal scores of equal width, Hanley and McNeil's error of the AUC (Radiology 143 (1982) 29) is close."""
    random = np.random.default_rng(0)
    target = np.repeat([0, 1], 1500)
    score = 1 / (1 + np.exp(-random.normal(target * 1.5, 1.0)))
    test = Predictions(np.stack([1 - score, score], axis=1), target)
    found = measure(test, [0.3], 200, 0)["metrics"]["AUC"]
    a = found["value"]
    q1, q2, n = a / (2 - a), 2 * a * a / (1 + a), 1500
    theory = np.sqrt((a * (1 - a) + (n - 1) * (q1 - a * a) + (n - 1) * (q2 - a * a)) / n**2)
    assert found["error"] == pytest.approx(theory, rel=0.2)


def test_other_classes_are_refused_with_the_way_out(
    kaon: Any, trained: Path, jets_file: Path, table_file: Path
) -> None:
    words = ("evaluate", trained, jets_file, "--label", "label", "--replicas", 0)
    result = kaon(*words)
    assert result.code == 3
    assert "--classes qcd,top" in result.err
    assert kaon(*words, "--classes", "qcd,top").code == 0


def test_what_cannot_be_evaluated(trained: Path, jets_file: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="name the labelled FILES"):
        predictions_of(trained / "bundle.kaon", {})
    with pytest.raises(ConfigError, match="predictions already"):
        predictions_of(trained / "predictions" / "test.parquet", {"path": [str(jets_file)]})
    with pytest.raises(DataError, match="no labels"):
        measure(Predictions(np.ones((3, 2)) / 2), [0.3], 0, 0)
    broken = tmp_path / "broken.kaon"
    shutil.copy(jets_file, broken)
    with pytest.raises(DataError):
        predictions_of(broken, {"path": [str(jets_file)]})


@pytest.mark.parametrize(
    "words", [("--signal-efficiency", "half"), ("--signal-efficiency", "1.5"), ("--replicas", "1")]
)
def test_wrong_options(words: tuple[str, str], kaon: Any, trained: Path) -> None:
    result = kaon("evaluate", trained, *words)
    assert result.code == 2
    assert words[1] in result.err


def test_many_classes_are_measured_by_what_is_found_of_each(kaon: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    target = random.integers(0, 3, 600)
    score = np.exp(random.normal(size=(600, 3)) + 2 * np.eye(3)[target])
    made = Predictions(score / score.sum(1, keepdims=True), target, classes=("cat", "dog", "ship"))
    made.save(tmp_path / "p.parquet")
    found = kaon("evaluate", tmp_path / "p.parquet", "--replicas", 20, "--json").json
    assert list(found["metrics"]) == ["accuracy", "error rate", "mean AUC", "cat found", "dog found", "ship found"]
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(accuracy(made))
    assert found["metrics"]["mean AUC"]["value"] == pytest.approx(macro_auc(made))
    right = made.score.argmax(1) == target
    assert found["metrics"]["dog found"]["value"] == pytest.approx(right[target == 1].mean())
    assert found["working_points"] == []
    text = kaon("evaluate", tmp_path / "p.parquet", "--replicas", 0).out
    assert "most often taken for another" in text
    assert "εB" not in text
