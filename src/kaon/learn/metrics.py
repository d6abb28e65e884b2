"""The numbers by which taggers are compared, from their predictions."""

from __future__ import annotations

import math

from kaon.data import Predictions
from kaon.evaluate import accuracy, auc, background_rejection, macro_auc

__all__ = ["summary_metrics"]


def summary_metrics(test: Predictions) -> dict[str, float | None]:
    """AUC, accuracy, and background rejection with its error at 30% and 50% signal efficiency.

    Signal is the last class, everything else is background. A rejection without any background left is None (the
    report says what limit the sample sets), and so are accuracy and AUC where only one class is there. More than two
    classes have an error rate, and the mean AUC of each class against the others, too.
    """
    signal = test.labels == len(test.classes) - 1
    if not len(test) or test.labels.min() == test.labels.max():
        return {"accuracy": None, "auc": None}
    found = _number(accuracy(test))
    numbers: dict[str, float | None] = {"accuracy": found, "auc": _number(auc(test)) if signal.any() else None}
    if len(test.classes) > 2:
        numbers |= {"error_rate": None if found is None else 1 - found, "macro_auc": _number(macro_auc(test))}
    if not signal.any():
        return numbers
    for percent in (30, 50):
        rejection = background_rejection(test, signal_efficiency=percent / 100)
        numbers[f"rejection_{percent}"] = _number(rejection.value)
        numbers[f"rejection_{percent}_error"] = _number(rejection.error)
    return numbers


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
