"""The page in a real browser."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.image
import numpy as np
import pytest

from kaon.report import write_page

if TYPE_CHECKING:
    from .conftest import Browser

TRACES = "document.querySelector('#figure-roc .plot').data"
CURVES = "document.querySelectorAll('#figure-roc .scatterlayer .trace path.js-line').length"
ROWS = "[...document.querySelectorAll('table.summary tbody tr')].map((r) => r.dataset.model)"


@pytest.fixture(scope="module")
def page(comparison_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(comparison_directory, tmp_path_factory.mktemp("page") / "report.html")


def visible(browser: Browser, model: str) -> list[bool]:
    found: list[bool] = browser.ask(f"{TRACES}.filter((t) => t.meta?.model === '{model}').map((t) => t.visible)")
    return found


def test_everything_is_drawn_without_an_error_and_without_the_network(browser: Browser, page: Path) -> None:
    browser.open(page)
    drawn = browser.ask("[...document.querySelectorAll('figure[data-chart]')].map((f) => f.dataset.chart)")
    assert {"roc", "significance", "scores", "calibration", "pt", "mass", "loss", "progress"} < set(drawn)
    assert {"input-0", "image-0", "image-1"} < set(drawn)
    assert browser.errors == []
    assert [url for url in browser.requests if not url.startswith(("data:", "blob:"))] == [page.resolve().as_uri()]


def test_the_policy_of_the_page_forbids_requests(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.ask("fetch('https://example.org/').then(() => 'fetched', () => 'refused')") == "refused"
    assert any("Content Security Policy" in error for error in browser.errors)


def test_a_model_is_switched_off_and_on_again_in_every_chart(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert visible(browser, "pfn") == [True, True, True]
    before = browser.ask(CURVES)
    browser.click(".chip[data-model=pfn]")
    browser.wait("document.querySelector('.chip[data-model=pfn]').getAttribute('aria-pressed') === 'false'")
    assert visible(browser, "pfn") == [False, False, False]
    assert visible(browser, "bdt") == [True, True, True]
    assert browser.ask(CURVES) == before - 3
    shown = browser.ask(
        "[...document.querySelectorAll('.plot')].flatMap((p) => p.data)"
        ".filter((t) => t.meta?.model === 'pfn' && t.visible).length"
    )
    assert shown == 0
    assert browser.ask("document.querySelector('tr[data-model=pfn]').classList.contains('off')")
    browser.click("#figure-roc .keys button[data-model=pfn]")
    browser.wait("document.querySelector('.chip[data-model=pfn]').getAttribute('aria-pressed') === 'true'")
    assert visible(browser, "pfn") == [True, True, True]
    assert browser.ask(CURVES) == before
    assert browser.errors == []


def test_hovering_shows_the_rejection_of_every_model(browser: Browser, page: Path) -> None:
    browser.open(page)
    x, y = browser.ask(
        "(() => { const e = document.querySelector('#figure-roc .nsewdrag');"
        "e.scrollIntoView({behavior: 'instant', block: 'center'}); const b = e.getBoundingClientRect();"
        "return [b.x + 0.7 * b.width, b.y + 0.5 * b.height]; })()"
    )
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    browser.wait("document.querySelector('#figure-roc .hoverlayer').textContent.includes('pfn')")
    told = browser.ask("document.querySelector('#figure-roc .hoverlayer').textContent")
    assert all(name in told for name in ("bdt", "topodnn", "random guess"))
    assert browser.errors == []


def test_light_and_dark_repaint_the_charts(browser: Browser, page: Path) -> None:
    browser.open(page, dark=True)
    line = f"{TRACES}.at(-1).line.color"
    dark = browser.ask(line)
    assert browser.ask("document.documentElement.dataset.theme") == "dark"
    browser.click("#theme")
    browser.wait("document.documentElement.dataset.theme === 'light'")
    assert browser.ask(line) != dark
    browser.ask("localStorage.clear()")
    assert browser.errors == []


def test_table_is_sorted_both_ways(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.ask(ROWS) == ["bdt", "topodnn", "pfn"]
    browser.click("th:nth-child(2) button")
    assert browser.ask(ROWS) == ["pfn", "topodnn", "bdt"]
    browser.click("th:nth-child(2) button")
    assert browser.ask(ROWS) == ["bdt", "topodnn", "pfn"]
    browser.click("th:nth-child(7) button")
    assert browser.ask("document.querySelector('th:nth-child(7)').getAttribute('aria-sort')") == "ascending"


def test_charts_of_one_model_follow_the_choice(browser: Browser, page: Path) -> None:
    browser.open(page)
    traces = "document.querySelector('#figure-{} .plot').data.filter((t) => t.visible)"
    chosen = f"[...new Set({traces}.map((t) => t.meta.model))]"
    assert browser.ask(chosen.format("scores")) == ["pfn"]  # the best one comes first
    note = browser.ask("document.querySelector('#figure-scores .note').textContent")
    browser.ask(
        "(() => { const s = document.querySelector('#figure-scores select'); s.value = 'bdt';"
        "s.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )
    assert browser.ask(chosen.format("scores")) == ["bdt"]
    assert browser.ask(chosen.format("loss")) == ["bdt"]
    assert browser.ask("document.querySelector('#figure-scores .note').textContent") != note
    browser.click(".chip[data-model=bdt]")
    assert browser.ask(chosen.format("scores")) == ["topodnn"]
    assert browser.errors == []


def test_scale_is_switched(browser: Browser, page: Path) -> None:
    browser.open(page)
    kind = "document.querySelector('#figure-roc .plot')._fullLayout.yaxis.type"
    assert browser.ask(kind) == "log"
    browser.click("button[data-scale=roc]")
    browser.wait(f"{kind} === 'linear'")
    browser.click("button[data-scale=roc]")
    browser.wait(f"{kind} === 'log'")
    assert browser.errors == []


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
@pytest.mark.parametrize("dark", [False, True])
def test_fits_a_laptop_and_a_phone_and_looks_like_something(
    browser: Browser, page: Path, width: int, height: int, dark: bool
) -> None:
    browser.open(page, width=width, height=height, dark=dark)
    assert browser.ask("document.documentElement.scrollWidth") <= width
    spans = browser.ask("[...document.querySelectorAll('.plot .main-svg')].map((e) => e.getBoundingClientRect().right)")
    assert max(spans) <= width
    browser.ask("document.getElementById('figure-roc').scrollIntoView({behavior: 'instant'})")
    picture = browser.screenshot()
    assert picture.startswith(b"\x89PNG")
    pixels = matplotlib.image.imread(io.BytesIO(picture))
    assert pixels.shape[:2] == (height, width)
    shades = np.unique((pixels[..., :3] * 31).astype(int) @ [1, 32, 1024])
    assert len(shades) > 50  # text, lines and bands, not a blank page
    light = float(np.median(pixels[..., :3]))
    assert light < 0.2 if dark else light > 0.9
    assert browser.errors == []


def test_hostile_names_are_shown_and_not_run(
    browser: Browser, comparison_writer: Callable[..., Path], tmp_path: Path
) -> None:
    model, other = "<img src=x onerror=alert(1)>", "a&b'\"c"
    classes = ("</script><script>document.title='owned'</script>", "<b>signal</b> %{x} $x$")
    source = comparison_writer(tmp_path / "c", models={model: 2.0, other: 1.5}, seeds=(0,), classes=classes)
    browser.open(write_page(source, tmp_path / "report.html"))
    assert browser.ask("[...document.querySelectorAll('.chip')].map((c) => c.textContent)") == [model, other]
    assert "owned" not in browser.ask("document.title").split("'")[0]
    assert browser.ask("document.querySelectorAll('img').length") == 0
    browser.ask("document.querySelector('.chip').click()")
    assert visible(browser, model.replace("'", "\\'")) == [False, False, False]
    assert browser.errors == []


def test_several_classes_have_a_confusion_matrix(
    browser: Browser, comparison_writer: Callable[..., Path], tmp_path: Path
) -> None:
    source = comparison_writer(tmp_path / "c", seeds=(0,), classes=("qcd", "w", "z", "top"))
    browser.open(write_page(source, tmp_path / "report.html"))
    cells = browser.ask(
        "[...document.querySelectorAll('#figure-confusion .heatmap-label text')].map((t) => t.textContent)"
    )
    assert len(cells) == 16
    assert all(cell.endswith("%") for cell in cells)
    assert browser.errors == []
