"""k-fold cross-training: every event is scored by a model that never saw it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.data import Events, Predictions
from kaon.data.digest import digest
from kaon.data.split import assign_folds
from kaon.errors import DataError
from kaon.learn.config import TrainConfig
from kaon.learn.ensemble import Ensemble
from kaon.learn.fit import CHECKPOINT, Progress
from kaon.learn.run import write_json
from kaon.learn.tagger import Tagger, load
from kaon.learn.train import train
from kaon.learn.transfer import Start

__all__ = ["FOLDS", "begun", "cross_train", "fold_scores"]

FOLDS = "folds.json"
"""Settings of the folds in a folder, and the fingerprint of their events."""

_BUNDLE = "bundle.kaon"


def cross_train(
    model: str,
    events: Events,
    folds: int = 5,
    config: TrainConfig | None = None,
    *,
    validation: float = 0.1,
    split_seed: int = 0,
    folder: Path | None = None,
    progress: Callable[[int], Progress | None] | None = None,
    **options: Any,
) -> tuple[Predictions, list[Tagger]]:
    """Train one model a fold and predict the fold it was kept from.

    Args:
        model: registered name, or a Python file with VARIANTS.
        events: labelled.
        folds: at least 2; the fold of an event depends on its number and `split_seed` only.
        config: settings, the same for every fold.
        validation: share of the training part by which the best epoch is chosen; 0 for none.
        split_seed: of the folds.
        folder: keeps `fold0/bundle.kaon`, `fold1/bundle.kaon`, ... with their logs. Folds that are found there are
            loaded, and one that was stopped is resumed. None leaves no files.
        progress: gives the callback of each fold that is trained.
        options: further arguments of `kaon.learn.train.train`.

    Returns:
        Predictions of all events, in their order, with the fold as a spectator; and the taggers.

    Raises:
        ConfigError: fewer than two folds, or a wrong option or setting.
        DataError: the folder holds folds of other settings or other events, or the events are not fit for training.
    """
    config = config or TrainConfig()
    fold = assign_folds(events.index, folds, split_seed)
    if folder is not None:
        _claim(
            folder,
            {
                "model": model,
                "folds": folds,
                "train": config.model_dump(mode="json"),
                "validation": validation,
                "split_seed": split_seed,
                **options,
            },
            digest(events),
        )
    # The caller names these files now, so they may be run for a fold that was trained before.
    named = (model, options.get("representation") or "")
    sources = [f"{stem}{suffix}" for stem, suffix, _ in (name.partition(".py") for name in named) if suffix]
    taggers: list[Tagger] = []
    parts: list[Predictions] = []
    for number in range(folds):
        place = None if folder is None else folder / f"fold{number}"
        if place is not None and (place / _BUNDLE).exists():
            tagger = load(place / _BUNDLE, sources)
        else:
            # Another seed: folds and validation parts must be independent of each other.
            rest, best = events.take(fold != number).split((1 - validation, validation), split_seed + 1)
            follow = progress(number) if progress else None
            held = best if len(best) else None
            tagger = train(model, rest, held, config, folder=place, progress=follow, **options)
            if place is not None:
                tagger.save(place / _BUNDLE)
        if place is not None:
            (place / CHECKPOINT).unlink(missing_ok=True)
        made = tagger.predict(events.take(fold == number))
        parts.append(replace(made, spectators={**made.spectators, "fold": fold[fold == number]}))
        taggers.append(tagger)
    # Concatenated, the events are ordered by fold; put them back into their own order.
    back = np.argsort(np.argsort(fold, kind="stable"), kind="stable")
    return Predictions.concatenate(parts).take(back), taggers


def fold_scores(taggers: Sequence[Tagger | Ensemble], events: Events, split_seed: int = 0) -> NDArray[np.float32]:
    """Class probabilities of events, (events, classes), each by the tagger whose training left its fold out.

    Args:
        taggers: one a fold, of `cross_train` with the same `split_seed`; a single one scores all events.
        events: of any kind; their numbers decide the folds.
        split_seed: of the folds.
    """
    if len(taggers) == 1:
        return taggers[0].probabilities(events)
    fold = assign_folds(events.index, len(taggers), split_seed)
    score = np.zeros((len(events), len(taggers[0].classes)), np.float32)
    for number, tagger in enumerate(taggers):
        own = fold == number
        if own.any():
            score[own] = tagger.probabilities(events.take(own))
    return score


def begun(folder: Path) -> bool:
    """Whether the folder holds folds that are trained, or have epochs behind them."""
    return any(any(folder.glob(f"fold*/{name}")) for name in (_BUNDLE, CHECKPOINT))


def _claim(folder: Path, settings: Mapping[str, Any], events: str) -> None:
    """Write down what the folds are of; folds of something else are no part of this training.

    Raises:
        DataError: the folder holds such folds.
    """
    wanted = {"settings": json.loads(json.dumps(settings, default=_told)), "events": events}
    noted = folder / FOLDS
    if begun(folder):
        kept = json.loads(noted.read_text(encoding="utf-8")) if noted.exists() else {}
        for name in wanted:
            if kept.get(name) != wanted[name]:
                raise DataError(f"{folder} holds folds trained with other {name}; choose another folder, or delete it")
    write_json(noted, wanted)


def _told(value: object) -> Any:
    return value.noted() if isinstance(value, Start) else str(value)
