"""Pictures of the study of handwritten digits: learning curves, deformations, mistakes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from kaon.data import Events
from kaon.evaluate import surest_mistakes
from kaon.learn.deform import Deformations
from kaon.report import Comparison, RunRecord
from kaon.report.charts.chart import Chart, Missing
from kaon.report.charts.gallery import gallery
from kaon.report.charts.points import points
from kaon.report.charts.training import accuracy_series
from kaon.studies.mnist.contenders import DEFORM

__all__ = ["curves", "deformed", "mistaken"]

_SHOWN = 100


def curves(made: Mapping[str, Comparison]) -> Chart:
    """Share of wrong validation digits by epoch, one line a contender: the mean over its seeds, with their spread."""
    return points(
        "curves",
        "Wrong validation digits by epoch",
        "Share of the validation digits, which are never deformed, that are taken for another: the mean over the "
        "seeds, with bars for their spread.",
        accuracy_series(made, wrong=True),
        x="epoch",
        y="wrong [%]",
        logarithmic=True,
    )


def deformed(train: Events) -> Chart:
    """One digit of each class, as it is and with each kind of deformation."""
    labels = train.labels
    first = np.array([np.flatnonzero(labels == digit)[0] for digit in np.unique(labels)])
    images = torch.from_numpy(np.asarray(train["image"][first], np.float32) / 255)
    generator = torch.Generator().manual_seed(0)
    elastic = {name: DEFORM[name] for name in ("elastic", "elastic_sigma")}
    kinds = [{"rotate": DEFORM["rotate"]}, {"scale": DEFORM["scale"]}, elastic, DEFORM, DEFORM]
    rows = [images, *(Deformations.of(kind)(images, generator) for kind in kinds)]
    return gallery(
        "deformed",
        "Digits and their deformations",
        f"First row: digits as they are. Below: turned by up to {DEFORM['rotate']:g}°; stretched by up to "
        f"{DEFORM['scale']:.0%} in width and in height; bent by an elastic field; and, twice, all three at once, which "
        "is what a network sees in two epochs.",
        torch.cat(rows).numpy()[:, 0],
        columns=len(first),
    )


def mistaken(record: RunRecord, title: str, test: Events) -> Chart | Missing:
    """The test digits that a training takes for others.

    Args:
        record: of the training, with its test predictions.
        title: of the contender.
        test: the test digits, by rising event number.
    """
    predictions = record.predictions["test"]
    target, taken = predictions.labels, predictions.score.argmax(1)
    rows = surest_mistakes(predictions.score, target)
    if not len(rows) or predictions.index is None:
        return Missing("Digits that are taken for others", f"{title} is right about every test digit.")
    shown = rows[:_SHOWN]
    images = np.asarray(test["image"], np.uint8)[np.searchsorted(test.index, predictions.index[shown]), 0]
    return gallery(
        "mistaken",
        "Digits that are taken for others",
        f"True digit → what it is taken for by: {title}. {len(shown)} of its {len(rows)} mistakes in {len(test):,} "
        "test digits, those first of which it is surest.",
        images,
        captions=[f"{test.classes[target[i]]} → {test.classes[taken[i]]}" for i in shown],
    )
