"""One trial: train with some settings, report on the way, measure on the validation events."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kaon.errors import KaonError
from kaon.extras import require
from kaon.learn import Parts
from kaon.learn.train import Prepared, train
from kaon.tune.setup import Setup
from kaon.tune.space import applied
from kaon.tune.storage import Begun, Store

__all__ = ["ROUNDS", "Bench", "attempt", "measure"]

ROUNDS = 25
"""Boosting rounds between two reports of trees."""


@dataclass(frozen=True)
class Bench:
    """Where trials are made.

    Args:
        setup: of the search.
        parts: its events; trials see training and validation.
        prepared: training and validation events as the model's representation sees them.
        folder: of the search.
    """

    setup: Setup
    parts: Parts
    prepared: Prepared
    folder: Path


def attempt(bench: Bench, store: Store, begun: Begun, heard: Callable[[], None]) -> None:
    """Make a trial that was begun, whose end is written into the store.

    Settings with which no model can be trained make a failed trial, not an end of the search.

    Args:
        bench: events and folder.
        store: of the trials.
        begun: the trial.
        heard: called whenever the trial reported something, and at its end.
    """
    optuna = require("optuna")
    trial, values, number, before = begun
    home = bench.folder / "trials" / f"{number:04d}"
    told = set(before)

    def progress(done: float, total: float, row: Mapping[str, float]) -> None:
        step = _step(row, done, trees=bench.setup.trees)
        level = row.get("validation_auc", -row["validation_loss"] if "validation_loss" in row else None)
        if step is not None and level is not None and step not in told:
            told.add(step)
            trial.report(level, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        heard()

    try:
        store.end(trial, measure(bench, values, home, progress))
    except optuna.TrialPruned:
        store.end(trial, None)
    except KaonError as error:
        store.end(trial, None, str(error))
    shutil.rmtree(home, ignore_errors=True)
    heard()


def measure(
    bench: Bench,
    values: Mapping[str, Any],
    home: Path | None = None,
    progress: Callable[[float, float, Mapping[str, float]], None] | None = None,
) -> float:
    """The objective after a training with these settings.

    Args:
        bench: events.
        values: settings by name.
        home: keeps the checkpoint, from which an interrupted trial goes on; None leaves no files.
        progress: called during training.

    Raises:
        KaonError: the training failed.
    """
    config = applied(bench.setup.config, values)
    tagger = train(
        config.model,
        bench.parts.train,
        bench.parts.validation,
        config.train,
        options=config.options,
        prepared=bench.prepared,
        folder=home,
        progress=progress,
    )
    assert bench.prepared.validation is not None
    score = tagger.probabilities(bench.parts.validation, bench.prepared.validation)
    return bench.setup.objective(tagger.predictions(score, bench.parts.validation, seed=config.train.seed))


def _step(row: Mapping[str, float], done: float, *, trees: bool) -> int | None:
    """Epochs that are behind the row, or rounds where those are a multiple of ROUNDS."""
    if trees:
        return round(done) if round(done) % ROUNDS == 0 else None
    return round(row["epoch"]) + 1 if "epoch" in row else None
