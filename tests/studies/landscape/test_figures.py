from __future__ import annotations

import json

import numpy as np
import pytest

from kaon.data import Predictions
from kaon.report import Comparison, RunRecord
from kaon.report.charts.chart import Chart, Missing
from kaon.studies.landscape.figures import correlations, curves, ensemble, scaling


def runs_of(model: str, noise: float, seeds: int = 2, events: int = 400) -> list[RunRecord]:
    """Runs whose scores follow one truth, each with noise of its own."""
    random = np.random.default_rng(0)
    target = random.integers(0, 2, events)
    truth = target + random.normal(size=events)
    made = []
    for seed in range(seeds):
        own = np.random.default_rng([seed, len(model)]).normal(size=events)
        signal = 1 / (1 + np.exp(-(truth + noise * own)))
        score = np.stack([1 - signal, signal], 1)
        predictions = Predictions(score, target, index=np.arange(events), classes=("qcd", "top"))
        made.append(RunRecord(f"{model}-seed{seed}", model, seed, {}, predictions={"test": predictions}))
    return made


def comparison_of(**noises: float) -> Comparison:
    return Comparison(tuple(run for model, noise in noises.items() for run in runs_of(model, noise)))


def chart(found: Chart | Missing) -> Chart:
    assert isinstance(found, Chart)
    json.dumps([found.data, found.layout], allow_nan=False)
    return found


def test_all_curves_have_one_line_and_no_band() -> None:
    made = chart(curves(comparison_of(one=0.1, three=1.0)))
    assert [trace["name"] for trace in made.data] == ["one", "three", "random guess"]
    assert isinstance(curves(Comparison((RunRecord("x", "x", 0, {}),))), Missing)


def test_a_heatmap_a_class_with_those_that_agree_standing_out() -> None:
    qcd, top = (chart(made) for made in correlations(comparison_of(one=0.1, three=0.1, wide=3.0)))
    assert ("qcd" in qcd.title, "top" in top.title) == (True, True)
    for made in (qcd, top):
        matrix = np.array(made.data[0]["z"])
        np.testing.assert_allclose(matrix, matrix.T, atol=2e-3)
        np.testing.assert_allclose(np.diag(matrix), 1)
        assert matrix[0, 1] > matrix[0, 2] + 0.2
    assert correlations(comparison_of(one=0.1)) == []


def test_the_ensemble_is_the_mean_score() -> None:
    runs = runs_of("pfn", 1.0, seeds=3)
    found = ensemble(runs)
    assert found is not None
    np.testing.assert_allclose(found.score, np.mean([r.predictions["test"].score for r in runs], axis=0))
    assert ensemble([RunRecord("x", "x", 0, {})]) is None


def test_scaling_curves_are_ordered_in_jets_and_keep_their_models_colour() -> None:
    made = chart(scaling({"pfn": {400: 0.95, 100: 0.9}}, ["bdt", "efn", "pfn"]))
    (trace,) = made.data
    assert (trace["x"], trace["y"]) == ([100, 400], [0.9, 0.95])
    assert trace["line"]["color"] == "series-3"
    assert isinstance(scaling({}, []), Missing)
    with pytest.raises(ValueError, match="is not in"):
        scaling({"lda": {1: 0.5}}, ["bdt"])
