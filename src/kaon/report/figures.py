"""Figures for a paper or a talk: PDF and PNG, in the style of an experiment or a plain one."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from kaon.errors import DataError
from kaon.files import replacing
from kaon.report.canvas import Canvas, Style, styled
from kaon.report.class_drawing import CLASS_DRAWINGS
from kaon.report.correlation_drawing import correlations
from kaon.report.cut_drawing import cut
from kaon.report.drawings import DRAWINGS
from kaon.report.runs import Comparison, RunRecord, load

__all__ = ["write_figures"]


def write_figures(
    source: Comparison | Sequence[RunRecord] | str | os.PathLike[str],
    folder: str | os.PathLike[str],
    style: Style = "atlas",
    *,
    label: str = "Simulation",
) -> list[Path]:
    """Draw all figures that the runs allow: `roc`, `significance`, `scores_<model>`, `calibration`, `rejection_pt`,
    `mass_sculpting`, `training_<model>`, `cut_<model>` and `correlations_<class>`, each as PDF and PNG; of more than
    two classes `confusion_<model>`, `sureness_<model>`, `calibration`, `training_<model>` and `correlations_<class>`.

    A figure whose numbers are missing (no jet pT was kept, no labels, no log) is left out. The style is that of an
    experiment's figures; the label says kaon, as the result is not the experiment's.

    Args:
        source: a comparison, some of its runs, or the directory to load.
        folder: where to write; made if it does not exist.
        style: `atlas`, `cms` (both by mplhep) or `plain`.
        label: what follows the name kaon on each figure.

    Returns:
        The files, in the order above.

    Raises:
        UnknownName: no such style.
        DataError: no finished run, nothing that can be drawn, or a folder that cannot be written.
    """
    if isinstance(source, str | os.PathLike):
        source = load(source)
    comparison = source if isinstance(source, Comparison) else Comparison(tuple(source))
    written: list[Path] = []
    with styled(style):
        paper = partial(Canvas, style, label)
        drawings = CLASS_DRAWINGS if comparison.many else (*DRAWINGS, cut)
        for draw in (*drawings, correlations):
            for name, figure in draw(comparison, paper).items():
                written += _save(figure, Path(folder) / re.sub(r"[^\w.+-]+", "_", name))
    if not written:
        raise DataError("the runs hold neither labelled predictions nor a log, so there is nothing to draw")
    return written


def _save(figure: Figure, stem: Path) -> list[Path]:
    paths = []
    for suffix, options in ((".pdf", {"metadata": {"CreationDate": None}}), (".png", {"dpi": 200})):
        path = stem.with_name(stem.name + suffix)
        with replacing(path) as scratch:
            figure.savefig(scratch, **options)
        paths.append(path)
    return paths
