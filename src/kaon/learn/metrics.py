"""The numbers by which taggers are compared, from their predictions."""

from __future__ import annotations

import math

from kaon.data import Predictions
from kaon.evaluate import accuracy, auc, background_rejection

__all__ = ["summary_metrics"]


def summary_metrics(test: Predictions) -> dict[str, float | None]:
    """AUC, accuracy, and background rejection with its error at 30% and 50% signal efficiency.

    Signal is the last class, everything else is background. A rejection without any background left is None (the
    report says what limit the sample sets), and so are accuracy and AUC where only one class is there.
    """
    signal = test.labels == len(test.classes) - 1
    if not signal.any() or signal.all():
        return {"accuracy": None, "auc": None}
    numbers = {"accuracy": _number(accuracy(test)), "auc": _number(auc(test))}
    for percent in (30, 50):
        rejection = background_rejection(test, signal_efficiency=percent / 100)
        numbers[f"rejection_{percent}"] = _number(rejection.value)
        numbers[f"rejection_{percent}_error"] = _number(rejection.error)
    return numbers


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
