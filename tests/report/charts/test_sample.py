from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kaon.report import Comparison, load
from kaon.report.charts.chart import Chart, Missing
from kaon.report.charts.sample import class_keys, correlations, images, inputs


@pytest.fixture(scope="module")
def comparison(comparison_directory: Path) -> Comparison:
    return load(comparison_directory)


def with_sample(comparison: Comparison, **changes: object) -> Comparison:
    return replace(comparison, sample={**(comparison.sample or {}), **changes})


def test_each_input_is_a_chart_and_each_class_has_unit_area(comparison: Comparison) -> None:
    charts = inputs(comparison)
    assert [c.title for c in charts][:3] == ["jet_pt [GeV]", "jet_mass [GeV]", "multiplicity"]
    for chart in charts:
        assert isinstance(chart, Chart)
        for trace in chart.data:
            area = np.dot(np.diff(trace["x"]), trace["y"][:-1])
            assert area == pytest.approx(1.0, rel=1e-3)


def test_a_class_without_entries_is_a_gap(comparison: Comparison) -> None:
    feature = {"name": "x", "unit": "", "edges": [0.0, 1.0, 2.0], "counts": {"qcd": [0, 0], "top": [1, 3]}}
    (chart,) = inputs(with_sample(comparison, features=[feature]))
    assert isinstance(chart, Chart)
    assert chart.data[0]["y"] == [None, None, None]
    assert chart.data[1]["y"] == [0.25, 0.75, 0.75]


def test_images_share_their_logarithmic_colour_scale(comparison: Comparison) -> None:
    charts = images(comparison)
    assert [c.title for c in charts] == ["Average qcd jet", "Average top jet"]
    traces = [c.data[0] for c in charts if isinstance(c, Chart)]
    assert len({(t["zmin"], t["zmax"]) for t in traces}) == 1
    assert comparison.sample is not None
    highest = np.max([np.max(m) for m in comparison.sample["image"]["mean"].values()])
    assert 10 ** traces[0]["zmax"] == pytest.approx(highest)


def test_pixels_stored_as_eta_then_phi_are_drawn_with_phi_upwards(comparison: Comparison) -> None:
    mean = np.zeros((3, 3))
    mean[2, 0] = 1.0  # at positive eta, negative phi
    image = {"edges": [-1.5, -0.5, 0.5, 1.5], "mean": {"top": mean.tolist()}, "unit": "GeV"}
    (chart,) = images(with_sample(comparison, image=image))
    assert isinstance(chart, Chart)
    trace = chart.data[0]
    (row, column) = next((i, j) for i in range(3) for j in range(3) if trace["z"][i][j] is not None)
    assert (trace["x"][column], trace["y"][row]) == (1.0, -1.0)


def test_what_is_absent_is_said(comparison: Comparison) -> None:
    nothing = replace(comparison, sample=None)
    dark = with_sample(comparison, image={"edges": [0, 1], "mean": {"top": [[0.0]]}, "unit": ""})
    for found in (*inputs(nothing), *images(nothing), *images(with_sample(comparison, image=None)), *images(dark)):
        assert isinstance(found, Missing)


def test_legend_names_the_classes(comparison: Comparison) -> None:
    assert [key.text for key in class_keys(comparison)] == ["qcd", "top"]


def test_matrices_share_their_colours_and_gaps_stay_gaps(comparison: Comparison) -> None:
    matrix = [[1.0, None], [None, 1.0]]
    found = {"names": ["a<b", "c"], "matrices": {"qcd": matrix, "top": matrix}}
    charts = correlations(with_sample(comparison, correlation=found))
    assert [c.title for c in charts] == ["Correlations in qcd", "Correlations in top"]
    for chart in charts:
        assert isinstance(chart, Chart)
        (trace,) = chart.data
        assert (trace["zmin"], trace["zmax"], trace["z"]) == (-1, 1, matrix)
        assert trace["x"] == ["a&lt;b", "c"]
    (missing,) = correlations(with_sample(comparison, correlation=None))
    assert isinstance(missing, Missing)


def test_missing_values_are_said(comparison: Comparison) -> None:
    feature = {
        "name": "x",
        "edges": [0.0, 1.0],
        "counts": {"qcd": [2], "top": [1]},
        "missing": {"qcd": 0.4, "top": 0.0},
    }
    (chart,) = inputs(with_sample(comparison, features=[feature]))
    assert isinstance(chart, Chart)
    assert chart.caption == "Missing in 40% of qcd, 0% of top."
