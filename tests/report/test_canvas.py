from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.lines import Line2D

from kaon.errors import UnknownName
from kaon.report.canvas import COLOURS, MARKERS, STYLES, Canvas, plain, styled


def test_settings_are_those_of_the_style_and_only_inside_the_block() -> None:
    before = dict(mpl.rcParams)
    sizes = {}
    for style in STYLES:
        with mpl.rc_context({"font.size": 40}), styled(style):
            sizes[style] = mpl.rcParams["font.size"]
            assert mpl.rcParams["pdf.fonttype"] == 42
    assert sizes == {"atlas": 14, "cms": 26, "plain": 12}
    assert dict(mpl.rcParams) == before


def test_settings_come_back_after_an_error() -> None:
    before = dict(mpl.rcParams)
    with pytest.raises(ValueError, match="drawing"), styled("cms"):
        raise ValueError("drawing")
    assert dict(mpl.rcParams) == before


def test_an_unknown_style_names_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"did you mean atlas.*cms"), styled("atlss"):
        pass


def test_a_dollar_sign_stays_one() -> None:
    with styled("plain"):
        canvas = Canvas("plain", plain("1 $ and 2 $"), "note")
        canvas.main.plot([0, 1], [0, 1], label=plain("$x$"))
        figure = canvas.finish()
        figure.draw_without_rendering()  # an odd number of dollar signs in mathtext would raise
    legend: Any = canvas.main.get_legend()
    assert legend.get_texts()[0].get_text() == r"\$x\$"


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("scale", "entries", "ratio"), [("linear", 1, True), ("log", 8, False)])
def test_data_stay_below_label_and_legend(style: str, scale: str, entries: int, ratio: bool) -> None:
    with styled(style):
        canvas = Canvas(style, "Simulation", "what is shown", ratio=ratio)
        for i in range(entries):
            canvas.main.plot([0, 1], [10.0, 1000.0 - i], label=f"a model of a rather long name, number {i}")
        canvas.main.set(yscale=scale, xlim=(0, 1))
        canvas.main.set_ylim(bottom=1)
        figure = canvas.finish()
        figure.draw_without_rendering()
        drawn: Any = canvas.main.get_legend()
        legend = drawn.get_window_extent()
        top = canvas.main.transData.transform((1, 1000.0))[1]
        assert top < legend.y0
        assert canvas.main.get_ylim()[0] == 1
        texts = [t.get_window_extent() for t in canvas.main.texts]
        assert not any(legend.overlaps(t) for t in texts)
        whole, paper = figure.get_tightbbox(), figure.get_size_inches()
        assert whole.x0 >= 0
        assert whole.y0 >= 0
        assert whole.x1 <= paper[0]
        assert whole.y1 <= paper[1]


@pytest.mark.parametrize("style", STYLES)
def test_the_label_names_kaon_and_no_experiment(style: str) -> None:
    with styled(style):
        canvas = Canvas(style, "Preliminary", "top vs qcd")
        canvas.main.plot([0, 1], [0, 1])
        canvas.finish([Line2D([], [], label="line")])
    assert [t.get_text() for t in canvas.main.texts] == ["kaon", "Preliminary", "top vs qcd"]


def test_ten_models_look_different() -> None:
    assert len(set(COLOURS)) == len(set(MARKERS)) == 10
    rgb = np.array([mpl.colors.to_rgb(c) for c in COLOURS])
    distance = np.linalg.norm(rgb[:, None] - rgb[None], axis=-1) + np.eye(10)
    assert distance.min() > 0.15
