"""The page of a study in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kaon.report import load
from kaon.report.charts.performance import roc
from kaon.report.frame import Section
from kaon.report.study import Result, ResultRow, measured
from kaon.report.study_page import write_result
from kaon.report.table import COLUMNS

if TYPE_CHECKING:
    from .conftest import Browser


@pytest.fixture(scope="module")
def page(comparison_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    comparison = load(comparison_directory)
    rows = [
        ResultRow(m, {c.key: measured(runs, c, published=1.0, source="there") for c in COLUMNS}, "2 seeds", m)
        for m, runs in comparison.models.items()
    ]
    sections = [Section("curves", "Curves?", "All of them.", [roc(comparison)])]
    result = Result("s", "smoke", "Which?", "arXiv:1", COLUMNS, rows, ("One.",), ("Few jets.",), sections=sections)
    return write_result(result, tmp_path_factory.mktemp("study"))["report"]


@pytest.mark.parametrize("width", [1440, 390])
def test_it_is_drawn_fits_and_asks_nothing_of_the_network(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width, height=800)
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert browser.errors == []
    assert [url for url in browser.requests if not url.startswith(("data:", "blob:"))] == [page.resolve().as_uri()]


def test_the_table_sorts_and_a_model_is_switched_off(browser: Browser, page: Path) -> None:
    browser.open(page)
    rows = "[...document.querySelectorAll('table.summary tbody tr')].map((r) => r.dataset.model)"
    before = browser.ask(rows)
    browser.click("table.summary thead th:nth-child(2) button")
    falling = browser.ask(rows)
    browser.click("table.summary thead th:nth-child(2) button")
    assert browser.ask(rows) == falling[::-1]
    assert sorted(before) == sorted(falling)
    browser.click(f".chip[data-model={before[0]}]")
    browser.wait(f"document.querySelector('tr[data-model={before[0]}]').classList.contains('off')")
    assert browser.errors == []
