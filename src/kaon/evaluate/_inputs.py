"""Arguments of every function here, checked once: plain arrays or one `Predictions`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kaon.data import Predictions
from kaon.errors import DataError, UnknownName

__all__ = ["Binary", "Multiclass", "Scores", "bin_edges", "binary", "class_number", "column", "multiclass"]

Scores: TypeAlias = Predictions | ArrayLike
"""Scores (N,) or (N, C), or the `Predictions` that hold them with target and weight."""


@dataclass(frozen=True)
class Binary:
    """Signal against everything else: score (N,), whether it is signal (N,), weight (N,) or None for ones."""

    score: NDArray[Any]
    signal: NDArray[np.bool_]
    weight: NDArray[np.float64] | None

    @property
    def weights(self) -> NDArray[np.float64]:
        """Event weights, (N,)."""
        return np.ones(len(self.score)) if self.weight is None else self.weight

    def take(self, chosen: NDArray[np.bool_]) -> Binary:
        """The chosen events."""
        return Binary(self.score[chosen], self.signal[chosen], None if self.weight is None else self.weight[chosen])


@dataclass(frozen=True)
class Multiclass:
    """Score (N, C) or (N,), target (N,) in 0 ... C-1, weight (N,), names of the C classes."""

    score: NDArray[Any]
    target: NDArray[np.int64]
    weight: NDArray[np.float64] | None
    classes: tuple[str, ...]

    @property
    def weights(self) -> NDArray[np.float64]:
        """Event weights, (N,)."""
        return np.ones(len(self.score)) if self.weight is None else self.weight


def multiclass(
    score: Scores, target: ArrayLike | None, weight: ArrayLike | None, *, several: bool = True
) -> Multiclass:
    """Checked arguments; scores (N,) stand for two classes.

    Raises:
        DataError: empty, NaN, shapes that do not fit, labels outside the classes, one class only (if `several`).
    """
    names: tuple[str, ...] = ()
    if isinstance(score, Predictions):
        if target is not None:
            raise DataError("Predictions hold their own labels; give further arguments by name, not by position")
        target, names = score.labels, score.classes
        weight = score.weight if weight is None else weight
        score = score.score
    if target is None:
        raise DataError("labels are missing; give `target`, the class number of each event")
    values = _scores(score)
    count = 2 if values.ndim == 1 else values.shape[1]
    labels = _labels(target, len(values))
    if labels.min() < 0 or labels.max() >= count:
        raise DataError(
            f"labels range from {labels.min()} to {labels.max()}; {count} classes are numbered 0 ... {count - 1}"
        )
    if several and labels.min() == labels.max():
        raise DataError(f"all {len(labels)} events are of class {labels[0]}; at least two classes are needed")
    return Multiclass(values, labels, _weights(weight, len(values)), names or tuple(f"class_{i}" for i in range(count)))


def binary(
    score: Scores, target: ArrayLike | None = None, weight: ArrayLike | None = None, signal: int | str | None = None
) -> Binary:
    """Signal against the rest: one class of several, by default the last.

    Raises:
        DataError: as `multiclass`, or no event of the signal, or none of the rest.
        UnknownName: no class of that name.
    """
    events = multiclass(score, target, weight, several=False)
    number = class_number(events.classes, signal)
    is_signal = events.target == number
    if is_signal.all() or not is_signal.any():
        found = "only signal" if is_signal[0] else "no signal"
        raise DataError(f"there is {found} (class {number}) among {len(is_signal)} events; both kinds are needed")
    values = events.score
    if values.ndim == 2:
        values = np.ascontiguousarray(values[:, number])
    elif number == 0:
        values = -values  # a single score grows towards class 1
    return Binary(values, is_signal, events.weight)


def class_number(classes: Sequence[str], signal: int | str | None) -> int:
    """Number of the class that `signal` names; the last by default.

    Raises:
        UnknownName: no class of that name.
        DataError: no class of that number.
    """
    if isinstance(signal, str):
        if signal not in classes:
            raise UnknownName("class", signal, classes)
        return list(classes).index(signal)
    number = len(classes) - 1 if signal is None else int(signal)
    if not 0 <= number < len(classes):
        raise DataError(f"signal={number}, but the classes are numbered 0 ... {len(classes) - 1}")
    return number


def column(score: Scores, values: str | ArrayLike, count: int) -> NDArray[np.float64]:
    """A spectator by name, or an array (N,), as finite numbers.

    Raises:
        UnknownName: no spectator of that name.
        DataError: a name without Predictions, another length, NaN or infinite values.
    """
    if isinstance(values, str):
        if not isinstance(score, Predictions):
            raise DataError(f"{values!r} is a name, but plain arrays have no spectators; give the values")
        if values not in score.spectators:
            raise UnknownName("spectator", values, score.spectators)
        values = score.spectators[values]
    found = _numbers(values, "the variable")
    if found.shape != (count,):
        raise DataError(f"the variable has shape {found.shape}; needed: ({count},)")
    if not np.isfinite(found).all():
        raise DataError(f"the variable has {int((~np.isfinite(found)).sum())} NaN or infinite values")
    return found.astype(np.float64)


def bin_edges(values: NDArray[np.float64], bins: int | Sequence[float] | NDArray[Any]) -> NDArray[np.float64]:
    """Bin edges, (B + 1,): those given, or `bins` bins that hold equally many of the values.

    Raises:
        DataError: edges that do not increase, or fewer than one bin.
    """
    if isinstance(bins, (int, np.integer)):
        if bins < 1:
            raise DataError(f"{bins} bins; at least 1 is needed")
        edges = np.unique(np.quantile(values, np.linspace(0, 1, int(bins) + 1)))
        if len(edges) < 2:
            edges = np.array([edges[0], np.nextafter(edges[0], np.inf)])
        return edges
    edges = np.asarray(bins, np.float64)
    if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise DataError("bin edges must be a list of at least two increasing numbers")
    return edges


def _scores(score: ArrayLike) -> NDArray[Any]:
    values = _numbers(score, "the score")
    if values.ndim not in (1, 2) or (values.ndim == 2 and values.shape[1] < 2):
        raise DataError(f"scores have shape {values.shape}; needed: (events,) or (events, classes)")
    if not len(values):
        raise DataError("there are no events to evaluate")
    if np.isnan(values).any():
        raise DataError(f"{int(np.isnan(values).sum())} of {values.size} scores are NaN; a model that diverged?")
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def _labels(target: ArrayLike, count: int) -> NDArray[np.int64]:
    labels = _numbers(target, "the target")
    if labels.shape != (count,):
        raise DataError(f"the target has shape {labels.shape} for {count} scores; needed: ({count},)")
    if labels.dtype.kind == "f" and not (np.isfinite(labels) & (labels == np.floor(labels))).all():
        raise DataError("the target holds numbers that are not whole; needed: class numbers 0, 1, ...")
    return labels.astype(np.int64, copy=False)


def _weights(weight: ArrayLike | None, count: int) -> NDArray[np.float64] | None:
    if weight is None:
        return None
    values = _numbers(weight, "the weight").astype(np.float64, copy=False)
    if values.shape != (count,):
        raise DataError(f"the weight has shape {values.shape} for {count} scores; needed: ({count},)")
    if not np.isfinite(values).all():
        raise DataError(f"{int((~np.isfinite(values)).sum())} of {count} weights are NaN or infinite")
    return values


def _numbers(given: ArrayLike, what: str) -> NDArray[Any]:
    try:
        values = np.asarray(given)
    except ValueError as error:
        raise DataError(f"{what} is not a regular array: {error}") from error
    if values.dtype.kind == "b":
        return values.astype(np.int64)
    if values.dtype.kind not in "iuf":
        raise DataError(f"{what} is of type {values.dtype}; needed: numbers")
    return values.astype(np.float32) if values.dtype == np.float16 else values
