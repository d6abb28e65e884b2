"""Can the scores be trusted: their distribution in training and test, and their calibration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.data import Predictions
from kaon.errors import DataError
from kaon.evaluate import calibration_curve, expected_calibration_error, overtraining_check
from kaon.report.charts.chart import Chart, Key, Missing, axis, class_colour, label, model_key, model_style, numbers
from kaon.report.runs import Comparison, RunRecord

__all__ = ["calibration", "score_distributions"]

_EDGES = np.linspace(0.0, 1.0, 41)
_CENTRES = (_EDGES[1:] + _EDGES[:-1]) / 2


def score_distributions(comparison: Comparison) -> Chart | Missing:
    """Signal score by class: test filled, training as points; one model at a time, its first seed."""
    title = "Scores by class"
    data: list[dict[str, Any]] = []
    notes: dict[str, str] = {}
    for model, runs in comparison.models.items():
        run = next((r for r in runs if r.labelled() is not None), None)
        test = None if run is None else run.labelled()
        if run is None or test is None:
            continue
        data += _filled(model, test)
        train = run.labelled("train")
        if train is not None:
            data += _points(model, train)
            notes[model] = _overtraining(train, test)
    if not data:
        return Missing(title, "There are no labelled test events with both signal and background to histogram.")
    classes = comparison.classes
    keys = [Key(name, class_colour(i, len(classes)), "fill") for i, name in enumerate(classes)]
    return Chart(
        name="scores",
        title=title,
        caption="Probability of signal that the model gives to each class, each of unit area. Filled: test; points "
        "with statistical errors: training. Points that leave the filled shape by more than their errors are "
        "overtraining. The first seed of each model is shown.",
        data=data,
        layout={
            "xaxis": axis(f"score for {label(classes[-1])}", range=[-0.01, 1.01]),
            "yaxis": axis("events, unit area", type="log"),
            "barmode": "overlay",
            "bargap": 0,
            "hovermode": "x unified",
        },
        keys=[*keys, Key("test", "ink", "line"), Key("training", "ink", "point")],
        picks=list(dict.fromkeys(str(t["meta"]["model"]) for t in data)),
        notes=notes,
        scale=True,
    )


def calibration(comparison: Comparison) -> Chart | Missing:
    """Observed share of signal against the score: the first seed of each model."""
    title = "Calibration"
    data, keys = [], []
    for number, (model, runs) in enumerate(comparison.models.items()):
        kept = [(run, p) for run in runs if (p := run.labelled()) is not None]
        if not kept:
            continue
        run, predictions = kept[0]
        signal = len(predictions.classes) - 1
        curve = calibration_curve(predictions, balanced=_balanced(run))
        errors = np.array([expected_calibration_error(p, balanced=_balanced(r), signal=signal) for r, p in kept])
        colour, dash = model_style(number)
        data.append(
            {
                "x": numbers(curve.predicted),
                "y": numbers(curve.observed),
                "error_y": {"type": "data", "array": numbers(curve.error), "color": colour, "thickness": 1, "width": 0},
                "mode": "lines+markers",
                "line": {"color": colour, "dash": dash, "width": 1.5},
                "marker": {"color": colour, "size": 6},
                "name": label(model),
                "hovertemplate": "score %{x:.3f}: signal share %{y:.3f} ± %{error_y.array:.3f}",
                "meta": {"model": model},
            }
        )
        spread = f" ± {errors.std(ddof=1):.3f}" if len(errors) > 1 else ""
        key = model_key(model, number)
        keys.append(replace(key, text=f"{model}: ECE {errors.mean():.3f}{spread}"))
    if not data:
        return Missing(title, "There are no labelled test events with both signal and background to calibrate on.")
    perfect = {
        "x": [0, 1],
        "y": [0, 1],
        "mode": "lines",
        "line": {"color": "faint", "dash": "dot", "width": 1.5},
        "hoverinfo": "skip",
    }
    return Chart(
        name="calibration",
        title=title,
        caption="Share of signal among the test events of each score. On the diagonal the score is a probability; "
        "below it the model is too sure of signal. ECE, the expected calibration error, is the mean distance from the "
        "diagonal, over the seeds; the curve is the first seed. Models trained on balanced classes are held against "
        "balanced test events.",
        data=[perfect, *data],
        layout={
            "xaxis": axis(f"score for {label(comparison.classes[-1])}", range=[-0.02, 1.02]),
            "yaxis": axis("share of signal", range=[-0.02, 1.02]),
            "hovermode": "closest",
        },
        keys=[*keys, Key("perfect", "faint", "dot")],
    )


def _balanced(run: RunRecord) -> bool:
    """Whether the training gave all classes the same weight."""
    training = run.config.get("train")
    return isinstance(training, dict) and training.get("class_weights") == "balanced"


def _overtraining(train: Predictions, test: Predictions) -> str:
    try:
        found = overtraining_check(train, test)
    except DataError as error:
        return f"Training and test cannot be compared: {error}."
    tests = "; ".join(f"{name} D = {ks.statistic:.3f}, p = {ks.p_value:.2g}" for name, ks in found.items())
    return f"Kolmogorov-Smirnov test of training against test: {tests}."


def _filled(model: str, predictions: Predictions) -> list[dict[str, Any]]:
    traces: list[dict[str, Any]] = []
    for i, name in enumerate(predictions.classes):
        density, _ = _density(predictions, i)
        colour = class_colour(i, len(predictions.classes))
        fill = {  # bars, because the area under a line runs slantwise over empty bins
            "type": "bar",
            "x": numbers(_CENTRES),
            "y": numbers(density),
            "marker": {"color": f"{colour}/18", "line": {"width": 0}},
            "hoverinfo": "skip",
            "meta": {"model": model},
        }
        outline = {
            "x": numbers(_EDGES),
            "y": numbers(np.append(density, density[-1:])),
            "mode": "lines",
            "line": {"shape": "hv", "color": colour, "width": 1.75},
            "name": label(f"{name}, test"),
            "hovertemplate": "%{y:.3g}",
            "meta": {"model": model},
        }
        traces += [fill, outline]
    return traces


def _points(model: str, predictions: Predictions) -> list[dict[str, Any]]:
    traces = []
    for i, name in enumerate(predictions.classes):
        density, error = _density(predictions, i)
        colour = class_colour(i, len(predictions.classes))
        traces.append(
            {
                "x": numbers(_CENTRES),
                "y": numbers(density),
                "error_y": {"type": "data", "array": numbers(error), "color": colour, "thickness": 1, "width": 0},
                "mode": "markers",
                "marker": {"color": colour, "size": 5},
                "name": label(f"{name}, training"),
                "hovertemplate": "%{y:.3g}",
                "meta": {"model": model},
            }
        )
    return traces


def _density(predictions: Predictions, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distribution of the signal score of one class, of unit area, and its statistical error; empty bins are NaN."""
    chosen = predictions.labels == number
    score, weight = predictions.signal_score[chosen], predictions.weights[chosen]
    counts, _ = np.histogram(score, _EDGES, weights=weight)
    squares, _ = np.histogram(score, _EDGES, weights=weight**2)
    area = counts.sum() * np.diff(_EDGES)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(squares > 0, counts / area, np.nan), np.sqrt(squares) / area
