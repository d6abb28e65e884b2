"""Pictures of the study of small photographs: learning curves, what is made of a picture, mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kaon.data import Events
from kaon.evaluate import surest_mistakes
from kaon.learn.deform import Deformations
from kaon.report import Comparison, RunRecord
from kaon.report.charts.chart import Chart, Missing
from kaon.report.charts.gallery import gallery
from kaon.report.charts.points import points
from kaon.report.charts.training import accuracy_series

__all__ = ["curves", "mistaken", "moved"]

_SHOWN = 48


def curves(made: Mapping[str, Comparison]) -> Chart:
    """Accuracy on the validation pictures by epoch: the mean over the seeds, with their spread."""
    return points(
        "curves",
        "Accuracy by epoch",
        "Share of the validation pictures, which are never moved, that are put into their class: the mean over the "
        "seeds, with bars for their spread.",
        accuracy_series(made),
        x="epoch",
        y="accuracy [%]",
    )


def mistaken(record: RunRecord, title: str, test: Events) -> Chart | Missing:
    """The test pictures that one training takes for others.

    Args:
        record: of the training, with its test predictions.
        title: of the contender.
        test: the test pictures, by rising event number.
    """
    predictions = record.predictions["test"]
    target, taken = predictions.labels, predictions.score.argmax(1)
    rows = surest_mistakes(predictions.score, target)
    if not len(rows) or predictions.index is None:
        return Missing("Pictures that are taken for others", f"{title} is right about every test picture.")
    shown = rows[:_SHOWN]
    return gallery(
        "mistaken",
        "Pictures that are taken for others",
        f"True class → what it is taken for by: {title}. {len(shown)} of its {len(rows):,} mistakes in "
        f"{len(test):,} test pictures, those first of which it is surest.",
        _pixels(test, np.searchsorted(test.index, predictions.index[shown])),
        captions=[f"{test.classes[target[i]]} → {test.classes[taken[i]]}" for i in shown],
    )


def moved(train: Events, deform: Mapping[str, float]) -> Chart:
    """One picture of each class, and what three epochs make of it.

    Args:
        train: the training pictures.
        deform: how they are moved.
    """
    labels = train.labels
    first = np.array([np.flatnonzero(labels == i)[0] for i in np.unique(labels)])
    images = torch.from_numpy(_pixels(train, first).astype(np.float32) / 255)
    drawn, generator = Deformations.of(deform), torch.Generator().manual_seed(0)
    rows = [images, *(drawn(images, generator) for _ in range(3))]
    return gallery(
        "moved",
        "Pictures and what is made of them",
        f"First row: as they are. Below: as three epochs see them, with {drawn}.",
        torch.cat(rows).numpy(),
        columns=len(first),
    )


def _pixels(events: Events, rows: NDArray[Any]) -> NDArray[np.uint8]:
    return np.asarray(events["image"][rows], np.uint8)
