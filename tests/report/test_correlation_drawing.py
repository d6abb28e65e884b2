from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from kaon.report import load
from kaon.report.canvas import Canvas, styled
from kaon.report.correlation_drawing import correlations


def test_numbers_are_the_matrix_in_per_cent(comparison_directory: Path) -> None:
    matrix = [[1.0, -0.25, None], [-0.25, 1.0, None], [None, None, None]]
    found = {"names": ["m$", "pt", "constant"], "matrices": {"top": matrix}}
    comparison = replace(load(comparison_directory), sample={"correlation": found})
    with styled("plain"):
        figures = correlations(comparison, partial(Canvas, "plain", ""))
        none = correlations(replace(comparison, sample=None), partial(Canvas, "plain", ""))
    (figure,) = figures.values()
    assert list(figures) == ["correlations_top"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["100", "-25", "-25", "100"]
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == [r"m\$", "pt", "constant"]
    assert none == {}
