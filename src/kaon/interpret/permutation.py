"""Permutation importance: how much worse a trained model becomes when one variable is shuffled among the events.

Breiman, Machine Learning 45 (2001) 5, https://doi.org/10.1023/A:1010933404324; for groups of variables Gregorutti,
Michel, Saint-Pierre, https://arxiv.org/abs/1411.4170. It tells what *this* model relies on, at no cost of training; a
variable of which the model has a copy in another one seems unimportant (see `kaon.interpret.retraining`), and events
with shuffled values may lie where no real event is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kaon.data import Events
from kaon.errors import ConfigError, DataError
from kaon.evaluate import auc
from kaon.interpret.variables import variable_groups

__all__ = ["Importance", "Predictor", "permutation_importance"]


class Predictor(Protocol):
    """What is asked of a trained model: a tagger, or an ensemble."""

    @property
    def columns(self) -> tuple[str, ...] | None:
        """Columns that it reads, if it tells."""

    def probabilities(self, events: Events) -> NDArray[np.float32]:
        """Class probabilities, (events, classes)."""


@dataclass(frozen=True)
class Importance:
    """One variable, or one group.

    Args:
        name: of the variable or group.
        columns: that are shuffled together.
        drop: mean loss of AUC; negative where shuffling helped.
        spread: standard deviation of a single loss over the repeats; 0 with one repeat.
        drops: the loss in each repeat.
    """

    name: str
    columns: tuple[str, ...]
    drop: float
    spread: float
    drops: tuple[float, ...]


def permutation_importance(
    tagger: Predictor,
    events: Events,
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    columns: Sequence[str] | None = None,
    repeats: int = 5,
    seed: int = 0,
) -> list[Importance]:
    """Loss of the weighted AUC (signal is the last class) when the values of a variable are shuffled.

    The columns of a group are shuffled by the same permutation, so that what binds them stays. True event weights are
    used, negative ones included; they stay with their events.

    Args:
        tagger: trained.
        events: labelled, that it was not trained on, with all columns.
        groups: name -> columns that count as one variable.
        columns: those to rank; by default all that the model reads.
        repeats: permutations of each variable.
        seed: of the permutations.

    Returns:
        The variables, the most important first.

    Raises:
        ConfigError: no columns are named and the model does not tell which it reads, unknown ones, or no repeats.
        DataError: signal or background is missing.
    """
    if repeats < 1:
        raise ConfigError(f"repeats={repeats}; at least 1 is needed")
    names = tagger.columns if columns is None else tuple(columns)
    if names is None:
        raise ConfigError(
            "this model does not read plain columns, so their names must be given: columns=(...) of the events"
        )
    if missing := [name for name in names if name not in events]:
        raise DataError(f"{events.provenance.source} lacks the columns {missing} that are to be ranked")
    variables = variable_groups(names, groups)
    signal = (events.labels == len(events.classes) - 1).astype(np.int64)
    full = float(auc(tagger.probabilities(events)[:, -1], signal, events.weights))
    random = np.random.default_rng(seed)
    found = []
    for name, members in variables.items():
        drops = []
        for _ in range(repeats):
            order = random.permutation(len(events))
            shuffled = events.with_columns(**{member: events[member][order] for member in members})
            score = tagger.probabilities(shuffled)[:, -1]
            drops.append(full - float(auc(score, signal, events.weights)))
        spread = float(np.std(drops, ddof=1)) if repeats > 1 else 0.0
        found.append(Importance(name, members, float(np.mean(drops)), spread, tuple(drops)))
    return sorted(found, key=lambda importance: -importance.drop)
