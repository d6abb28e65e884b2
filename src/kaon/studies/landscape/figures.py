"""Figures of the landscape: all ROC curves, how far taggers agree, and what more jets would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.data import Predictions
from kaon.evaluate import score_correlation
from kaon.report import Comparison, RunRecord
from kaon.report.charts.chart import Chart, Missing, axis, label, model_key, model_style, numbers
from kaon.report.charts.performance import roc

__all__ = ["correlations", "curves", "ensemble", "scaling"]


def ensemble(runs: Sequence[RunRecord]) -> Predictions | None:
    """The mean of the scores of all trainings of a model on the test jets; None where none kept them."""
    found = [p for run in runs if (p := run.labelled()) is not None]
    if not found:
        return None
    return replace(found[0], score=np.mean([p.score for p in found], axis=0))


def curves(comparison: Comparison) -> Chart | Missing:
    """Background rejection of every tagger, without bands: there are too many."""
    made = roc(comparison)
    if isinstance(made, Missing):
        return made
    lines = [trace for trace in made.data if not trace.get("meta", {}).get("band")]
    caption = (
        "Each point is a cut on the score. Across: the share of top jets it keeps; up: one background jet in so many "
        "passes it. Lines are means over the seeds. Select a name to switch it off or on, a scale to change it."
    )
    return replace(made, title="All taggers", data=lines, caption=caption, size="full")


def correlations(comparison: Comparison) -> list[Chart]:
    """For each class, how the scores of any two taggers are correlated on the same test jets."""
    scores = {m: p for m, runs in comparison.models.items() if (p := ensemble(runs)) is not None}
    if len(scores) < 2:
        return []
    first = next(iter(scores.values()))
    made = []
    for number, name in enumerate(first.classes):
        chosen = first.labels == number
        if chosen.sum() < 2:
            continue
        weight = first.weights[chosen] if bool((first.weights >= 0).all()) else None
        matrix = score_correlation([p.signal_score[chosen] for p in scores.values()], weight)
        made.append(_heatmap(f"correlation-{number}", name, list(scores), matrix))
    return made


def scaling(curves: Mapping[str, Mapping[int, float]], numbered: Sequence[str]) -> Chart | Missing:
    """AUC against the number of training jets.

    Args:
        curves: model -> training jets -> AUC.
        numbered: all models in the order of the page, which decides their colours.
    """
    title = "What more jets would change"
    data: list[dict[str, Any]] = []
    keys = []
    for model, points in curves.items():
        number = numbered.index(model)
        colour, dash = model_style(number)
        counts = sorted(points)
        data.append(
            {
                "x": counts,
                "y": numbers([points[n] for n in counts]),
                "mode": "lines+markers",
                "line": {"color": colour, "dash": dash, "width": 2.25},
                "marker": {"color": colour, "size": 7},
                "name": label(model),
                "hovertemplate": "%{y:.4f}",
                "meta": {"model": model},
            }
        )
        keys.append(model_key(model, number))
    if not data:
        return Missing(title, "No tagger was trained on fewer jets.")
    told = sorted({count for points in curves.values() for count in points})
    return Chart(
        name="scaling",
        title=title,
        caption="AUC on the same test jets after training on some or all of the training jets, with as many steps "
        "each, so that only the jets differ. A curve that still rises says that its tagger wants more jets than there "
        "are. One seed a point.",
        data=data,
        layout={
            "xaxis": axis("training jets", type="log", tickvals=told, ticktext=[f"{n:,}" for n in told]),
            "yaxis": axis("AUC"),
            "hovermode": "x unified",
        },
        keys=keys,
        size="full",
    )


def _heatmap(name: str, jets: str, models: list[str], matrix: NDArray[np.float64]) -> Chart:
    percent = [["" if not np.isfinite(v) else f"{100 * v:.0f}" for v in row] for row in matrix]
    shown = [label(m) for m in models]
    trace = {
        "type": "heatmap",
        "x": shown,
        "y": shown,
        "z": [numbers(row, 3) for row in matrix],
        "text": percent,
        "texttemplate": "%{text}",
        "textfont": {"size": 11 if len(models) < 13 else 8},
        "hovertemplate": "%{y} and %{x}: %{text} %<extra></extra>",
        "zmin": float(min(0.0, np.nanmin(matrix, initial=0.0))),
        "zmax": 1,
        "colorscale": [[i / 4, f"heat-{i + 1}"] for i in range(5)],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
    }
    return Chart(
        name=name,
        title=f"Correlation of scores, {jets} jets",
        caption="Pearson's coefficient in percent, between the scores that two taggers give to the same test jets of "
        "this class (the mean over the seeds). What is not correlated is what a combination can gain.",
        data=[trace],
        layout={
            "xaxis": axis("", type="category", showgrid=False, showline=False, tickangle=-60),
            "yaxis": axis("", type="category", showgrid=False, showline=False, autorange="reversed"),
            "hovermode": "closest",
        },
        square=True,
    )
