from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import plotly.graph_objects as go
import pytest

from kaon.data import Events, Predictions
from kaon.errors import DataError
from kaon.learn.sample import sample_summary
from kaon.report import load, write_page
from kaon.report.charts.chart import POINTS


class Elements(HTMLParser):
    """All tags with their attributes, and the contents of scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        tag, attributes = self.tags[-1] if self.tags else ("", {})
        if tag == "script" and self.get_starttag_text() is not None and self.cdata_elem == "script":
            self.scripts.append((attributes, data))
        elif self.cdata_elem is None:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(comparison_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_page(comparison_directory, tmp_path_factory.mktemp("page") / "report.html").read_text()


def charts_of(page: str) -> list[dict[str, Any]]:
    block = re.search(r'<script type="application/json" id="charts">(.*?)</script>', page, re.DOTALL)
    assert block is not None
    found: list[dict[str, Any]] = json.loads(block[1])
    return found


def test_sections_come_in_the_order_of_a_reader(page: str) -> None:
    order = ["summary", "separation", "cut", "scores", "physics", "training", "inputs"]
    order += ["correlations", "image", "origin"]
    assert re.findall(r'<section id="(\w+)">', page) == order
    assert page.index("<h1>") < page.index('class="answer"') < page.index('<table class="summary">')


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    for tag, attributes in Elements(page).tags:
        assert tag not in ("link", "iframe", "img", "object", "embed", "base")
        assert not attributes.keys() & {"src", "href", "srcset", "onclick", "onload", "onerror"}
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_policy_allows_these_scripts_and_no_others(page: str) -> None:
    elements = Elements(page)
    (policy,) = (a["content"] or "" for tag, a in elements.tags if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    code = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in code}
    assert set(rules["script-src"].split()) == hashes
    assert len(hashes) == 3


def test_charts_are_what_plotly_understands(page: str) -> None:
    charts = charts_of(page)
    assert len(charts) >= 16

    def paint(value: Any, key: str = "") -> Any:
        if key == "colorscale":
            return [[at, "#123456"] for at, _ in value]
        if isinstance(value, dict):
            return {k: paint(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [paint(v) for v in value]
        return "#123456" if isinstance(value, str) and key.endswith("color") else value

    for chart in charts:
        go.Figure(data=paint(chart["data"]), layout=paint(chart["layout"]))  # raises on a name it does not know


def test_every_colour_is_a_variable_of_both_themes(page: str) -> None:
    def colours(value: Any, key: str = "") -> set[str]:
        if key == "colorscale":
            return {name for _, name in value}
        if isinstance(value, dict):
            return set().union(*(colours(v, k) for k, v in value.items()))
        if isinstance(value, list):
            return set().union(*(colours(v) for v in value))
        return {value.split("/")[0]} if isinstance(value, str) and key.endswith("color") else set()

    used = set().union(*(colours(chart["data"]) for chart in charts_of(page)))
    used |= set(re.findall(r"var\(--([\w-]+)\)", re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)))
    light, dark = (
        set(re.findall(r"--([\w-]+):", block)) for block in re.findall(r":root[^{]*\{(.*?)\}", page, re.DOTALL)[:2]
    )
    assert used - {"colour", "font", "columns", "least"} <= light & dark


def test_curves_are_short_and_the_page_small(page: str) -> None:
    for chart in charts_of(page):
        for trace in chart["data"]:
            assert len(trace["x"]) <= POINTS
    assert len(page) < 5_500_000


def test_table_states_the_seeds(page: str) -> None:
    assert page.count("<small>3 seeds</small>") == 3
    assert "mean ± standard deviation over 3 trainings" in page


def test_single_run_with_nothing_but_its_numbers(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    folder = run_writer(tmp_path / "run", "pfn", 0)
    for name in ("config.yaml", "environment.json", "log.csv"):
        (folder / name).unlink()
    for file in (folder / "predictions").iterdir():
        file.unlink()
    page = write_page(folder, tmp_path / "deep" / "report.html").read_text()
    text = Elements(page).text
    assert charts_of(page) == []
    assert "How well does pfn separate these events?" in text
    assert page.count('<div class="missing') == 13
    assert "No run kept the column jet_pt" in text
    assert "no labelled test events" in text
    assert 'class="chip"' not in page


def test_unlabelled_events_are_explained(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    folder = run_writer(tmp_path / "run", "pfn", 0, change=lambda p: replace(p, target=None))
    (folder / "metrics.json").write_text(json.dumps({"model": "pfn", "seed": 0, "auc": None}))
    text = Elements(write_page(folder, tmp_path / "report.html").read_text()).text
    assert "nothing can be ranked" in text
    assert "There are no labelled test events" in text


def test_numbers_that_cannot_be_computed_become_a_sentence(run_writer: Callable[..., Path], tmp_path: Path) -> None:
    def broken(p: Predictions) -> Predictions:
        return replace(p, spectators={"jet_pt": p.spectators["jet_pt"], "jet_mass": np.full(len(p), np.nan)})

    folder = run_writer(tmp_path / "run", "pfn", 0, change=broken)
    text = Elements(write_page(folder, tmp_path / "report.html").read_text()).text
    assert "This cannot be computed" in text
    assert "NaN" in text


def test_text_of_users_is_escaped(comparison_writer: Callable[..., Path], tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script>"
    source = comparison_writer(tmp_path / "c", models={"<i>m": 1.0, "b": 2.0}, seeds=(0,), classes=("a", evil))
    page = write_page(source, tmp_path / "report.html").read_text()
    assert "<i>m" not in page
    assert "alert(1)</script>" not in page
    assert sum(tag == "script" for tag, _ in Elements(page).tags) == 4


def test_same_page_for_the_same_runs(comparison_directory: Path, tmp_path: Path) -> None:
    first = write_page(comparison_directory, tmp_path / "a.html")
    second = write_page(load(comparison_directory), tmp_path / "b.html")
    assert first.read_bytes() == second.read_bytes()


def test_an_error_leaves_no_page(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        write_page(tmp_path, tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_the_page_needs_neither_torch_nor_matplotlib(comparison_directory: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from kaon.report import write_page; write_page(*sys.argv[1:]);"
        "print(sorted({'torch', 'matplotlib', 'lightning', 'plotly.graph_objects'} & set(sys.modules)))"
    )
    target = tmp_path / "report.html"
    done = subprocess.run(
        [sys.executable, "-c", program, str(comparison_directory), str(target)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
    assert target.is_file()


def test_classes_of_equal_rank_have_sections_of_their_own(
    comparison_writer: Callable[..., Path], tmp_path: Path
) -> None:
    names = tuple("abcdefghij")
    source = comparison_writer(tmp_path / "c", models={"x": 2.0, "y": 3.0}, seeds=(0, 1), classes=names)
    page = write_page(source, tmp_path / "report.html").read_text()
    assert re.findall(r'<section id="(\w+)">', page)[:3] == ["summary", "separation", "scores"]
    elements = Elements(page)
    assert "Which model can best tell 10 classes apart?" in elements.text
    assert "y leads with an accuracy of" in elements.text
    assert "Most often it takes" in elements.text
    heads = re.findall(r"<button>(.*?)</button></th>", page)
    assert heads[:4] == ["Model", "Accuracy", "Error rate", "AUC"]
    drawn = {chart["name"] for chart in charts_of(page)}
    assert {"confusion", "found", "against", "scores", "calibration", "loss", "progress"} <= drawn
    assert not {"roc", "significance"} & drawn


def test_pictures_are_shown_as_pictures(comparison_writer: Callable[..., Path], tmp_path: Path) -> None:
    source = comparison_writer(tmp_path / "c", models={"x": 2.0}, seeds=(0,), classes=("round", "square", "flat"))
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (60, 3, 8, 8)).astype(np.uint8)
    labels = np.arange(60) % 3
    events = Events(ak.Array({"image": images}), labels, classes=("round", "square", "flat"))
    summary = sample_summary(events)
    (source / "sample.json").write_text(json.dumps(summary))
    page = write_page(source, tmp_path / "report.html").read_text()
    assert '<section id="inputs">' not in page
    (examples,) = (c for c in charts_of(page) if c["name"] == "examples")
    assert examples["data"][0]["count"] == 3 * summary["pictures"]["across"]
    assert examples["data"][0]["captions"][0] == "round"
    stored = np.frombuffer(base64.b64decode(summary["pictures"]["pixels"]), np.uint8).reshape(-1, 3, 8, 8)
    np.testing.assert_array_equal(
        stored[: summary["pictures"]["across"]], images[labels == 0][: summary["pictures"]["across"]]
    )
