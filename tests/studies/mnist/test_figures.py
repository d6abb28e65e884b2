from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kaon.data import Events, Predictions, Provenance
from kaon.data.records import table
from kaon.report import Comparison, RunRecord
from kaon.report.charts.chart import Chart, Missing
from kaon.studies.mnist.figures import curves, deformed, mistaken


@pytest.fixture
def digits() -> Events:
    """Sixty test digits from event number 100 on, each of one shade."""
    images = np.arange(60, dtype=np.uint8)[:, None, None, None] + np.zeros((60, 1, 28, 28), np.uint8)
    return Events(
        table({"image": images}),
        np.arange(60) % 10,
        index=np.arange(60) + 100,
        classes=tuple("0123456789"),
        provenance=Provenance("shades"),
    )


def record(seed: int = 0, predictions: dict[str, Predictions] | None = None, **log: Any) -> RunRecord:
    columns = {name: np.asarray(values, float) for name, values in log.items()}
    return RunRecord(f"run{seed}", "net", seed, {}, columns, predictions or {})


def predicted(digits: Events, wrong: dict[int, tuple[int, float]]) -> Predictions:
    """All right but some rows, which are taken for a digit with a probability; in another order than the events."""
    score = np.full((len(digits), 10), 0.01)
    score[np.arange(len(digits)), digits.labels] = 0.9
    for row, (taken, probability) in wrong.items():
        score[row] = 0.01
        score[row, taken] = probability
    order = np.random.default_rng(0).permutation(len(digits))
    return Predictions(score[order], digits.labels[order], None, digits.index[order], digits.classes)


def test_curves_are_means_over_the_seeds_with_their_spread() -> None:
    logs = [[0.90, 0.95], [0.94, 0.97]]
    made = {"net": Comparison(tuple(record(i, validation_accuracy=log) for i, log in enumerate(logs)))}
    made["one"] = Comparison((record(validation_accuracy=[0.5]),))
    first, second = curves(made).data
    np.testing.assert_allclose(first["y"], [8, 4])
    np.testing.assert_allclose(first["error_y"]["array"], [np.sqrt(8), np.sqrt(2)], rtol=1e-3)
    assert list(first["x"]) == [1, 2]
    np.testing.assert_allclose(second["y"], [50])


def test_one_digit_of_each_class_stands_in_each_row(digits: Events) -> None:
    drawn = deformed(digits)
    assert isinstance(drawn, Chart)
    (sheet,) = drawn.data
    assert (sheet["columns"], sheet["count"]) == (10, 60)
    assert deformed(digits).data == drawn.data, "the same digits are drawn every time"


def test_mistakes_are_shown_with_what_they_are_and_what_they_are_taken_for(digits: Events) -> None:
    made = predicted(digits, {17: (2, 0.7), 40: (9, 0.9), 3: (8, 0.8)})
    drawn = mistaken(record(predictions={"test": made}), "net", digits)
    assert isinstance(drawn, Chart)
    assert drawn.data[0]["captions"] == ["0 → 9", "3 → 8", "7 → 2"]
    assert "3 of its 3 mistakes in 60 test digits" in drawn.caption


def test_no_mistakes_are_told(digits: Events) -> None:
    drawn = mistaken(record(predictions={"test": predicted(digits, {})}), "net", digits)
    assert isinstance(drawn, Missing)
    assert "right about every test digit" in drawn.reason
