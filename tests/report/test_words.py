from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kaon.data import Predictions
from kaon.report import Comparison, RunRecord
from kaon.report.words import headline, question, ranked


def comparison(metrics: dict[str, list[dict[str, Any]]], classes: tuple[str, ...] = ("qcd", "top")) -> Comparison:
    score = np.full((2, len(classes)), 1 / len(classes))
    test = Predictions(score, target=np.array([0, len(classes) - 1]), classes=classes)
    runs = [
        RunRecord(f"{model}-{seed}", model, seed, values, predictions={"test": test})
        for model, several in metrics.items()
        for seed, values in enumerate(several)
    ]
    return Comparison(tuple(runs))


def aucs(**values: list[float]) -> Comparison:
    return comparison({model: [{"auc": v, "rejection_30": 10.0} for v in several] for model, several in values.items()})


@pytest.mark.parametrize(
    ("models", "classes", "expected"),
    [
        (["pfn", "bdt"], ("qcd", "top"), "Which model can best tell top from qcd?"),
        (["pfn"], ("gluon", "quark"), "How well does pfn tell quark from gluon?"),
        (["pfn"], ("qcd", "w", "top"), "How well does pfn tell qcd, w and top apart?"),
        (["pfn", "bdt"], tuple("abcde"), "Which model can best tell 5 classes apart?"),
    ],
)
def test_question_names_the_task(models: list[str], classes: tuple[str, ...], expected: str) -> None:
    assert question(comparison({m: [{}] for m in models}, classes)) == expected


def test_question_without_predictions() -> None:
    assert question(Comparison((RunRecord("a", "a", 0, {}),))) == "How well does a separate these events?"


def test_models_are_ranked_by_mean_auc() -> None:
    assert ranked(aucs(a=[0.8, 0.9], b=[0.95, 0.97], c=[0.9, 0.9])) == ["b", "c", "a"]


def test_a_clear_lead_is_stated_with_its_spread() -> None:
    first, second = headline(aucs(a=[0.80, 0.82], b=[0.95, 0.97]))
    deviation = np.std([0.95, 0.97], ddof=1)
    assert f"b leads with an AUC of 0.9600 ± {deviation:.4f} (mean ± spread over 2 trainings)" in first
    assert f"0.1500 ± {np.hypot(deviation, deviation):.4f} above a" in first
    assert "turn around" not in first
    assert "b lets one background event in 10 through" in second


def test_a_lead_within_the_spread_is_called_so() -> None:
    assert "other seeds may turn around" in headline(aucs(a=[0.90, 0.94], b=[0.91, 0.95]))[0]


def test_one_seed_admits_that_the_spread_is_unknown() -> None:
    sentences = headline(aucs(a=[0.9], b=[0.8]))
    assert "±" not in sentences[0]
    assert "spread between trainings is unknown" in sentences[-1]


def test_a_single_model_is_not_compared() -> None:
    assert headline(aucs(a=[0.9, 0.9]))[0].startswith("a reaches an AUC of 0.9000")


def test_a_rejection_names_the_error_of_the_sample() -> None:
    metrics = {"auc": 0.9, "rejection_30": 812.4, "rejection_30_error": 31.0}
    assert (
        "one background event in 812 (± 31 from the number of test events)" in headline(comparison({"a": [metrics]}))[1]
    )


def test_without_labels_nothing_is_ranked() -> None:
    (sentence,) = headline(comparison({"a": [{"auc": None}], "b": [{}]}))
    assert "nothing can be ranked" in sentence


def test_many_classes_are_judged_by_accuracy() -> None:
    found = comparison(
        {"a": [{"accuracy": 0.9, "auc": 0.5}, {"accuracy": 0.92, "auc": 0.5}], "b": [{"accuracy": 0.7, "auc": 0.99}]},
        ("cat", "dog", "ship"),
    )
    assert ranked(found) == ["a", "b"]
    lead, error, worst = headline(found)
    assert "a leads with an accuracy of 0.9100 ± 0.0141" in lead
    assert error == "It errs in 9.00% of the test events."
    assert worst == "Most often it takes ship for cat: 100.0% of all ship."  # equal scores go to the first class


def test_many_classes_without_labels_cannot_be_ranked() -> None:
    assert "has an accuracy" in headline(comparison({"a": [{}]}, ("cat", "dog", "ship")))[0]
