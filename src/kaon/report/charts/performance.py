"""How much background survives: rejection, significance improvement, confusion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.evaluate import confusion_matrix, rejection_curve, significance_improvement
from kaon.report.charts.chart import Chart, Key, Missing, axis, band, label, model_key, model_style, numbers
from kaon.report.runs import Comparison

__all__ = ["confusion", "roc", "significance"]

GRID = np.linspace(0.01, 1.0, 199)
"""Signal efficiencies at which curves are drawn: the same for all, so that one hover shows all models."""


def roc(comparison: Comparison) -> Chart | Missing:
    """Background rejection against signal efficiency, logarithmic, with a band over the seeds."""
    title = "Background rejection"
    data: list[dict[str, Any]] = []
    keys = []
    for number, (model, runs) in enumerate(comparison.models.items()):
        curves = [rejection_curve(p, signal_efficiency=GRID) for run in runs if (p := run.labelled()) is not None]
        if not curves:
            continue
        values = np.stack([np.where(np.isfinite(c.value), c.value, np.nan) for c in curves])  # (seeds, points)
        if len(curves) > 1:
            low, high = values.min(axis=0), values.max(axis=0)
        else:
            low, high = np.maximum(values[0] - curves[0].error, 1.0), values[0] + curves[0].error
        data += _curve(model, number, values.mean(axis=0), low, high, "%{y:,.1f}")
        keys.append(model_key(model, number))
    if not data:
        return Missing(title, _UNLABELLED)
    guess = {
        "x": numbers(GRID),
        "y": numbers(1 / GRID),
        "mode": "lines",
        "line": {"color": "faint", "dash": "dot", "width": 1.5},
        "name": "random guess",
        "hovertemplate": "%{y:,.1f}",
    }
    return Chart(
        name="roc",
        title=title,
        caption="Each point is a cut on the score. Across: the share of the signal it keeps; up: one background event "
        "in so many passes it. Up and to the right is better. " + _BAND,
        data=[*data, guess],
        layout={
            "xaxis": axis("signal efficiency ε<sub>S</sub>", range=[0, 1.005], hoverformat=".3f"),
            "yaxis": axis("background rejection 1/ε<sub>B</sub>", type="log", autorangeoptions={"minallowed": 0}),
            "hovermode": "x unified",
        },
        keys=[*keys, Key("random guess", "faint", "dot")],
        scale=True,
    )


def significance(comparison: Comparison) -> Chart | Missing:
    """Significance improvement against signal efficiency, where enough background is left to believe it."""
    title = "Significance improvement"
    data: list[dict[str, Any]] = []
    keys = []
    for number, (model, runs) in enumerate(comparison.models.items()):
        found = [significance_improvement(p) for run in runs if (p := run.labelled()) is not None]
        if not found:
            continue
        values = np.stack([_on_grid(f.signal_efficiency[f.reliable], f.value[f.reliable]) for f in found])
        data += _curve(model, number, values.mean(axis=0), values.min(axis=0), values.max(axis=0), "%{y:.2f}")
        best = np.mean([float(f.maximum) for f in found])
        where = np.mean([f.best_efficiency for f in found])
        key = model_key(model, number)
        keys.append(replace(key, text=f"{model}: {best:.1f} at {where:.2f}"))
    if not data:
        return Missing(title, _UNLABELLED)
    return Chart(
        name="significance",
        title=title,
        caption="Factor by which the cut multiplies the significance S / √B of a search that is limited by statistics. "
        "The legend gives the largest factor and the signal efficiency where it is reached. Drawn where the background "
        "that is left is known to better than 20 %. The line is the mean over the seeds, its band spans them all.",
        data=data,
        layout={
            "xaxis": axis("signal efficiency ε<sub>S</sub>", range=[0, 1.005], hoverformat=".3f"),
            "yaxis": axis("ε<sub>S</sub> / √ε<sub>B</sub>", rangemode="tozero"),
            "hovermode": "x unified",
        },
        keys=keys,
    )


def confusion(comparison: Comparison) -> Chart | Missing:
    """Share of each true class that is taken for each class, one model at a time."""
    classes = comparison.classes
    data: list[dict[str, Any]] = []
    for model, runs in comparison.models.items():
        matrices = [confusion_matrix(p, normalise="true") for run in runs if (p := run.labelled()) is not None]
        if not matrices:
            continue
        share = np.mean(matrices, axis=0)
        names = [label(c) for c in classes]
        dense = len(classes) > _ROOMY
        data.append(
            {
                "type": "heatmap",
                "x": names,
                "y": names,
                "z": [numbers(row, 4) for row in share],
                "text": [[_written(v, dense) for v in row] for row in share],
                "customdata": [[f"{v:.2%}" if np.isfinite(v) else "unknown" for v in row] for row in share],
                "texttemplate": "%{text}",
                "hovertemplate": "true %{y}, taken for %{x}: %{customdata}<extra></extra>",
                "zmin": 0,
                "zmax": 1,
                "colorscale": [[i / 4, f"heat-{i + 1}"] for i in range(5)],
                "showscale": False,
                "xgap": 2,
                "ygap": 2,
                "meta": {"model": model},
            }
        )
    if not data:
        return Missing("Confusion", _UNLABELLED)
    return Chart(
        name="confusion",
        title="Confusion",
        caption="Each row is a true class and sums to 100 %: the share of its events that is taken for each class, the "
        "one with the highest score. The diagonal is what is found. Mean over the seeds."
        + (" In per cent; cells below 0.5 % are left empty." if len(classes) > _ROOMY else ""),
        data=data,
        layout={
            "xaxis": axis("taken for", type="category", showgrid=False, showline=False, dtick=1),
            "yaxis": axis("true class", type="category", showgrid=False, showline=False, dtick=1, autorange="reversed"),
            "hovermode": "closest",
        },
        square=len(classes) > _ROOMY,
        picks=[str(t["meta"]["model"]) for t in data],
    )


def _written(share: float, dense: bool) -> str:
    """The text of a cell; where there are many, whole per cent alone, and nothing for what hardly happens."""
    if not np.isfinite(share):
        return "—"
    return f"{share:.1%}" if not dense else f"{100 * share:.0f}" if share >= 0.005 else ""


_ROOMY = 5
"""Classes whose confusions have room for a digit behind the point."""

_BAND = (
    "The line is the mean over the seeds and its band spans them all; with one seed the band is the statistical error "
    "of the test events. A curve ends where no background is left to count."
)
_UNLABELLED = "There are no labelled test events with both signal and background, so there is nothing to measure."


def _on_grid(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """A curve at the points of the grid; NaN outside its range."""
    order = np.argsort(x, kind="stable")  # negative weights make an efficiency fall in places
    return np.interp(GRID, x[order], y[order], left=np.nan, right=np.nan)


def _curve(
    model: str, number: int, y: NDArray[Any], low: NDArray[Any], high: NDArray[Any], hover: str
) -> list[dict[str, Any]]:
    colour, dash = model_style(number)
    line = {
        "x": numbers(GRID),
        "y": numbers(y),
        "mode": "lines",
        "line": {"color": colour, "dash": dash, "width": 2.25},
        "name": label(model),
        "hovertemplate": hover,
        "meta": {"model": model},
    }
    return [*band(GRID, low, high, colour, model), line]
