"""k-fold cross-training: every event is scored by a model that never saw it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from kaon.data import Events, Predictions
from kaon.data.split import assign_folds
from kaon.learn.config import TrainConfig
from kaon.learn.fit import Progress
from kaon.learn.tagger import Tagger
from kaon.learn.train import train

__all__ = ["cross_train"]


def cross_train(
    model: str,
    events: Events,
    folds: int = 5,
    config: TrainConfig | None = None,
    *,
    validation: float = 0.1,
    split_seed: int = 0,
    progress: Callable[[int], Progress | None] | None = None,
    **options: Any,
) -> tuple[Predictions, list[Tagger]]:
    """Train one model a fold and predict the fold it was kept from.

    Args:
        model: registered name.
        events: labelled.
        folds: at least 2; the fold of an event depends on its number and `split_seed` only.
        config: settings, the same for every fold.
        validation: share of the training part by which the best epoch is chosen; 0 for none.
        split_seed: of the folds.
        progress: gives the callback of each fold.
        options: further arguments of `kaon.learn.train.train`.

    Returns:
        Predictions of all events, in their order, with the fold as a spectator; and the taggers.
    """
    fold = assign_folds(events.index, folds, split_seed)
    taggers: list[Tagger] = []
    parts: list[Predictions] = []
    for number in range(folds):
        # Another seed: folds and validation parts must be independent of each other.
        rest, best = events.take(fold != number).split((1 - validation, validation), split_seed + 1)
        tagger = train(
            model, rest, best if len(best) else None, config, progress=progress(number) if progress else None, **options
        )
        made = tagger.predict(events.take(fold == number))
        parts.append(replace(made, spectators={**made.spectators, "fold": fold[fold == number]}))
        taggers.append(tagger)
    # Concatenated, the events are ordered by fold; put them back into their own order.
    back = np.argsort(np.argsort(fold, kind="stable"), kind="stable")
    return Predictions.concatenate(parts).take(back), taggers
