"""Weights for training: balanced classes, flat spectra. Evaluation never uses them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kaon.data.events import Events
from kaon.data.scalars import scalar
from kaon.errors import ConfigError, DataError

__all__ = ["class_balanced", "flatten"]

_CAP = 20.0
"""No bin's weight is raised to more than this many times the mean: a handful of events must not rule the training."""


def class_balanced(events: Events) -> NDArray[np.float64]:
    """Weights scaled so that every class has the same total, and the sum of all is what it was, (events,).

    Raises:
        DataError: the weights of a class do not sum to something positive.
    """
    weight, labels = events.weights, events.labels
    totals = np.bincount(labels, weights=weight, minlength=len(events.classes))
    if (totals <= 0).any():
        named = {name: float(f"{t:.4g}") for name, t in zip(events.classes, totals, strict=True)}
        raise DataError(
            f"classes can only be balanced if the weights of each sum to something positive; they sum to {named}"
        )
    return np.asarray(weight * (totals.sum() / (len(totals) * totals))[labels])


def flatten(events: Events, by: Sequence[str], bins: int = 40) -> NDArray[np.float64]:
    """Weights that make the spectrum of each class flat in one or two columns, (events,).

    In each class, the events of a bin are scaled so that every populated bin holds the same sum of weights; the total
    weight of the class stays what it was. A scale is at most 20 times the class's mean scale, so sparse bins stay
    below the plateau. Bins whose weights do not sum to something positive keep their weights.

    Args:
        events: labelled.
        by: one or two columns, for example ("jet_pt",) or ("jet_pt", "jet_mass"); jet_pt, jet_eta and jet_mass are
            computed from `jet` where the column is absent.
        bins: in each column, between the 0.1% and 99.9% quantiles of all events; outliers join the outer bins.

    Raises:
        ConfigError: no column, or more than two.
        UnknownName: no such column.
    """
    if not 1 <= len(by) <= 2:
        raise ConfigError(f"flatten={tuple(by)}: give one or two columns")
    cell = np.zeros(len(events), np.int64)
    for name in by:
        values = scalar(events, name).astype(float)
        low, high = np.quantile(values, (0.001, 0.999)) if len(values) else (0.0, 1.0)
        edges = np.linspace(low, high, bins + 1)[1:-1]
        cell = cell * bins + np.searchsorted(edges, values, side="right")
    weight = events.weights.copy()
    for number in range(len(events.classes)):
        chosen = events.labels == number
        total = weight[chosen].sum()
        sums = np.bincount(cell[chosen], weights=weight[chosen], minlength=bins ** len(by))
        populated = sums > 0
        scale = np.ones(len(sums))
        scale[populated] = sums[populated].sum() / (populated.sum() * sums[populated])
        mean = (scale[cell[chosen]]).mean() if chosen.any() else 1.0
        weight[chosen] *= np.minimum(scale, _CAP * mean)[cell[chosen]]
        after = weight[chosen].sum()
        if after != 0:
            weight[chosen] *= total / after
    return weight
