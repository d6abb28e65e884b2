"""The weights of a training, made from the true ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kaon.data import Events
from kaon.data.weights import class_balanced, flatten
from kaon.errors import ConfigError, DataError
from kaon.learn.config import NegativeWeights, TrainConfig

__all__ = ["allowed_weights", "selection_weights", "training_weights"]


def training_weights(
    events: Events, config: TrainConfig, *, takes_negative: bool, model: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Weight of each training event, and which events are used at all.

    Flattening first, then the policy for negative weights, then the balance of the classes.

    Args:
        events: labelled training events with their true weights.
        config: flatten, negative_weights, class_weights.
        takes_negative: whether the model can be trained with negative weights.
        model: its name, for the message.

    Returns:
        (events,) weights and (events,) bool; the weight of an unused event is 0.

    Raises:
        ConfigError: there are negative weights and the policy, or the model, does not allow them.
        DataError: the weights of a class do not sum to something positive.
    """
    weight = flatten(events, config.flatten) if config.flatten else events.weights
    weight, used = allowed_weights(weight, config.negative_weights, takes_negative=takes_negative, model=model)
    for number, name in enumerate(events.classes):
        total = weight[events.labels == number].sum()
        if not total > 0:
            raise DataError(
                f"the training weights of the class {name!r} sum to {total:.4g}; they must sum to something positive"
            )
    if config.class_weights == "balanced":
        weight = class_balanced(replace(events, weight=weight))
    return weight, used


def selection_weights(events: Events, config: TrainConfig) -> NDArray[np.float64]:
    """Weights of the validation events, by which the best epoch is chosen: flat and balanced as in training, (events,).

    Otherwise the best epoch of one sample would be chosen on another. Negative weights stay: nothing is trained here.
    """
    weight = flatten(events, config.flatten) if config.flatten else events.weights
    totals = np.bincount(events.labels, weights=weight, minlength=len(events.classes))
    if config.class_weights == "balanced" and (totals > 0).all():
        weight = class_balanced(replace(events, weight=weight))
    return weight


def allowed_weights(
    weight: NDArray[np.float64], policy: NegativeWeights, *, takes_negative: bool, model: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Apply the policy for negative weights; see `TrainConfig`.

    Raises:
        ConfigError: the policy, or the model, does not allow the negative weights that are there.

    >>> allowed_weights(np.array([1.0, -2.0]), "abs", takes_negative=False, model="bdt")[0].tolist()
    [1.0, 2.0]
    """
    negative = weight < 0
    used = np.ones(len(weight), bool)
    if not negative.any():
        return weight, used
    count = f"{negative.sum()} of {len(weight)} training events have negative weights"
    if policy == "abs":
        return np.abs(weight), used
    if policy == "drop":
        return np.where(negative, 0.0, weight), ~negative
    if policy == "error":
        raise ConfigError(f"{count}, and negative_weights=error; allowed: keep, abs, drop")
    if not takes_negative:
        raise ConfigError(
            f"{count}, and {model} cannot be trained with them; choose --negative-weights abs or drop (a bias, in "
            "training only), or a network, which can keep them"
        )
    return weight, used
