"""Publication figure of the correlations of the inputs: one matrix a class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from kaon.report.canvas import Canvas, plain
from kaon.report.runs import Comparison

__all__ = ["correlations"]

_ANNOTATED = 12
"""Matrices of so few inputs have room for their numbers."""


def correlations(comparison: Comparison, _: Callable[..., Canvas]) -> dict[str, Figure]:
    """`correlations_<class>`: linear correlation of every two inputs in per cent; grey where one does not vary."""
    found: Any = (comparison.sample or {}).get("correlation")
    figures = {}
    for name, matrix in (found or {"matrices": {}})["matrices"].items():
        names = [plain(n) for n in found["names"]]
        values = np.array([[np.nan if r is None else 100 * r for r in row] for row in matrix])
        size = mpl.rcParams["font.size"] / 72 * (2.2 if len(names) <= _ANNOTATED else 1.2)  # inches a row
        side = max(len(names) * size, 3.0)
        figure = Figure(figsize=(side + 3.2, side + 2.4), layout="constrained")
        ax = figure.subplots()
        colours = mpl.colormaps["RdBu_r"].with_extremes(bad="0.85")
        image = ax.imshow(np.ma.masked_invalid(values), cmap=colours, vmin=-100, vmax=100)
        ax.set_xticks(range(len(names)), names, rotation=90)
        ax.set_yticks(range(len(names)), names)
        ax.tick_params(which="both", length=0, labelsize="small" if len(names) <= _ANNOTATED else "x-small")
        ax.minorticks_off()
        if len(names) <= _ANNOTATED:
            for (i, j), value in np.ndenumerate(values):
                if np.isfinite(value):
                    ink = "white" if abs(value) > 60 else "black"
                    ax.text(j, i, f"{value:.0f}", ha="center", va="center", fontsize="x-small", color=ink)
        figure.colorbar(image, ax=ax, shrink=0.8).set_label("Linear correlation [%]")
        ax.set_title(plain(name), loc="right", fontsize="medium")
        figures[f"correlations_{name}"] = figure
    return figures
