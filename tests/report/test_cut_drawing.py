from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from kaon.report import load
from kaon.report.canvas import Canvas, styled
from kaon.report.charts.cut import GRID
from kaon.report.cut_drawing import cut


def test_one_figure_a_model_with_falling_efficiencies(comparison_directory: Path) -> None:
    comparison = load(comparison_directory)
    with styled("plain"):
        figures = cut(comparison, partial(Canvas, "plain", "Simulation"))
    assert set(figures) == {f"cut_{model}" for model in comparison.models}
    main, lower = figures["cut_bdt"].axes
    signal, background, _ = (np.asarray(line.get_ydata(), float) for line in main.get_lines())
    assert np.all(np.diff(signal) <= 1e-9)
    assert np.all(background <= signal + 0.02)
    assert len(signal) == len(GRID)
    assert lower.get_ylim()[1] >= np.nanmax(np.asarray(lower.get_lines()[0].get_ydata(), float))
