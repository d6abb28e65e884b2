from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kaon.data import Predictions
from kaon.evaluate import accuracy, background_rejection, confusion_matrix
from kaon.report import Comparison, load
from kaon.report.charts.chart import Chart, Missing
from kaon.report.charts.classes import certainty, confused, decisions, found, one_against_all, shares, sureness
from kaon.report.charts.performance import GRID
from kaon.report.listing import Listing

CLASSES = ("ant", "bee", "cow", "dog", "elk", "fox", "gnu")


@pytest.fixture(scope="module")
def several(comparison_writer: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    home = tmp_path_factory.mktemp("classes") / "c"
    return load(comparison_writer(home, models={"a": 1.5, "b": 3.0}, seeds=(0, 1), classes=CLASSES))


def held(comparison: Comparison, model: str) -> list[Predictions]:
    return [run.predictions["test"] for run in comparison.models[model]]


def test_shares_are_the_mean_confusion(several: Comparison) -> None:
    mean = shares(several.models["a"])
    assert mean is not None
    np.testing.assert_allclose(mean.sum(axis=1), 1)
    each = [confusion_matrix(p, normalise="true") for p in held(several, "a")]
    np.testing.assert_allclose(mean, sum(each) / 2)


def test_what_is_found_is_the_diagonal(several: Comparison) -> None:
    chart = found(several)
    assert isinstance(chart, Chart)
    for trace, model in zip(chart.data, several.models, strict=True):
        matrix = shares(several.models[model])
        assert matrix is not None
        np.testing.assert_allclose(trace["x"], np.diag(matrix), rtol=1e-4)
        assert trace["y"] == list(CLASSES)


def test_confusions_are_listed_by_size_beside_the_other_model(several: Comparison) -> None:
    listing = confused(several, "b")
    assert isinstance(listing, Listing)
    assert [heading.text for heading in listing.headings] == ["Confusion", "b", "a"]
    values = [line.entries[0].value or 0.0 for line in listing.lines]
    assert values == sorted(values, reverse=True)
    matrix = shares(several.models["b"])
    assert matrix is not None
    assert values[0] == pytest.approx((matrix - np.diag(np.diag(matrix))).max())
    true, taken = listing.lines[0].name.split(" taken for ")
    assert matrix[CLASSES.index(true), CLASSES.index(taken)] == pytest.approx(values[0])


def test_each_class_has_its_curve_against_all_others(several: Comparison) -> None:
    chart = one_against_all(several)
    assert isinstance(chart, Chart)
    assert len(chart.data) == 2 * len(CLASSES)
    assert len({(t["line"]["color"], t["line"]["dash"]) for t in chart.data}) == len(CLASSES)
    at = int(np.argmin(np.abs(GRID - 0.5)))
    for trace, (number, name) in zip(chart.data, enumerate(CLASSES), strict=False):
        assert trace["name"] == name
        here = [background_rejection(p, signal_efficiency=GRID[at], signal=number).value for p in held(several, "a")]
        assert trace["y"][at] == pytest.approx(np.mean(here), rel=1e-3)


def test_decisions_are_right_as_often_as_the_model_is_accurate(several: Comparison) -> None:
    for before, after in zip(several.runs, decisions(several).runs, strict=True):
        made = after.predictions["test"]
        assert made.classes == ("wrong", "right")
        assert made.labels.mean() == pytest.approx(accuracy(before.predictions["test"]))
        np.testing.assert_allclose(made.signal_score, before.predictions["test"].score.max(axis=1), rtol=1e-5)


def test_calibrated_scores_are_as_often_right_as_they_say(several: Comparison) -> None:
    """The scores of the fixture are the posterior probabilities of how they were drawn."""
    chart = certainty(several)
    assert isinstance(chart, Chart)
    for trace in chart.data[1:]:
        off = np.abs(np.subtract(trace["x"], trace["y"])) / np.maximum(trace["error_y"]["array"], 1e-3)
        assert np.median(off) < 2
    sure = sureness(several)
    assert isinstance(sure, Chart)
    assert [key.text for key in sure.keys] == ["wrong", "right", "test", "training"]


def test_without_labels_the_reason_is_said(several: Comparison) -> None:
    blind = replace(
        several,
        runs=tuple(
            replace(r, predictions={k: replace(p, target=None) for k, p in r.predictions.items()}) for r in several.runs
        ),
    )
    for drawn in (found(blind), confused(blind, "a"), one_against_all(blind), sureness(blind), certainty(blind)):
        assert isinstance(drawn, Missing)
        assert "labelled" in drawn.reason


def test_a_perfect_model_confuses_nothing(several: Comparison) -> None:
    def perfect(test: Predictions) -> Predictions:
        return replace(test, score=np.eye(len(CLASSES))[test.labels])

    best = replace(
        several, runs=tuple(replace(r, predictions={"test": perfect(r.predictions["test"])}) for r in several.runs)
    )
    drawn = confused(best, "a")
    assert isinstance(drawn, Missing)
    assert "confuses no test event" in drawn.reason
