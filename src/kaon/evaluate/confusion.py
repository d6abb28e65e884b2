"""Which class is taken for which, and how often the right one is found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kaon.errors import ConfigError, DataError
from kaon.evaluate._inputs import Multiclass, Scores, multiclass

__all__ = ["Mistake", "accuracy", "confusion_matrix", "mistakes", "surest_mistakes"]


def accuracy(
    score: Scores,
    target: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    threshold: float | None = None,
) -> float:
    """Weighted share of the events whose class is found: sum of w over correct events / sum of all w.

    Args:
        score: (N,) probability of class 1, (N, C) class scores, or `Predictions`.
        target: class numbers, (N,); not with `Predictions`.
        weight: (N,); with negative weights the share may leave [0, 1].
        threshold: class 1 is chosen above it. By default 0.5 for scores (N,), and for scores (N, C) the class with
            the highest score. An exact tie goes to the lower class number.

    Raises:
        DataError: as `roc_curve`; weights that do not sum to a positive number.

    >>> accuracy([0.2, 0.7, 0.6, 0.9], [0, 0, 1, 1])
    0.75
    """
    events = multiclass(score, target, weight)
    right = _chosen(events, threshold) == events.target
    if events.weight is None:
        return float(right.mean())
    return float(events.weight[right].sum() / _positive(events.weight.sum()))


def confusion_matrix(
    score: Scores,
    target: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    *,
    normalise: Literal["true", "predicted", "all"] | None = None,
    threshold: float | None = None,
) -> NDArray[np.float64]:
    """Sum of weights of the events of each true class (row) that are taken for each class (column), (C, C).

    Args:
        score: (N,) probability of class 1, (N, C) class scores, or `Predictions`.
        target: class numbers, (N,); not with `Predictions`.
        weight: (N,), possibly negative.
        normalise: `true` makes each row sum to 1 (efficiencies), `predicted` each column (purities), `all` the whole.
            A row or column without weight is NaN: unknown, not zero.
        threshold: as in `accuracy`.

    Raises:
        DataError: as `roc_curve`.
        ConfigError: another `normalise`.

    >>> confusion_matrix([0.2, 0.7, 0.6, 0.9], [0, 0, 1, 1], normalise="true")
    array([[0.5, 0.5],
           [0. , 1. ]])
    """
    events = multiclass(score, target, weight)
    count = len(events.classes)
    cells = events.target * count + _chosen(events, threshold)
    sums = np.bincount(cells, weights=events.weights, minlength=count**2)
    matrix = np.asarray(sums.reshape(count, count), np.float64)
    if normalise is None:
        return matrix
    axes: dict[str, Any] = {"true": 1, "predicted": 0, "all": (0, 1)}
    if normalise not in axes:
        raise ConfigError(f"normalise={normalise!r}; allowed: {', '.join(axes)} or None")
    total = matrix.sum(axis=axes[normalise], keepdims=True)
    return np.asarray(np.divide(matrix, total, out=np.full_like(matrix, np.nan), where=total != 0))


class Mistake(NamedTuple):
    """What is taken for something else.

    Args:
        true: the class.
        taken: for which it is taken.
        share: of the events of the true class.
    """

    true: str
    taken: str
    share: float


def mistakes(share: ArrayLike, classes: Sequence[str], most: int = 10) -> list[Mistake]:
    """The most frequent confusions, the largest share first; those that never happen are left out.

    Args:
        share: (C, C), rows of true classes: `confusion_matrix(..., normalise="true")`, or a mean of several.
        classes: their names.
        most: so many at most.

    >>> mistakes([[0.9, 0.1, 0.0], [0.3, 0.7, 0.0], [0.0, 0.0, 1.0]], ("cat", "dog", "ship"))
    [Mistake(true='dog', taken='cat', share=0.3), Mistake(true='cat', taken='dog', share=0.1)]
    """
    matrix = np.nan_to_num(np.asarray(share, np.float64))
    wrong = np.where(np.eye(len(matrix), dtype=bool), 0.0, matrix)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [Mistake(classes[i], classes[j], float(wrong[i, j])) for i, j in pairs if wrong[i, j] > 0]


def surest_mistakes(score: ArrayLike, target: ArrayLike) -> NDArray[np.int64]:
    """Rows of the events that are taken for another class, those first of which the model is surest.

    Args:
        score: class probabilities, (events, classes).
        target: class numbers, (events,).

    >>> surest_mistakes([[0.6, 0.4], [0.1, 0.9], [0.2, 0.8]], [1, 0, 1]).tolist()
    [1, 0]
    """
    probability = np.asarray(score)
    rows = np.flatnonzero(probability.argmax(1) != np.asarray(target))
    return rows[np.argsort(-probability[rows].max(1), kind="stable")]


def _chosen(events: Multiclass, threshold: float | None) -> NDArray[np.int64]:
    score = events.score
    if score.ndim == 2 and (threshold is None or score.shape[1] > 2):
        if threshold is not None:
            raise DataError(f"a threshold chooses between two classes; there are {score.shape[1]}")
        return np.asarray(score.argmax(axis=1), np.int64)
    one: NDArray[Any] = score if score.ndim == 1 else score[:, 1]
    return (one > (0.5 if threshold is None else threshold)).astype(np.int64)


def _positive(total: float) -> float:
    if not total > 0:
        raise DataError(f"the weights sum to {total:g}; a share needs a positive sum")
    return total
