"""`kaon evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from kaon.cli.options import DATA, JSON, SOURCE, Files, read_arguments, takes
from kaon.cli.output import Output, table
from kaon.data import Predictions
from kaon.errors import ConfigError, DataError

__all__ = ["command", "measure", "predictions_of"]

_WORST = 5
"""Confusions that are told."""


@takes(*DATA, SOURCE, JSON)
def command(
    what: Annotated[
        Path, typer.Argument(help="A .kaon or .onnx model, the directory of a run, or Parquet predictions.")
    ],
    files: Files = None,
    signal_efficiency: Annotated[
        str, typer.Option(metavar="A,B,...", help="Where the background rejection is wanted.")
    ] = "0.3,0.5",
    replicas: Annotated[int, typer.Option(help="Of the bootstrap that gives errors; 0 for none.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Keep the predictions in this Parquet file.")
    ] = None,
    **given: Any,
) -> None:
    """Measure a trained model, with errors.

    A model needs labelled FILES; the directory of a run is measured on its own test events unless FILES are given.
    Errors of the rejection follow from counting; all others are the spread of bootstrap replicas. The true event
    weights are used throughout.
    """
    out = Output(given["json"])
    try:
        points = [float(word) for word in signal_efficiency.split(",")]
    except ValueError:
        raise ConfigError(
            f"--signal-efficiency {signal_efficiency!r} is not a list of numbers such as 0.3,0.5"
        ) from None
    arguments = read_arguments(files, given)
    with out.waiting("predicting"):
        predictions = predictions_of(what, arguments, given["source"] or ())
    if output is not None:
        predictions.save(output)
    with out.waiting("measuring"):
        found = measure(predictions, points, replicas, seed)
    counts = ", ".join(f"{count:,} {name}" for name, count in found["events"].items())
    out.say(f"{what}: {counts}", "")
    rows = [[name, *_cells(values)] for name, values in found["metrics"].items()]
    interval = "68% interval" if replicas else ""
    out.show(table(("Number", "Value", "Error", interval), rows))
    for point in found["working_points"]:
        out.say(_sentence(point, predictions.classes[-1]))
    if found["mistakes"]:
        out.say(f"most often taken for another: {'; '.join(_taken(one) for one in found['mistakes'])}")
    out.result({"source": what, "predictions": output, **found})


def predictions_of(what: Path, arguments: dict[str, Any], sources: Sequence[str] = ()) -> Predictions:
    """The predictions that `what` holds, or makes of the files in the arguments of `kaon.read`.

    Raises:
        ConfigError: a model without files, or predictions with files.
        DataError: the files have other classes than the model.
    """
    from kaon.data.io import iterate
    from kaon.deploy import load_model

    has_files = bool({"path", "signal", "background"} & set(arguments))
    if what.is_dir() and not has_files:
        return Predictions.load(what / "predictions" / "test.parquet")
    if what.suffix == ".parquet":
        if has_files:
            raise ConfigError(f"{what} holds predictions already; leave the other files out, or give a model instead")
        return Predictions.load(what)
    if not has_files:
        raise ConfigError(f"{what} is a model: name the labelled FILES to measure it on")
    model = load_model(what / "bundle.kaon" if what.is_dir() else what, sources=sources)
    parts = []
    for events in iterate(**arguments):
        if events.target is not None and events.classes != model.classes:
            raise DataError(
                f"the classes of the files are {', '.join(events.classes)}, those of the model "
                f"{', '.join(model.classes)}; "
                f"if they mean the same, say --classes {','.join(model.classes)}"
            )
        parts.append(model.predict(events))
    return Predictions.concatenate(parts)


def measure(predictions: Predictions, points: list[float], replicas: int, seed: int) -> dict[str, Any]:
    """Events of each class, every number with its error, and the cuts that keep these shares of the signal.

    Of more than two classes none is the signal: there are the error rate, the mean AUC of each class against all
    others, the share of each class that is found, and the most frequent confusions instead of cuts.

    Args:
        predictions: with labels.
        points: signal efficiencies.
        replicas: of the bootstrap; 0 for no errors but those of the rejection.
        seed: of the bootstrap.

    Raises:
        DataError: no labels, or one class only.
    """
    from kaon.evaluate import (
        accuracy,
        auc,
        background_rejection,
        bootstrap,
        confusion_matrix,
        expected_calibration_error,
        macro_auc,
        mistakes,
        working_point,
    )

    many = len(predictions.classes) > 2
    names = ["AUC", "accuracy", "calibration error"]
    if many:
        names = ["accuracy", "error rate", "mean AUC", *(f"{name} found" for name in predictions.classes)]

    def numbers(score: NDArray[Any], target: NDArray[Any], weight: NDArray[Any]) -> NDArray[np.float64]:
        if many:
            right = accuracy(score, target, weight)
            shares = np.diag(confusion_matrix(score, target, weight, normalise="true"))
            return np.array([right, 1 - right, macro_auc(score, target, weight), *shares])
        return np.array(
            [
                auc(score, target, weight),
                accuracy(score, target, weight),
                expected_calibration_error(score, target, weight),
            ]
        )

    labels = predictions.labels
    metrics: dict[str, dict[str, Any]] = {}
    if replicas:
        found = bootstrap(numbers, predictions.score, labels, predictions.weight, n=replicas, seed=seed)
        columns = zip(names, found.value, found.error, found.low, found.high, strict=True)
        metrics = {n: {"value": v, "error": e, "low": low, "high": high} for n, v, e, low, high in columns}
    else:
        values = numbers(predictions.score, labels, predictions.weights)
        metrics = {name: {"value": value} for name, value in zip(names, values, strict=True)}
    working = []
    for point in points if not many else ():
        rejection = background_rejection(predictions, signal_efficiency=point)
        metrics[f"1/εB at εS = {point:g}"] = {
            "value": rejection.value,
            "error": rejection.error,
            "lower_95": rejection.lower,
            "text": str(rejection),
        }
        working.append(working_point(predictions, signal_efficiency=point))
    events = {name: int((labels == i).sum()) for i, name in enumerate(predictions.classes)}
    worst = mistakes(confusion_matrix(predictions, normalise="true"), predictions.classes, _WORST) if many else []
    return {"events": events, "metrics": metrics, "working_points": working, "mistakes": worst}


def _cells(values: dict[str, Any]) -> list[str]:
    if "text" in values:  # counting errors and limits have their own way to be printed
        value, _, error = values["text"].partition(" ± ")
        return [value, f"± {error}" if error else "", ""]
    if "error" not in values:
        return [f"{values['value']:.4f}", "", ""]
    interval = f"{values['low']:.4f} to {values['high']:.4f}"
    return [f"{values['value']:.4f}", f"± {values['error']:.4f}", interval]


def _taken(mistake: Any) -> str:
    return f"{mistake.true} for {mistake.taken} ({mistake.share:.1%})"


def _sentence(point: Any, signal: str) -> str:
    return (
        f"score > {point.threshold:.4f} keeps {point.signal_efficiency:.1%} of {signal} "
        f"and {point.background_efficiency:.3%} of the rest"
    )
