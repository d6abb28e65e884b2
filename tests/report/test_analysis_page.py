from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

from kaon.analysis import Analysis, analyse
from kaon.report import write_analysis
from kaon.report.analysis_page import write_analysis_page


def charts(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="charts">(.*?)</script>', page, re.S)
    assert found
    return {chart["name"]: chart for chart in json.loads(found.group(1))}


def test_the_page_answers_and_shows_every_part(analysis: Analysis, tmp_path: Path) -> None:
    (tmp_path / "workspace.json").write_text("{}")
    files = write_analysis(analysis, tmp_path, style="plain")
    assert files["report"] == tmp_path / "report.html"
    assert isinstance(files["figures"], list)
    assert [f.name for f in files["figures"] if f.suffix == ".png"] == [
        "regions.png",
        "mass_signal.png",
        "mt_signal.png",
    ]
    assert all(f.parent == tmp_path / "figures" and f.exists() for f in files["figures"])
    page = (tmp_path / "report.html").read_text()
    drawn = charts(page)
    assert list(drawn) == ["limit", "regions", "histogram-mass", "histogram-mt"]
    assert drawn["histogram-mass"]["picks"][0] == "Signal region"
    assert {trace["meta"]["model"] for trace in drawn["histogram-mass"]["data"]} == set(
        drawn["histogram-mass"]["picks"]
    )
    assert 'data-best="Signal region"' in page
    for heading in ("fit say?", "regions agree?", "distributions look like?", "background come from?", "uncertain?"):
        assert heading in page
    assert '<a href="workspace.json">pyhf workspace</a>' in page
    assert "yields.csv" not in page  # it is not there
    body = page.split("<main")[1].split("<script")[0]
    assert "W &lt;jets&gt;" in body
    assert "<jets>" not in body
    assert "method: same_sign" in body


def test_pages_without_fit_estimates_or_simulation(
    ntuples: Path, analysis_settings: dict[str, Any], tmp_path: Path
) -> None:
    settings = copy.deepcopy(analysis_settings) | {"estimates": {}, "systematics": {}, "fit": None}
    plain = write_analysis_page(analyse(settings, data=ntuples), tmp_path / "plain.html").read_text()
    assert "fit say?" not in plain
    assert "background come from?" not in plain
    assert list(charts(plain)) == ["regions", "histogram-mass", "histogram-mt"]
    blind = copy.deepcopy(settings)
    blind["regions"]["signal"]["blind"] = True
    page = write_analysis_page(analyse(blind, data=ntuples), tmp_path / "blind.html").read_text()
    assert "Left out, being blind: Signal region." in page
    data_only = {**settings, "processes": {}, "weight": None}
    folder = tmp_path / "data"
    found = write_analysis(analyse(data_only, data=ntuples), folder)
    assert isinstance(found["figures"], list)
    assert {"regions.png", "mass_signal.png"} <= {figure.name for figure in found["figures"]}
    page = (folder / "report.html").read_text()
    drawn = charts(page)
    assert list(drawn) == ["regions", "histogram-mass", "histogram-mt"]
    for chart in drawn.values():
        assert "yaxis2" not in chart["layout"]
        assert {trace["name"] for trace in chart["data"]} == {"data"}
    assert "Simulation" not in page.split("<main")[1].split("</section>")[0]
    assert ">Prediction" not in page
    assert "no simulation to compare them with" in page
