"""Models of the study: trained k-fold, so that every event is scored by one that never saw it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kaon.data import Events
from kaon.learn.config import TrainConfig
from kaon.learn.fit import Progress
from kaon.learn.folds import cross_train, fold_scores

__all__ = ["FOLDS", "Learner", "scores"]

FOLDS = 5
_SPLIT = 0


@dataclass(frozen=True)
class Learner:
    """One line of the table.

    Args:
        name: of the line.
        model: registered.
        features: columns that it reads.
        weighted: whether it is trained with the weights of the events.
        processes: numbers of the backgrounds that it is trained against; empty for all.
    """

    name: str
    model: str
    features: tuple[str, ...]
    weighted: bool = True
    processes: tuple[int, ...] = ()

    def training(self, events: Events) -> Events:
        """The events that it learns from."""
        if self.processes:
            events = events.take((events.labels == 1) | np.isin(np.asarray(events["process"]), self.processes))
        return events if self.weighted else replace(events, weight=None)


def scores(
    learner: Learner, events: Events, config: TrainConfig, folder: Path, progress: Progress | None = None
) -> NDArray[np.float64]:
    """The score of every event, (events,), each by the model whose training left its fold out.

    Args:
        learner: which model, on what.
        events: all of them.
        config: of the trainings.
        folder: where they are kept, and found again.
        progress: told of the trainings, as if they were one.
    """

    def follow(fold: int) -> Progress | None:
        if progress is None:
            return None
        return lambda done, total, row: progress((fold + done / total) / FOLDS, 1.0, row)

    _, taggers = cross_train(
        learner.model,
        learner.training(events),
        FOLDS,
        config,
        split_seed=_SPLIT,
        folder=folder,
        progress=follow,
        representation="tabular",
        representation_options={"features": list(learner.features)},
        spectators=(),
    )
    return fold_scores(taggers, events, _SPLIT)[:, -1].astype(np.float64)
