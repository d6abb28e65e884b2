"""Whether a model scores the events it was trained on differently from new ones."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import kstwo

from kaon.data import Predictions
from kaon.errors import DataError
from kaon.evaluate._inputs import Multiclass, class_number, column, multiclass

__all__ = ["KolmogorovSmirnov", "kolmogorov_smirnov", "overtraining_check"]

Labelled: TypeAlias = Predictions | tuple[ArrayLike, ArrayLike] | tuple[ArrayLike, ArrayLike, ArrayLike | None]
"""`Predictions`, or (score, target) or (score, target, weight)."""


class KolmogorovSmirnov(NamedTuple):
    """Largest distance of two cumulative distributions, and how often chance alone makes it as large."""

    statistic: float
    p_value: float


def kolmogorov_smirnov(
    a: ArrayLike, b: ArrayLike, weight_a: ArrayLike | None = None, weight_b: ArrayLike | None = None
) -> KolmogorovSmirnov:
    """Weighted two-sample Kolmogorov-Smirnov test: D = max_x |F_a(x) - F_b(x)|.

    The p-value is that of D with n = n_a n_b / (n_a + n_b) events, where n_a = (sum w)^2 / sum w^2 is the effective
    number of events of a (Monahan, "Numerical methods of statistics", 2011, section 12.4). It is exact enough for
    unit weights, approximate for others, and errs towards large p-values for scores with many ties. Negative weights
    count as they are; the cumulative distributions may then fall in places.

    Args:
        a: first sample, (N,).
        b: second sample, (M,).
        weight_a: (N,); ones by default.
        weight_b: (M,); ones by default.

    Raises:
        DataError: an empty sample, NaN, shapes that do not fit, or weights that do not sum to a positive number.

    >>> kolmogorov_smirnov([1, 2, 3, 4], [1, 2, 3, 4])
    KolmogorovSmirnov(statistic=0.0, p_value=1.0)
    """
    samples = [_cumulative(x, w) for x, w in ((a, weight_a), (b, weight_b))]
    points = np.concatenate([x for x, _, _ in samples])
    first, second = (c[np.searchsorted(x, points, side="right")] for x, c, _ in samples)
    statistic = float(np.abs(first - second).max())
    count_a, count_b = (count for _, _, count in samples)
    effective = max(1.0, round(count_a * count_b / (count_a + count_b)))
    return KolmogorovSmirnov(statistic, float(np.clip(kstwo.sf(statistic, effective), 0, 1)))


def overtraining_check(
    train: Labelled, test: Labelled, *, signal: int | str | None = None
) -> dict[str, KolmogorovSmirnov]:
    """Compare the signal score of training and test events, for the events of each class.

    A small p-value says that the model knows its training events; it does not say that the model is bad, and for
    large samples the slightest difference becomes significant: judge by the statistic (and by the loss) too.

    Args:
        train: `Predictions`, or a tuple (score, target[, weight]).
        test: the same for events that were not used in training.
        signal: number or name of the class whose score is compared, the last by default.

    Returns:
        A test for each class name that occurs in both samples.

    Raises:
        DataError: as `roc_curve`; samples of different classes, or without a class in common.
        UnknownName: no class of that name.
    """
    samples = [_events(given) for given in (train, test)]
    classes = samples[0].classes
    if samples[1].classes != classes:
        raise DataError(f"training and test have different classes: {classes} and {samples[1].classes}")
    number = class_number(classes, signal)
    found = {}
    for i, name in enumerate(classes):
        chosen = [s.target == i for s in samples]
        if all(c.any() for c in chosen):
            parts = [
                (s.score[c] if s.score.ndim == 1 else s.score[c, number], s.weights[c])
                for s, c in zip(samples, chosen, strict=True)
            ]
            (a, weight_a), (b, weight_b) = parts
            found[name] = kolmogorov_smirnov(a, b, weight_a, weight_b)
    if not found:
        raise DataError("training and test have no class in common")
    return found


def _events(given: Labelled) -> Multiclass:
    if isinstance(given, Predictions):
        return multiclass(given, None, None, several=False)
    score, target, *weight = given
    return multiclass(score, target, weight[0] if weight else None, several=False)


def _cumulative(values: ArrayLike, weight: ArrayLike | None) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Sorted values (N,), cumulative share below each position (N + 1,), and the effective number of events."""
    x = np.asarray(values, np.float64)
    if x.ndim != 1 or not len(x) or np.isnan(x).any():
        raise DataError(f"a sample of shape {x.shape}; needed: (events,), not empty and without NaN")
    w = np.ones(len(x)) if weight is None else column(x, weight, len(x))
    total = float(w.sum())
    if not total > 0:
        raise DataError(f"the weights sum to {total:g}; a distribution needs a positive sum")
    order = np.argsort(x)
    return x[order], np.concatenate(([0.0], np.cumsum(w[order]))) / total, float(total**2 / np.square(w).sum())
