from __future__ import annotations

import json

import numpy as np
import pytest

from kaon.analysis.counts import Counts
from kaon.report.charts.stack import stacked, stacked_by
from kaon.report.stack import Stack


def counts(*values: float) -> Counts:
    return Counts(np.array(values), np.array(values))


PROCESSES = {"w<b>": counts(4.0, 12.0), "top": counts(2.0, 3.0), "signal": counts(1.0, 9.0)}


def test_traces_hold_the_numbers_and_the_panel_below_the_ratio() -> None:
    stack = Stack(np.array([0.0, 1.0, 3.0]), PROCESSES, counts(14.0, 12.0), ["signal"], x="m [GeV]")
    chart = stacked("m", "Mass", stack)
    drawn = {trace["name"]: trace for trace in chart.data if trace.get("yaxis") != "y2"}
    assert drawn["w&lt;b&gt;"]["y"] == [4.0, 6.0]  # per GeV
    assert drawn["signal"]["y"] == [1.0, 4.5]
    assert drawn["data"]["y"] == [14.0, 6.0]
    assert np.add(drawn["prediction"]["base"], drawn["prediction"]["y"]) == pytest.approx(
        [7 + 7**0.5, 12 + 24**0.5 / 2],
        rel=1e-4,
    )
    below = [trace for trace in chart.data if trace.get("yaxis") == "y2"]
    assert below[-1]["y"] == [2.0, 0.5]
    assert below[-1]["error_y"]["array"][0] == pytest.approx(drawn["data"]["error_y"]["array"][0] / 7, rel=1e-4)
    assert chart.layout["yaxis"]["title"]["text"] == "Events / GeV"
    assert [key.text for key in chart.keys] == ["data", "signal", "top", "w<b>", "uncertainty"]
    json.dumps([chart.data, chart.layout], allow_nan=False)


def test_data_alone_are_one_panel_of_points() -> None:
    chart = stacked("m", "Mass", Stack(np.array([0.0, 1.0, 2.0]), {}, counts(4.0, 9.0)))
    assert "yaxis2" not in chart.layout
    (points,) = chart.data
    assert (points["name"], points["y"], points["mode"]) == ("data", [4.0, 9.0], "markers")
    assert [key.text for key in chart.keys] == ["data"]


def test_without_data_there_is_one_panel() -> None:
    chart = stacked("m", "Mass", Stack(np.array([0.0, 1.0, 2.0]), PROCESSES), logarithmic=True)
    assert "yaxis2" not in chart.layout
    assert chart.layout["yaxis"]["type"] == "log"


def test_regions_have_names_and_pulls_and_signals_may_be_lines() -> None:
    stack = Stack(
        np.array([]), PROCESSES, counts(16.0, 15.0), ["signal"], overlay=True, magnify=3, names=["a<b", "control"]
    )  # fmt: skip
    chart = stacked("r", "Regions", stack, lower="pulls", size="full")
    assert chart.layout["xaxis"]["ticktext"] == ["a&lt;b", "control"]
    line = next(trace for trace in chart.data if trace.get("mode") == "lines")
    assert line["y"] == [3.0, 27.0, 27.0]
    assert chart.data[-1]["y"] == pytest.approx([10 / 12**0.5, 0.0], abs=1e-4)
    assert chart.layout["yaxis2"]["range"][1] > 10 / 12**0.5 - 0.1
    assert "signal × 3" in [key.text for key in chart.keys]


def test_a_reader_picks_one_region_at_a_time() -> None:
    edges = np.array([0.0, 1.0, 2.0])
    blind = Stack(edges, PROCESSES)
    seen = Stack(edges, {"w<b>": counts(4.0, 12.0)}, counts(4.0, 21.0))
    chart = stacked_by("m", "Mass", {"signal": blind, "control": seen})
    assert chart.picks == ("signal", "control")
    assert len([t for t in chart.data if t["meta"]["model"] == "control"]) == len(stacked("m", "", seen).data)
    assert len([t for t in chart.data if t["meta"]["model"] == "signal"]) == 4
    assert chart.layout["yaxis2"]["range"] == stacked("m", "", seen).layout["yaxis2"]["range"]
    assert [key.text for key in chart.keys] == ["data", "w<b>", "uncertainty", "signal", "top"]


def test_bins_without_prediction_leave_gaps() -> None:
    stack = Stack(np.array([0.0, 1.0, 2.0]), {"w": counts(0.0, 4.0)}, counts(0.0, 4.0))
    chart = stacked("m", "Mass", stack)
    assert chart.data[-1]["y"] == [None, 1.0]
    json.dumps([chart.data, chart.layout], allow_nan=False)
