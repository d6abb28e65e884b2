"""Publication figures of more than two classes: which is taken for which, and how sure the models are."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from kaon.report.canvas import Canvas, plain
from kaon.report.charts.classes import decisions, shares
from kaon.report.drawings import calibration, scores, training
from kaon.report.runs import Comparison

__all__ = ["CLASS_DRAWINGS", "certainty", "confusion", "sureness"]

_WRITTEN = 0.5
"""Per cent from which on a cell has its number."""


def confusion(comparison: Comparison, _: Callable[..., Canvas]) -> dict[str, Figure]:
    """`confusion_<model>`: share of each true class (row) that is taken for each class, per cent; mean over seeds."""
    names = [plain(name) for name in comparison.classes]
    figures = {}
    for model, runs in comparison.models.items():
        found = shares(runs)
        if found is None:
            continue
        side = max(len(names) * mpl.rcParams["font.size"] / 72 * 2.2, 3.0)
        figure = Figure(figsize=(side + 2.2, side + 1.8), layout="constrained")
        ax = figure.subplots()
        ax.imshow(np.ma.masked_invalid(100 * found), cmap=mpl.colormaps["Blues"].with_extremes(bad="0.85"), vmin=0)
        ax.set_xticks(range(len(names)), names, rotation=90 if max(map(len, names)) > 3 else 0)
        ax.set_yticks(range(len(names)), names)
        ax.tick_params(which="both", length=0, labelsize="small")
        ax.minorticks_off()
        for (i, j), value in np.ndenumerate(100 * found):
            if value >= _WRITTEN:
                ink = "white" if value > 55 else "black"
                ax.text(j, i, f"{value:.0f}", ha="center", va="center", fontsize="x-small", color=ink)
        ax.set(xlabel="Taken for", ylabel="True class")
        ax.set_title(f"{plain(model)}, per cent of the true class", loc="right", fontsize="medium")
        figures[f"confusion_{model}"] = figure
    return figures


def sureness(comparison: Comparison, paper: Callable[..., Canvas]) -> dict[str, Figure]:
    """`sureness_<model>`: probability of the chosen class, where the choice is right and where it is wrong."""
    found = scores(decisions(comparison), paper)
    for figure in found.values():
        figure.axes[0].set_xlabel("Probability of the chosen class")
    return {name.replace("scores_", "sureness_", 1): figure for name, figure in found.items()}


def certainty(comparison: Comparison, paper: Callable[..., Canvas]) -> dict[str, Figure]:
    """`calibration`: share of right decisions against the probability of the chosen class."""
    found = calibration(decisions(comparison), paper)
    for figure in found.values():
        figure.axes[0].set(xlabel="Probability of the chosen class", ylabel="Share that is right")
    return found


CLASS_DRAWINGS = (confusion, sureness, certainty, training)
"""All of them, in the order of a paper."""
