from __future__ import annotations

import json
import math

from kaon.report.charts.points import Series, points


def test_marks_spreads_and_gaps() -> None:
    chart = points(
        "n",
        "Rejection",
        "Up is better.",
        [
            Series("measured", [2, 3, 4], [10.0, 20.0, math.nan], [1.0, 2.0, 3.0], "series-1"),
            Series("level", [2, 4], [30.0, 30.0], colour="faint", mark="dash"),
        ],
        x="M",
        y="rejection",
        logarithmic=True,
    )
    first, level = chart.data
    assert first["y"] == [10.0, 20.0, None]
    assert first["error_y"]["array"] == [1.0, 2.0, 3.0]
    assert first["mode"] == "lines+markers"
    assert (level["mode"], level["line"]["dash"]) == ("lines", "dash")
    assert "error_y" not in level
    assert chart.layout["yaxis"]["type"] == "log"
    assert chart.scale
    assert [(key.text, key.mark) for key in chart.keys] == [("measured", "line"), ("level", "dash")]
    json.dumps([chart.data, chart.layout], allow_nan=False)


def test_names_make_categories_and_are_no_markup() -> None:
    bars = Series("g", ["a<b", "c"], [1.0, -1.0], mark="bar")
    chart = points("g", "g", "", [bars, Series("seed 0", ["a<b", "c"], [0.9, -1.1], mark="point")], x="", y="g")
    assert chart.data[0]["x"] == ["a&lt;b", "c"]
    assert chart.data[0]["type"] == "bar"
    assert chart.data[1]["mode"] == "markers"
    assert chart.layout["xaxis"]["type"] == "category"
    assert chart.keys[0].mark == "fill"
    assert not chart.scale
