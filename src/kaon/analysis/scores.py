"""Variables that trained models compute: from a bundle, or trained k-fold on the simulation itself."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.analysis.config import AnalysisConfig
from kaon.analysis.entries import Score, Train
from kaon.analysis.samples import Sample
from kaon.data import Events
from kaon.data.checks import check_weights
from kaon.data.cuts import parse
from kaon.data.provenance import Provenance
from kaon.data.records import table
from kaon.errors import ConfigError, DataError
from kaon.learn.ensemble import Ensemble, load
from kaon.learn.fit import Progress as Fitting
from kaon.learn.folds import begun, cross_train, fold_scores
from kaon.learn.tagger import Tagger

__all__ = ["CLASSES", "Scorer", "Trainings", "read_scorer", "train_scorer"]

CLASSES = ("background", "signal")

_SEED = 0
"""Of the folds: the same when events are trained on and when they are scored."""

Trainings = Callable[[str, int], Fitting | None]
"""Told the name and the fold of each training before it begins; gives what to call during it."""


@dataclass(frozen=True)
class Scorer:
    """Adds one variable to events: the probability of the last class.

    Args:
        name: of the variable.
        taggers: one, possibly an ensemble, or one a fold; an event is scored by that of its own fold.
        features: variables that they read.
    """

    name: str
    taggers: tuple[Tagger | Ensemble, ...]
    features: tuple[str, ...]

    def __call__(self, columns: Mapping[str, Any], index: NDArray[np.int64], where: str) -> NDArray[np.float64]:
        """The score, (events,).

        Args:
            columns: with the features.
            index: event numbers, (events,), which decide the folds.
            where: the sample, for messages.

        Raises:
            DataError: a feature is NaN or infinite, or not one number an event.
        """
        events = _events(self.features, columns, index, f"{where}, for the score {self.name}")
        return fold_scores(self.taggers, events, _SEED)[:, -1].astype(np.float64)


def read_scorer(name: str, score: Score) -> Scorer:
    """Of a bundle.

    Raises:
        BundleError: no such file, or damaged.
        ConfigError: it reads other variables than the configuration says.
    """
    assert score.bundle is not None
    tagger = load(score.bundle)
    features = tagger.columns or tuple(type(tagger.representation).requires)
    if score.features is not None and set(score.features) != set(features):
        raise ConfigError(
            f"the model of the score {name} ({score.bundle}) was trained on {', '.join(features)}, but features names "
            f"{', '.join(score.features)}"
        )
    return Scorer(name, (tagger,), features)


def train_scorer(
    name: str,
    train: Train,
    config: AnalysisConfig,
    samples: Mapping[str, Sample],
    folder: Path | None = None,
    trainings: Trainings | None = None,
) -> Scorer:
    """Train a model a fold on simulated events.

    Args:
        name: of the score.
        train: how.
        config: of the analysis.
        samples: processes.
        folder: where finished folds are kept, and found again; None keeps nothing.
        trainings: told of each training.

    Raises:
        ConfigError: no process, or one that is both signal and background.
        DataError: the events are not fit for training.
    """
    signal = train.signal or config.signals
    background = train.background or tuple(n for n in config.processes if n not in signal)
    both = sorted(set(signal) & set(background))
    if both or not signal or not background:
        problem = f"{', '.join(both)} are both" if both else f"the {'background' if signal else 'signal'} is missing"
        raise ConfigError(f"the score {name} needs processes of signal and background, but {problem}")
    parts = [_training_events(samples[n], train, int(n in signal)) for n in (*background, *signal)]
    events = Events.concatenate([p for p in parts if p is not None] or [_none(train)])
    check_weights(events)
    if folder is not None and begun(folder):
        try:
            return _trained(name, train, events, folder, trainings)
        except DataError:  # of other settings or events: these folds are no use to anybody
            shutil.rmtree(folder)
    return _trained(name, train, events, folder, trainings)


def _trained(name: str, train: Train, events: Events, folder: Path | None, trainings: Trainings | None) -> Scorer:
    _, taggers = cross_train(
        train.model,
        events,
        train.folds,
        train.settings,
        split_seed=_SEED,
        folder=folder,
        progress=(lambda fold: trainings(name, fold)) if trainings else None,
        options=dict(train.options),
        representation="tabular",
        representation_options={"features": list(train.features)},
    )
    return Scorer(name, tuple(taggers), train.features)


def _training_events(sample: Sample, train: Train, target: int) -> Events | None:
    """The events of a process that pass the selection and the training's own cuts; None if there are none."""
    inputs = [parse(f"`{name}`") for name in train.features]
    found = []
    for kept in sample.passing(map(parse, train.select.values()), inputs):
        events = _events(train.features, kept.columns, kept.index, sample.name)
        labels, origin = np.full(len(kept), target), Provenance(sample.name)
        found.append(Events(events.array, labels, kept.weight, kept.index, CLASSES, provenance=origin))
    return Events.concatenate(found) if found else None


def _none(train: Train) -> Events:
    raise DataError(f"no simulated event passes the selection and {list(train.select.values())}; nothing to train on")


def _events(features: tuple[str, ...], columns: Mapping[str, Any], index: NDArray[np.int64], where: str) -> Events:
    """The features as events.

    Raises:
        DataError: a flat one is NaN or infinite.
    """
    for name in features:
        values = columns[name]
        flat = np.asarray(values) if getattr(values, "ndim", 1) == 1 and not getattr(values, "fields", ()) else None
        bad = int((~np.isfinite(flat)).sum()) if flat is not None and flat.dtype.kind == "f" else 0
        if bad:
            raise DataError(
                f"{name} is NaN or infinite in {bad} selected events of {where}; add isfinite({name}) to the selection"
            )
    return Events(table({name: columns[name] for name in features}), index=index)
