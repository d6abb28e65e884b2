"""What do flips and shifts of the training pictures buy a network that sorts photographs?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kaon.datasets.cifar10 import CIFAR10
from kaon.datasets.locate import locate
from kaon.errors import ConfigError
from kaon.learn import Parts
from kaon.learn.deform import Deformations
from kaon.report import Comparison, RunRecord
from kaon.report.charts.classes import confused, found
from kaon.report.charts.performance import confusion
from kaon.report.charts.training import loss
from kaon.report.frame import Section
from kaon.report.origins import origins
from kaon.report.study import Result, ResultRow, Value, measured
from kaon.report.table import MANY, Column
from kaon.studies.base import Context, Study, machine, together
from kaon.studies.cifar10.contenders import CONTENDERS, MOVED, PADDED, SCALES, Contender
from kaon.studies.cifar10.figures import curves, mistaken, moved

__all__ = ["VARIANTS", "chosen", "gain", "sample"]

QUESTION = "What do flips and shifts of the training pictures buy a network that sorts photographs?"
SOURCE = "Jordan, arXiv:2404.00498; He, Zhang, Ren, Sun, arXiv:1512.03385; on CIFAR-10 (Krizhevsky 2009)"
_COLUMNS: tuple[Column, ...] = tuple(c for c in MANY if c.key in ("accuracy", "macro_auc", "parameters"))


def run(context: Context) -> Result:
    """Train each network with and without moved pictures, and look at what it still gets wrong.

    Raises:
        DataError: CIFAR-10 is not on this machine.
        ConfigError: more than one folder of data.
    """
    settings = context.scale.settings
    if len(context.data) > 1:
        raise ConfigError(f"--data names {len(context.data)} paths; {context.study} wants one folder, that of CIFAR-10")
    context.reporter.stage("reading CIFAR-10")
    parts = sample(
        locate("cifar10", context.data[0] if context.data else None), context.scale.events, **settings["held"]
    )
    wanted = context.chosen(tuple(dict.fromkeys(c.model for c in CONTENDERS)))
    taking_part = [c for c in CONTENDERS if c.model in wanted and (context.models or c.model in settings["models"])]
    made = {c.title: context.compare(parts, [c.config(settings)], name=c.slug, page=False) for c in taking_part}
    joined = together(made)
    rows = [ResultRow(c.title, _values(c, joined.models[c.title]), model=c.title) for c in taking_part]
    best = max(rows, key=lambda row: row.values["accuracy"].obtained or 0.0).name
    return Result(
        context.study,
        context.scale_name,
        QUESTION,
        SOURCE,
        _COLUMNS,
        rows,
        summary=_summary(rows),
        notes=[*_notes(parts, settings, {c.model for c in taking_part}), chosen(joined)],
        facts={
            "Pictures": f"CIFAR-10: {len(parts.train):,} to train and {len(parts.validation):,} to follow the "
            f"training, of the public training part; {len(parts.test):,} to test, of the public test part",
            "Training": "; ".join(
                f"{m}: {settings['epochs'][m]} epochs" for m in dict.fromkeys(c.model for c in taking_part)
            ),
            "Moved": f"{Deformations.of(MOVED)} (resnet_fast), {Deformations.of(PADDED)} (resnet)",
            "Precision": f"{settings['precision']}; weights in float32",
            "Seeds": str(context.trainings),
            "Machine": machine(),
        },
        sections=[
            Section(
                "learning",
                "What do moved pictures change?",
                _LEAD,
                [curves(made), loss(joined), moved(parts.train, taking_part[-1].deform)],
            ),
            Section(
                "confusion",
                "What is taken for what?",
                "",
                [confusion(joined), found(joined), confused(joined, best)],
            ),
            Section(
                "wrong",
                "Which pictures are taken for others?",
                "",
                [mistaken(joined.models[best][0], best, parts.test)],
            ),
        ],
        origins=origins(joined),
    )


def sample(folder: Path, count: int, *, validation: int, test: int) -> Parts:
    """So many pictures of the public training part to train and to follow it, and of the public test part.

    Args:
        folder: in which CIFAR-10 lies.
        count: pictures to train on.
        validation: pictures to follow the training with.
        test: pictures to test on.
    """
    train, held = CIFAR10.split(CIFAR10.load(folder))
    used = train.take(slice(0, count + validation))
    share = validation / len(used)
    fit, follow = used.split((1 - share, share), 0)
    return Parts(fit, follow, held.take(slice(0, test)))


def gain(before: Value, after: Value) -> tuple[float, float | None]:
    """How much better the second number is, and the spread of that over the seeds; None with one seed.

    >>> gain(Value(0.75, 0.003, 3), Value(0.80, 0.004, 3))
    (0.05..., 0.005)
    """
    difference = (after.obtained or 0.0) - (before.obtained or 0.0)
    if before.spread is None or after.spread is None:
        return difference, None
    return difference, float(np.hypot(before.spread, after.spread))


def chosen(joined: Comparison) -> str:
    """What the choice of the epoch with the lowest validation loss means for the accuracy, in a sentence.

    Args:
        joined: trainings by title, with their logs.
    """
    told = []
    for title, runs in joined.models.items():
        logs = [run.log for run in runs]
        kept = np.mean([log["validation_accuracy"][np.nanargmin(log["validation_loss"])] for log in logs])
        last = np.mean([log["validation_accuracy"][-1] for log in logs])
        told.append(f"{title} {kept:.1%} there and {last:.1%} in the last epoch")
    return (
        "The weights kept are those of the epoch with the lowest validation loss. A network that learns its pictures "
        f"by heart has it early, with a lower accuracy than later. On the validation pictures: {'; '.join(told)}."
    )


def _values(contender: Contender, runs: Sequence[RunRecord]) -> dict[str, Value]:
    values = {column.key: measured(runs, column) for column in _COLUMNS}
    right = values["accuracy"].obtained or 0.0
    statistical = float(np.sqrt(right * (1 - right) / runs[0].metrics["events"]["test"]))
    accuracy = replace(values["accuracy"], error=statistical, published=contender.accuracy, source=contender.source)
    return values | {"accuracy": accuracy}


def _summary(rows: Sequence[ResultRow]) -> list[str]:
    accuracy = next(c for c in _COLUMNS if c.key == "accuracy")
    told = ["Accuracy: " + "; ".join(f"{r.name} {r.values['accuracy'].text(accuracy)}" for r in rows) + "."]
    for plain, better in zip(rows[::2], rows[1::2], strict=True):
        model = plain.name.partition(",")[0]
        change, spread = gain(plain.values["accuracy"], better.values["accuracy"])
        told.append(
            f"Flips and shifts change the accuracy of {model} by {100 * change:+.1f}"
            + (f" ± {100 * spread:.1f}" if spread is not None else "")
            + " percentage points."
        )
    return told


def _notes(parts: Parts, settings: Mapping[str, Any], models: Collection[str]) -> list[str]:
    again = [_JPEG] if "jpeg" in parts.test.provenance.source.lower() else []
    told = [
        f"{m}: {', '.join(f'{k} = {v}' for k, v in o.items())}" for m, o in settings["options"].items() if m in models
    ]
    small = (
        f"{len(parts.train):,} pictures stand for the 50,000 of the published trainings, with fewer epochs and smaller "
        f"networks ({'; '.join(told)}). So the published accuracies are out of reach; what counts is the difference "
        "between the rows of one network."
    )
    return [*again, *([small] if told else []), _DIFFERENCES]


_LEAD = (
    "A cat that looks to the left is as much a cat. Every epoch shows each training picture mirrored or not and "
    "shifted by a few pixels, anew each time, so that it is harder to learn the pictures by heart."
)
_JPEG = (
    "The pictures were read from files in which each is saved as JPEG, which loses detail. Accuracies are those of "
    "such pictures, in training and test alike; the published ones are of the original pictures."
)
_DIFFERENCES = (
    "resnet_fast is trained with a one-cycle schedule and weight decay of kaon's own SGD, without the averaging of "
    "weights, the alternating flips and the test-time augmentation of arXiv:2404.00498; resnet with a cosine schedule "
    "instead of steps."
)

VARIANTS = {
    "cifar10": Study(
        name="cifar10",
        question=QUESTION,
        source=SOURCE,
        scales=SCALES,
        run=run,
        models=tuple(dict.fromkeys(c.model for c in CONTENDERS)),
        takes_data="the folder in which CIFAR-10 lies",
    )
}
