"""Galleries in a real browser: crisp, in the colours of the theme, and within the width of a phone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kaon.report.charts.gallery import gallery
from kaon.report.frame import Section
from kaon.report.study import Result
from kaon.report.study_page import write_result

if TYPE_CHECKING:
    from .conftest import Browser

PIXEL = (
    "[...document.querySelectorAll('#figure-{0} canvas')][{1}].getContext('2d').getImageData({2}, {3}, 1, 1).data"
    ".join()"
)
VARIABLE = "getComputedStyle(document.documentElement).getPropertyValue('--{}').trim()"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    signs = np.zeros((5, 2, 3))
    signs[3, 1] = -2.0, 0.0, 2.0
    signs[4, 0, 0] = np.nan
    colours = np.zeros((2, 3, 2, 2))
    colours[1, :, 0, 1] = 1.0, 0.2, 0.0
    charts = [
        gallery("signs", "Signs", "Of both.", signs, diverging=True, captions=["a & <b>"] * 5),
        gallery("colours", "Colours", "Two.", colours, columns=9),
        gallery("many", "Many", "A hundred.", np.eye(32)[None].repeat(100, 0), columns=20),
    ]
    result = Result("s", "smoke", "Which?", "", (), (), sections=[Section("g", "G", "g", charts)])
    return write_result(result, tmp_path_factory.mktemp("gallery"))["report"]


def colour(browser: Browser, name: str) -> str:
    text = browser.ask(VARIABLE.format(name))
    return ",".join(str(int(text[i : i + 2], 16)) for i in (1, 3, 5)) + ",255"


@pytest.mark.parametrize("dark", [False, True])
def test_pixels_have_the_colours_of_the_theme(browser: Browser, page: Path, dark: bool) -> None:
    browser.open(page, dark=dark)
    shown = [browser.ask(PIXEL.format("signs", 3, x, 1)) for x in range(3)]
    assert shown == [colour(browser, name) for name in ("series-1", "raised", "signal")]
    assert browser.ask(PIXEL.format("signs", 4, 0, 0)) == "0,0,0,0"
    assert browser.ask(PIXEL.format("colours", 1, 1, 0)) == "255,51,0,255"
    browser.click("#theme")
    assert browser.ask(PIXEL.format("signs", 3, 2, 1)) == colour(browser, "signal")
    assert browser.ask("document.querySelector('#figure-signs .pictures span').textContent") == "a & <b>"
    assert browser.errors == []


@pytest.mark.parametrize("width", [1440, 390])
def test_pictures_keep_their_shape_at_every_width(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width, height=800)
    assert browser.ask("document.documentElement.scrollWidth") <= width
    box = "(() => {{ const b = document.querySelector('#figure-{} canvas').getBoundingClientRect();"
    for name, shape in (("signs", 3 / 2), ("colours", 1), ("many", 1)):
        side = browser.ask(box.format(name) + "return [b.width, b.height]; })()")
        assert side[0] / side[1] == pytest.approx(shape, rel=0.02)
        assert side[0] >= 24
    assert all(url.startswith(("data:", "file:")) for url in browser.requests)
    assert browser.errors == []
