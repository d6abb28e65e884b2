"""The numbers by which taggers are compared, from their predictions."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from kaon.data import Predictions
from kaon.errors import DataError
from kaon.evaluate import accuracy, auc, background_rejection, macro_auc

__all__ = ["summary_metrics"]


def summary_metrics(test: Predictions) -> dict[str, float | None]:
    """AUC, accuracy, and background rejection with its error at 30% and 50% signal efficiency.

    Signal is the last class, everything else is background. A rejection without any background left is None (the
    report says what limit the sample sets), and so is what the test events do not define: accuracy and AUC where only
    one class is there, or the weights of a class do not sum to something above zero. More than two classes have an
    error rate, and the mean AUC of each class against the others, too.
    """
    signal = test.labels == len(test.classes) - 1
    if not len(test) or test.labels.min() == test.labels.max():
        return {"accuracy": None, "auc": None}
    found = _number(partial(accuracy, test))
    numbers = {"accuracy": found, "auc": _number(partial(auc, test)) if signal.any() else None}
    if len(test.classes) > 2:
        numbers |= {"error_rate": None if found is None else 1 - found, "macro_auc": _number(partial(macro_auc, test))}
    if numbers["auc"] is None:
        return numbers
    for percent in (30, 50):
        rejection = background_rejection(test, signal_efficiency=percent / 100)
        numbers[f"rejection_{percent}"] = _finite(rejection.value)
        numbers[f"rejection_{percent}_error"] = _finite(rejection.error)
    return numbers


def _number(compute: Callable[[], float]) -> float | None:
    """A number, or None where the weights leave it undefined: a training that took hours must not end on that."""
    try:
        return _finite(compute())
    except DataError:
        return None


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
