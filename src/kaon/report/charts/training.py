"""How the trainings went: loss by epoch, and what a second of training bought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kaon.report.charts.chart import Chart, Key, Missing, axis, label, model_key, model_style, numbers, thin
from kaon.report.charts.points import Series
from kaon.report.runs import Comparison

__all__ = ["accuracy_series", "loss", "progress"]


def loss(comparison: Comparison) -> Chart | Missing:
    """Training and validation loss by epoch, one model at a time, one line a seed."""
    data: list[dict[str, Any]] = []
    notes: dict[str, str] = {}
    for number, (model, runs) in enumerate(comparison.models.items()):
        colour, _ = model_style(number)
        for run in runs:
            if "validation_loss" not in run.log and "train_loss" not in run.log:
                continue
            for column, dash, what in (("train_loss", "dot", "training"), ("validation_loss", "solid", "validation")):
                if column not in run.log:
                    continue
                values = run.log[column]
                rows = thin(len(values))
                data.append(
                    {
                        "x": numbers(rows + 1.0),
                        "y": numbers(values[rows]),
                        "mode": "lines" if len(rows) > 1 else "markers",
                        "line": {"color": colour, "dash": dash, "width": 2 if dash == "solid" else 1.5},
                        "marker": {"color": colour},
                        "name": f"{what}, seed {run.seed}",
                        "hovertemplate": "%{y:.4f}",
                        "meta": {"model": model},
                    }
                )
            held_out = run.log.get("validation_loss", np.array([]))
            if np.isfinite(held_out).any():
                best = int(np.nanargmin(held_out))
                where = f"epoch {best + 1} of {len(held_out)}"
                notes.setdefault(model, f"Lowest validation loss, seed {run.seed}: {held_out[best]:.4f} at {where}.")
    if not data:
        return Missing("Loss", "No run kept a log of its loss, so there is no training curve to draw.")
    return Chart(
        name="loss",
        title="Loss by epoch",
        caption="Solid: validation; dotted: training. A gap that opens between the two is overtraining. For trees an "
        "epoch is a round of boosting, and the training loss may be that of a random sample of the training events. "
        "Losses of different models are not comparable if their losses differ.",
        data=data,
        layout={
            "xaxis": axis("epoch"),
            "yaxis": axis("mean loss", type="linear"),
            "hovermode": "x unified",
        },
        keys=[Key("validation", "ink"), Key("training", "ink", "dot")],
        picks=list(dict.fromkeys(t["meta"]["model"] for t in data)),
        notes=notes,
        scale=True,
    )


def progress(comparison: Comparison) -> Chart | Missing:
    """Validation AUC (accuracy, of more than two classes) against the time spent training, one line a seed."""
    column, name = ("validation_accuracy", "accuracy") if comparison.many else ("validation_auc", "AUC")
    data: list[dict[str, Any]] = []
    keys: dict[str, Key] = {}
    for number, (model, runs) in enumerate(comparison.models.items()):
        colour, dash = model_style(number)
        for run in runs:
            level, seconds = run.log.get(column), run.log.get("seconds")
            if level is None or seconds is None or not np.isfinite(level).any():
                continue
            rows = thin(len(level))
            elapsed = np.cumsum(np.nan_to_num(seconds))
            keys.setdefault(model, model_key(model, number))
            data.append(
                {
                    "x": numbers(elapsed[rows]),
                    "y": numbers(level[rows]),
                    "mode": "lines" if len(rows) > 1 else "markers",
                    "line": {"color": colour, "dash": dash, "width": 2},
                    "marker": {"color": colour},
                    "name": label(f"{model}, seed {run.seed}"),
                    "hovertemplate": name + " %{y:.4f} after %{x:.3~s} s",
                    "meta": {"model": model},
                }
            )
    if not data:
        return Missing("What a second of training buys", f"No run logged its validation {name} by epoch with its time.")
    silent = [model for model in comparison.models if model not in keys]
    return Chart(
        name="progress",
        title="What a second of training buys",
        caption=f"{'Accuracy' if comparison.many else 'Area under the ROC curve'} on the validation events against "
        "time since the start of training. Left is quicker, up is better; a curve that still rises at its end would "
        "gain from longer training." + (f" No {name} by epoch was logged for {', '.join(silent)}." if silent else ""),
        data=data,
        layout={
            "xaxis": axis("training time [s]", type="log"),
            "yaxis": axis(f"validation {name}"),
            "hovermode": "closest",
        },
        keys=list(keys.values()),
    )


def accuracy_series(made: Mapping[str, Comparison], *, wrong: bool = False) -> list[Series]:
    """Validation events that are put into their class, per cent, by epoch: mean over the seeds, with their spread.

    Args:
        made: trainings by title; those that logged no accuracy are left out.
        wrong: those that are put into another class instead.
    """
    drawn = []
    for number, (title, comparison) in enumerate(made.items(), start=1):
        logs = [level for run in comparison.runs if (level := run.log.get("validation_accuracy")) is not None]
        if not logs:
            continue
        percent = 100 * (1 - np.stack(logs) if wrong else np.stack(logs))
        spread = percent.std(0, ddof=1).tolist() if len(logs) > 1 else ()
        epochs = list(range(1, percent.shape[1] + 1))
        drawn.append(Series(title, epochs, percent.mean(0).tolist(), spread, f"series-{number}"))
    return drawn
