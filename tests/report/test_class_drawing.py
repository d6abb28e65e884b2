from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from kaon.report import load, write_figures
from kaon.report.canvas import Canvas, styled
from kaon.report.charts.classes import shares
from kaon.report.class_drawing import certainty, confusion, sureness

CLASSES = ("c$t", "dog", "elk", "fox")


def test_cells_are_the_shares_in_per_cent(comparison_writer: Callable[..., Path], tmp_path: Path) -> None:
    found = load(comparison_writer(tmp_path / "c", models={"net": 1.5}, seeds=(0, 1), classes=CLASSES))
    matrix = shares(found.models["net"])
    assert matrix is not None
    with styled("plain"):
        paper = partial(Canvas, "plain", "")
        (figure,) = confusion(found, paper).values()
        drawn = [float(text.get_text()) for text in figure.axes[0].texts]
        np.testing.assert_allclose(drawn, 100 * matrix[matrix >= 0.005], atol=0.51)
        assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == [r"c\$t", "dog", "elk", "fox"]
        assert set(sureness(found, paper)) == {"sureness_net"}
        (curve,) = certainty(found, paper).values()
        assert curve.axes[0].get_ylabel() == "Share that is right"


def test_all_figures_of_many_classes_are_written(comparison_writer: Callable[..., Path], tmp_path: Path) -> None:
    source = comparison_writer(tmp_path / "c", models={"net": 1.5}, seeds=(0,), classes=CLASSES)
    names = {p.stem for p in write_figures(source, tmp_path / "figures", "plain")}
    assert {"confusion_net", "sureness_net", "calibration", "training_net"} <= names
    assert not {"roc", "significance", "cut_net"} & names
