"""What a cut leaves, of scores whose efficiencies are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kaon.data import Predictions
from kaon.evaluate import asimov_significance, best_cut
from kaon.report.charts.chart import Chart, Missing
from kaon.report.charts.cut import GRID, efficiencies, gain, scan_at
from kaon.report.runs import Comparison, Expected, RunRecord


def uniform(count: int = 20_000) -> Predictions:
    """Signal scores with density 2x, background with 2(1 - x): efficiencies 1 - c^2 and (1 - c)^2."""
    u = np.random.default_rng(0).random((2, count))
    score = np.concatenate([1 - np.sqrt(1 - u[0]), np.sqrt(u[1])])
    return Predictions(np.stack([1 - score, score], axis=1), np.repeat([0, 1], count), classes=("ttbar", "higgs"))


@pytest.fixture
def comparison() -> Comparison:
    run = RunRecord("a", "dn", 0, {}, predictions={"test": uniform()})
    return Comparison((run,), expected=Expected(100, 1000, 0.05))


def test_curves_are_the_known_efficiencies(comparison: Comparison) -> None:
    chart = efficiencies(comparison)
    assert isinstance(chart, Chart)
    signal, background, purity = (np.array(t["y"], float) for t in chart.data)
    assert signal == pytest.approx(1 - GRID**2, abs=0.01)
    assert background == pytest.approx((1 - GRID) ** 2, abs=0.01)
    inner = GRID < 0.95
    s, b = 100 * signal[inner], 1000 * background[inner]
    assert purity[inner] == pytest.approx(s / (s + b), rel=0.01)


def test_the_significance_is_that_of_the_expected_events(comparison: Comparison) -> None:
    chart = gain(comparison)
    assert isinstance(chart, Chart)
    asimov, simple = (np.array(t["y"], float) for t in chart.data)
    s, b = 100 * (1 - 0.5**2), 1000 * 0.5**2
    assert asimov[GRID == 0.5] == pytest.approx(asimov_significance(s, b, 0.05 * b), rel=0.02)
    assert simple[GRID == 0.5] == pytest.approx(s / np.sqrt(s + b), rel=0.02)
    assert "100 signal and 1,000 background events" in chart.caption
    assert "5 %" in chart.caption
    more = gain(replace(comparison, expected=Expected(1000, 1000, 0.05)))
    assert isinstance(more, Chart)
    assert max(v for v in more.data[0]["y"] if v) > 3 * max(v for v in asimov if v == v)


def test_a_cut_keeps_what_lies_on_it() -> None:
    score = np.array([0.2, 0.5, 0.5, 0.8])
    scan = best_cut(score, np.array([0, 1, 0, 1]))
    signal, background, *_ = scan_at(scan, np.array([0.0, 0.2, 0.5, 0.51, 0.8, 0.9]))
    assert signal.tolist() == [1, 1, 1, 0.5, 0.5, 0]
    assert background.tolist() == [1, 1, 0.5, 0, 0, 0]


def test_negative_weights_do_not_stop_it(comparison: Comparison) -> None:
    test = comparison.runs[0].predictions["test"]
    weight = np.where(np.arange(len(test)) % 5 == 0, -1.0, 1.0)
    run = replace(comparison.runs[0], predictions={"test": replace(test, weight=weight)})
    for draw in (efficiencies, gain):
        assert isinstance(draw(replace(comparison, runs=(run,))), Chart)


def test_no_labels_no_cut(comparison: Comparison) -> None:
    run = replace(comparison.runs[0], predictions={"test": replace(uniform(), target=None)})
    for draw in (efficiencies, gain):
        assert isinstance(draw(replace(comparison, runs=(run,))), Missing)
