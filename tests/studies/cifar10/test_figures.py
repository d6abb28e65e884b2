from __future__ import annotations

import numpy as np
import pytest

from kaon.data import Events, Predictions, Provenance
from kaon.data.records import table
from kaon.evaluate import surest_mistakes
from kaon.report import Comparison, RunRecord
from kaon.report.charts.chart import Chart, Missing
from kaon.studies.cifar10.figures import curves, mistaken, moved


@pytest.fixture
def pictures() -> Events:
    """Thirty pictures of three classes, each of one shade, numbered from 100 on."""
    shades = np.arange(30, dtype=np.uint8)[:, None, None, None] + np.zeros((30, 3, 8, 8), np.uint8)
    return Events(
        table({"image": shades}),
        np.arange(30) % 3,
        index=np.arange(30) + 100,
        classes=("cat", "dog", "ship"),
        provenance=Provenance("shades"),
    )


def record(predictions: Predictions, seed: int = 0, accuracy: tuple[float, ...] = (0.5, 0.6)) -> RunRecord:
    log = {"validation_accuracy": np.array(accuracy)}
    return RunRecord("run", "net", seed, {}, log, {"test": predictions})


def test_the_surest_mistakes_come_first_and_are_those_of_the_shuffled_events(pictures: Events) -> None:
    score = np.eye(3)[pictures.labels] * 0.9 + 0.03
    score[4], score[7] = (0.8, 0.1, 0.1), (0.05, 0.0, 0.95)  # both are dogs
    order = np.random.default_rng(0).permutation(30)
    shuffled = Predictions(score[order], pictures.labels[order], None, pictures.index[order], pictures.classes)
    rows = surest_mistakes(shuffled.score, shuffled.labels)
    assert [int(i) for i in order[rows]] == [7, 4]
    chart = mistaken(record(shuffled), "net", pictures)
    assert isinstance(chart, Chart)
    assert chart.data[0]["captions"] == ["dog → ship", "dog → cat"]
    assert chart.data[0]["count"] == 2
    assert "2 of its 2 mistakes in 30 test pictures" in chart.caption


def test_without_mistakes_it_is_said(pictures: Events) -> None:
    perfect = Predictions(np.eye(3)[pictures.labels], pictures.labels, None, pictures.index, pictures.classes)
    assert isinstance(mistaken(record(perfect), "net", pictures), Missing)


def test_curves_are_the_mean_over_the_seeds(pictures: Events) -> None:
    some = Predictions(np.eye(3)[pictures.labels], pictures.labels, None, pictures.index, pictures.classes)
    runs = record(some, 0, (0.4, 0.6)), record(some, 1, (0.5, 0.8))
    chart = curves({"net": Comparison(runs)})
    (line,) = (t for t in chart.data if t.get("y"))
    assert line["y"] == pytest.approx([45, 70])


def test_a_picture_of_each_class_is_shown_moved(pictures: Events) -> None:
    chart = moved(pictures, {"crop": 1})
    assert chart.data[0]["count"] == 4 * 3
    assert chart.data[0]["columns"] == 3
    assert "crop=1" in chart.caption
