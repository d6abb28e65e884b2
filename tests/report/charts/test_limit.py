from __future__ import annotations

import json

from kaon.report.charts.limit import limit_chart


def test_bands_and_marks_lie_where_the_numbers_are() -> None:
    chart = limit_chart((0.6, 0.8, 1.1, 1.5, 2.0), 1.3, 0.9)
    wide, narrow, expected, observed = chart.data
    assert (wide["base"], wide["x"]) == ([0.6], [1.4])
    assert (narrow["base"], narrow["x"]) == ([0.8], [0.7])
    assert (expected["x"], observed["x"]) == ([1.1, 1.1], [1.3, 1.3])
    assert "90 %" in chart.title
    json.dumps([chart.data, chart.layout], allow_nan=False)


def test_without_data_nothing_is_observed() -> None:
    chart = limit_chart((1, 2, 3, 4, 5), None)
    assert "observed" not in [key.text for key in chart.keys]
    assert len(chart.data) == 3
