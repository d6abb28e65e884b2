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


def test_logarithmic_axes_are_labelled_however_short() -> None:
    series = [Series("a", (1000, 2154, 10000), (0.37, 0.31, 0.24))]
    made = points("p", "P", "", series, x="n", y="1 - AUC", logarithmic=True, logarithmic_x=True)
    x, y = made.layout["xaxis"], made.layout["yaxis"]
    assert (x["type"], x["ticktext"]) == ("log", ["1,000", "2,154", "10,000"])
    inside = [tick for tick in y["tickvals"] if 0.24 <= tick <= 0.37]
    assert len(inside) >= 3
    assert all(a < b for a, b in zip(y["tickvals"], y["tickvals"][1:], strict=False))
    wide = points("p", "P", "", [Series("a", (1, 2), (1.0, 500.0))], x="n", y="y", logarithmic=True)
    assert "tickvals" not in wide.layout["yaxis"], "powers of ten are labelled anyway"
    constant = points("p", "P", "", [Series("a", (1, 2), (3.0, 3.0))], x="n", y="y", logarithmic=True)
    assert "tickvals" not in constant.layout["yaxis"]
