"""Where no class is the signal: what is taken for what, how well each class is found, how sure the models are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.data import Predictions
from kaon.evaluate import confusion_matrix, mistakes, rejection_curve
from kaon.report.charts.chart import Chart, Key, Missing, axis, label, model_key, model_style, numbers
from kaon.report.charts.performance import GRID
from kaon.report.charts.scores import calibration, score_distributions
from kaon.report.listing import Entry, Heading, Line, Listing
from kaon.report.runs import Comparison, RunRecord

__all__ = ["certainty", "confused", "decisions", "found", "one_against_all", "shares", "sureness"]

_LISTED = 10


def shares(runs: tuple[RunRecord, ...]) -> NDArray[np.float64] | None:
    """Share of each true class (row) that is taken for each class: the mean over the seeds; None without labels."""
    matrices = [confusion_matrix(p, normalise="true") for run in runs if (p := run.labelled()) is not None]
    return np.mean(matrices, axis=0) if matrices else None


def found(comparison: Comparison) -> Chart | Missing:
    """Share of each class that is found, all models side by side, over how much the seeds differ."""
    title = "What is found of each class"
    names = [label(c) for c in comparison.classes]
    data: list[dict[str, Any]] = []
    keys: list[Key] = []
    models = comparison.models
    for number, (model, runs) in enumerate(models.items()):
        each = [np.diag(confusion_matrix(p, normalise="true")) for r in runs if (p := r.labelled()) is not None]
        if not each:
            continue
        colour, _ = model_style(number)
        spread = np.std(each, axis=0, ddof=1) if len(each) > 1 else np.zeros(len(names))
        data.append(
            {
                "x": numbers(np.mean(each, axis=0)),
                "y": names,
                "error_x": {"type": "data", "array": numbers(spread), "color": colour, "thickness": 1.5, "width": 0},
                "mode": "markers",
                "marker": {"color": colour, "size": 9},
                "name": label(model),
                "hovertemplate": "%{x:.1%} of %{y}",
                "meta": {"model": model},
            }
        )
        keys.append(replace(model_key(model, number), mark="point"))
    if not data:
        return Missing(title, _UNLABELLED)
    return Chart(
        name="found",
        title=title,
        caption="Share of the test events of each class that are put into it. Bars: the standard deviation over the "
        "seeds.",
        data=data,
        layout={
            "xaxis": axis("share found", tickformat=".0%"),
            "yaxis": axis("", type="category", autorange="reversed", dtick=1),
            "hovermode": "closest",
        },
        keys=keys,
    )


def confused(comparison: Comparison, model: str) -> Listing | Missing:
    """The most frequent confusions of one model, beside those of the others."""
    matrices = {name: m for name, runs in comparison.models.items() if (m := shares(runs)) is not None}
    if model not in matrices:
        return Missing("Most frequent confusions", _UNLABELLED)
    order = [model, *(name for name in matrices if name != model)]
    place = {name: i for i, name in enumerate(comparison.classes)}
    lines = [
        Line(
            f"{one.true} taken for {one.taken}",
            [_percent(matrices[name][place[one.true], place[one.taken]]) for name in order],
        )
        for one in mistakes(matrices[model], comparison.classes, _LISTED)
    ]
    if not lines:
        return Missing("Most frequent confusions", f"{model} confuses no test event.")
    return Listing(
        "Most frequent confusions",
        [Heading("Confusion"), *(Heading(name, "share of the true class") for name in order)],
        lines,
        caption=f"Share of the events of the true class; those of {model}, the largest first. Mean over the seeds.",
        size="half",
    )


def one_against_all(comparison: Comparison) -> Chart | Missing:
    """Rejection of all other classes against the efficiency of each class, one model at a time."""
    title = "One class against all others"
    classes = comparison.classes
    data: list[dict[str, Any]] = []
    for model, runs in comparison.models.items():
        tests = [p for run in runs if (p := run.labelled()) is not None]
        for number, name in enumerate(classes):
            here = [p for p in tests if (p.labels == number).any()]
            if not here:
                continue
            curves = [rejection_curve(p, signal_efficiency=GRID, signal=number).value for p in here]
            colour, dash = model_style(number)
            data.append(
                {
                    "x": numbers(GRID),
                    "y": numbers(np.where(np.isfinite(curves), curves, np.nan).mean(axis=0)),
                    "mode": "lines",
                    "line": {"color": colour, "dash": dash, "width": 2},
                    "name": label(name),
                    "hovertemplate": "%{y:,.0f}",
                    "meta": {"model": model},
                }
            )
    if not data:
        return Missing(title, _UNLABELLED)
    return Chart(
        name="against",
        title=title,
        caption="A cut on the probability of one class keeps a share of its events (across) and lets one in so many "
        "events of all other classes pass (up). Mean over the seeds. A curve ends where nothing is left to count.",
        data=data,
        layout={
            "xaxis": axis("share of the class that is kept", range=[0, 1.005], hoverformat=".3f"),
            "yaxis": axis("rejection of all others", type="log", autorangeoptions={"minallowed": 0}),
            "hovermode": "x unified",
        },
        keys=[replace(model_key(name, number), model="") for number, name in enumerate(classes)],
        picks=list(dict.fromkeys(str(t["meta"]["model"]) for t in data)),
        scale=True,
    )


def decisions(comparison: Comparison) -> Comparison:
    """The comparison with another question: is the class that a model chooses, with its probability, the right one?"""
    return replace(
        comparison,
        runs=tuple(
            replace(run, config={}, predictions={k: d for k, p in run.predictions.items() if (d := _decided(p))})
            for run in comparison.runs
        ),
    )


def sureness(comparison: Comparison) -> Chart | Missing:
    """How sure the models are of decisions that are right and of those that are wrong."""
    title = "How sure it is"
    drawn = score_distributions(decisions(comparison))
    if isinstance(drawn, Missing):
        return Missing(title, drawn.reason)
    xaxis = axis("probability of the chosen class", range=[-0.01, 1.01])
    return replace(
        drawn,
        title=title,
        caption="Probability that the model gives to the class it chooses, where the choice is right and where it is "
        "wrong, each of unit area. Filled: test; points with statistical errors: training. The first seed of each "
        "model is shown.",
        layout={**drawn.layout, "xaxis": xaxis},
    )


def certainty(comparison: Comparison) -> Chart | Missing:
    """Observed share of right decisions against the probability that the model gives them."""
    drawn = calibration(decisions(comparison))
    if isinstance(drawn, Missing):
        return drawn
    layout = {
        **drawn.layout,
        "xaxis": axis("probability of the chosen class", range=[-0.02, 1.02]),
        "yaxis": axis("share that is right", range=[-0.02, 1.02]),
    }
    return replace(
        drawn,
        caption="Share of right decisions among the test events of which the model is so sure. On the diagonal it is "
        "as often right as it says; below it is too sure of itself. ECE, the expected calibration error, is the mean "
        "distance from the diagonal, over the seeds; the curve is the first seed.",
        layout=layout,
    )


def _decided(predictions: Predictions) -> Predictions | None:
    if predictions.target is None or not len(predictions):
        return None
    sure = predictions.score.max(axis=1)
    right = predictions.score.argmax(axis=1) == predictions.target
    return Predictions(
        np.stack([1 - sure, sure], axis=1),
        right.astype(np.int64),
        predictions.weight,
        predictions.index,
        ("wrong", "right"),
    )


def _percent(share: float) -> Entry:
    return Entry(f"{share:.1%}", float(share))


_UNLABELLED = "There are no labelled test events of several classes, so there is nothing to measure."
