"""Greedy layer-wise pre-training against training from end to end."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kaon.learn import Parts, RunConfig
from kaon.learn.config import TrainConfig
from kaon.learn.pretraining import PRETRAINING
from kaon.report import Comparison
from kaon.report.charts.points import points
from kaon.report.charts.training import accuracy_series
from kaon.report.frame import Section
from kaon.report.study import ResultRow, Value
from kaon.report.table import Column
from kaon.studies.base import Context
from kaon.studies.depth.part import Part, percent, value

__all__ = ["REBUILT", "greedy", "rebuilt"]

REBUILT = Column(
    "rebuilt",
    "not rebuilt",
    0,
    "share of the variance of its input that the last pre-trained layer leaves; 1 is no better than the mean",
    2,
)

_INITIALISATIONS = {"sigmoid": "glorot", "relu": "he"}
_WAYS = {"end to end": False, "pre-trained": True}


def greedy(context: Context, parts: Parts, words: str) -> Part:
    """Train deep networks of sigmoids and of ReLUs, with and without pre-training their layers as autoencoders."""
    settings = context.scale.settings
    shape = {"depth": settings["greedy_depth"], "width": settings["width"]}
    train = TrainConfig(epochs=settings["greedy_epochs"], batch_size=settings["greedy_batch"], learning_rate=1e-3)
    made: dict[str, Comparison] = {}
    folders: dict[str, Path] = {}
    for activation, initialisation in _INITIALISATIONS.items():
        for way, first in _WAYS.items():
            options = shape | {"activation": activation, "initialisation": initialisation}
            config = RunConfig(
                model="deep_mlp",
                representation="pictures",
                options=options,
                train=train.model_copy(update={"pretrain": settings["pretrain"] if first else 0}),
            )
            name = f"greedy-{activation}-{'pretrained' if first else 'end-to-end'}"
            folders[f"{activation}, {way}"] = context.folder / name
            made[f"{activation}, {way}"] = context.compare(parts, [config], name=name, page=False)
    accuracy = {title: percent(comparison.runs) for title, comparison in made.items()}
    rows = [
        ResultRow(
            f"{title}, {shape['depth']} layers",
            {"accuracy": found, "rebuilt": rebuilt([folders[title] / "runs" / run.name for run in made[title].runs])},
            _NOTED.get(title, ""),
        )
        for title, found in accuracy.items()
    ]
    chart = points(
        "greedy",
        "Learning curves",
        f"Accuracy on validation pictures after each epoch of the supervised training, mean and spread over the seeds. "
        f"Pre-training has taken {settings['pretrain']} epochs for each layer before, without a label.",
        accuracy_series(made),
        x="epoch",
        y="accuracy [%]",
    )
    return Part(
        rows,
        Section("greedy", "Does it help to train layer by layer first?", _LEAD, [chart]),
        [_sentence(activation, accuracy) for activation in _INITIALISATIONS],
        {
            "Pictures": f"{words}; {len(parts.train):,} to train, {len(parts.validation):,} to choose the best epoch, "
            f"{len(parts.test):,} to test",
            "Pre-training": f"{shape['depth']} hidden layers of {shape['width']} units; {settings['pretrain']} epochs "
            f"a layer of Adam at {train.pretrain_rate:g}, {train.pretrain_corruption:g} of each layer's input "
            f"hidden; then {train.epochs} epochs of AdamW, mini-batches of {train.batch_size}, learning rate at most "
            f"{train.learning_rate:g}",
        },
        made,
    )


def rebuilt(runs: Sequence[Path]) -> Value:
    """What the last stage left unexplained at the end of its pre-training, over the seeds.

    Args:
        runs: folders of trainings; those without pre-training have no say.
    """
    last = []
    for log in (run / PRETRAINING for run in runs):
        if log.exists():
            with log.open(newline="") as stream:
                *_, row = csv.DictReader(stream)
            last.append(float(row["reconstruction_loss"]))
    return value(last)


def _sentence(activation: str, accuracy: Mapping[str, Value]) -> str:
    """What pre-training changes, and whether that is more than the spread."""
    alone, first = (accuracy[f"{activation}, {way}"] for way in _WAYS)
    change = (first.obtained or 0.0) - (alone.obtained or 0.0)
    error = float(np.hypot(*(np.hypot(v.spread or 0.0, v.error or 0.0) for v in (alone, first))))
    verdict = "within the uncertainty" if abs(change) < 2 * error else "more" if change > 0 else "less"
    return (
        f"Pre-training takes {activation} networks from {alone.obtained:.1f}% to {first.obtained:.1f}%"
        f" ({change:+.1f} points, {verdict})."
    )


_NOTED = {
    "sigmoid, end to end": "published: such networks did not train",
    "sigmoid, pre-trained": "published: they train",
}
_LEAD = (
    "Published: deep networks trained for the first time when their layers were initialised one after another (Hinton, "
    "Osindero, Teh, Neural Computation 18 (2006) 1527, with Boltzmann machines; Bengio et al., NeurIPS 2006, with "
    "autoencoders). With rectified units it is hardly needed"
    " (Glorot, Bordes, Bengio, AISTATS 2011)."
)
