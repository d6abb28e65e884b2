from __future__ import annotations

import json
import re

from kaon.report.charts.chart import Chart, Missing, axis
from kaon.report.frame import Section, render
from kaon.report.origins import Origin


def test_charts_sections_and_origins_are_in_the_page_and_no_text_breaks_out() -> None:
    layout = {"xaxis": axis("x"), "yaxis": axis("y")}
    chart = Chart("c1", "Title", "Caption", [{"x": [1], "y": [2], "name": "</script><b>"}], layout)
    page = render(
        "study.html.jinja",
        [Section("part", "A part?", "Lead.", [chart, Missing("Gone", "No numbers.")])],
        [Origin("Events", "a: <1>")],
        question="Why & how?",
        models=("pfn", "efn"),
        best="pfn",
        numbers={},
        answer=[],
        facts=[],
        columns=[],
        rows=[],
        notes=(),
        pages={},
    )
    stored = re.search(r'<script type="application/json" id="charts">(.*?)</script>', page, re.DOTALL)
    assert stored is not None
    (drawn,) = json.loads(stored[1])
    assert drawn["data"][0]["name"] == "</script><b>"
    assert {"A part?", "Lead.", "No numbers.", "a: &lt;1&gt;"} <= set(re.findall(r">([^<>]+)<", page))
    assert "<title>Why &amp; how?</title>" in page
    assert page.count('class="chip" data-model=') == 2
