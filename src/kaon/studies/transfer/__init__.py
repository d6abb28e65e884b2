"""Are features that were learned from one task worth events of another?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.report import Comparison
from kaon.report.charts.chart import Chart, band
from kaon.report.charts.points import Series, points
from kaon.report.frame import Section
from kaon.report.origins import Origin, origins
from kaon.report.study import Result, ResultRow, Value
from kaon.report.table import Column
from kaon.studies.base import Context, Scale, Study, machine
from kaon.studies.transfer.grid import FROZEN, RANDOM, SCRATCH, TUNED, WAYS, Found, train_all
from kaon.studies.transfer.tasks import TASKS

__all__ = ["VARIANTS", "figure", "verdict", "worth"]

QUESTION = "Are features that were learned from one task worth events of another?"
SOURCE = (
    "The lectures' transfer learning: keep the features, train a new head; Yosinski, Clune, Bengio, Lipson, "
    "NeurIPS 2014, arXiv:1411.1792"
)
_COLOURS = {SCRATCH: "series-1", FROZEN: "series-2", TUNED: "series-3", RANDOM: "series-4"}
_NAMES = {"accuracy": "accuracy", "auc": "AUC"}


def worth(sizes: Sequence[int], scratch: NDArray[np.float64], level: float) -> float | None:
    """Events from scratch that reach a level, between sizes on a straight line in ln n.

    Args:
        sizes: of the samples, rising.
        scratch: what training from scratch reaches with them, (sizes,).
        level: to be reached.

    Returns:
        The number of events; None if the largest sample does not reach it, the smallest size if that one does.

    >>> worth([100, 10_000], np.array([0.8, 0.9]), 0.85)
    1000.0
    """
    if scratch[0] >= level:
        return float(sizes[0])
    for i in range(1, len(sizes)):
        if scratch[i] >= level:
            share = (level - scratch[i - 1]) / (scratch[i] - scratch[i - 1])
            return float(round(np.exp(np.log(sizes[i - 1]) + share * np.log(sizes[i] / sizes[i - 1])), 6))
    return None


def verdict(found: Found) -> str:
    """What the trainings of one pair of tasks say, with its numbers."""
    mean = {way: score.mean(1) for way, score in found.scores.items()}
    few, many = found.sizes[0], found.sizes[-1]
    kind = _NAMES[found.pair.metric]
    what = found.pair.what[0].upper() + found.pair.what[1:]
    said = [
        f"{what}: with {few:,} events the {kind} is {mean[SCRATCH][0]:.3f} from scratch, "
        f"{mean[FROZEN][0]:.3f} with the features frozen, {mean[TUNED][0]:.3f} with them fine-tuned and "
        f"{mean[RANDOM][0]:.3f} on random features; with {many:,} it is {mean[SCRATCH][-1]:.3f}, "
        f"{mean[FROZEN][-1]:.3f}, {mean[TUNED][-1]:.3f} and {mean[RANDOM][-1]:.3f}."
    ]
    if len(found.source) < 2:
        return f"{said[0]} With one training of each nothing can be said of the spread."
    best = FROZEN if mean[FROZEN][0] >= mean[TUNED][0] else TUNED
    if not _beyond(found.scores[best][0], found.scores[SCRATCH][0]):
        said.append(f"With {few:,} events no way of transfer is better than training from scratch beyond the spread.")
    else:
        number = worth(found.sizes, mean[SCRATCH], float(mean[best][0]))
        as_many = f"more than {many:,}" if number is None else f"about {float(f'{number:.2g}'):,.0f}"
        said.append(f"The {best.replace('features', 'features,')}, make {few:,} events worth {as_many} from scratch.")
    beyond = [_beyond(found.scores[FROZEN][i], found.scores[RANDOM][i]) for i in range(len(found.sizes))]
    if all(beyond):
        said.append("Frozen features are better than random ones at every size: they learned something that both need.")
    elif any(beyond):
        sizes = ", ".join(f"{n:,}" for n, better in zip(found.sizes, beyond, strict=True) if better)
        said.append(f"Frozen features are better than random ones beyond the spread with {sizes} events only.")
    else:
        said.append("Frozen features are no better than random ones: what they learned does not help by itself.")
    crossed = [n for n, s, f in zip(found.sizes, mean[SCRATCH], mean[FROZEN], strict=True) if s > f]
    if crossed and crossed[0] > few:
        said.append(f"From {crossed[0]:,} events on, training from scratch beats the frozen features.")
    return " ".join(said)


def _beyond(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Whether seeds give more in a than in b, by twice the standard error of the difference of their means."""
    if len(a) < 2:
        return bool(a.mean() > b.mean())
    error = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a))
    return bool(a.mean() - b.mean() > 2 * error)


def figure(found: Found) -> Chart:
    """What is missed against the size of the target sample, with the spread over the seeds as bands."""
    x = np.asarray(found.sizes, float)
    series, bands = [], []
    for way in WAYS:
        missed = 1 - found.scores[way]
        level = missed.mean(1)
        series.append(Series(way, found.sizes, level.tolist(), (), _COLOURS[way]))
        if missed.shape[1] > 1:
            wide = missed.std(1, ddof=1)
            low = np.maximum(level - wide, missed.min(1) / 2)
            bands += band(x, low, level + wide, _COLOURS[way], "")
    made = points(
        f"curve-{found.pair.name}",
        found.pair.what[0].upper() + found.pair.what[1:],
        f"Down is better: {found.pair.missed}, on {found.tested:,} test events. Across: labelled events of the target "
        "task, of which a fifth chooses the best epoch. Bands: the standard deviation over the seeds, which choose the "
        "weights of the source network, the target events and the training.",
        series,
        x="labelled events of the target task",
        y=found.pair.missed,
        logarithmic=True,
        logarithmic_x=True,
    )
    return replace(made, data=[*bands, *made.data])


def run(context: Context) -> Result:
    """Learn features from shapes and W bosons; use them on digits and tops in samples of several sizes."""
    settings = context.scale.settings
    sizes = tuple(settings["epochs"])
    found: list[Found] = []
    for pair in TASKS:
        context.reporter.stage(pair.what)
        found.append(train_all(context, pair, pair.samples(context), sizes, context.trainings))
    columns = [Column(f"n{n}", f"{n:,} events", 0, f"trained on {n:,} labelled events", 4) for n in sizes]
    rows = [
        ResultRow(
            f"{one.pair.name}, {way}",
            {c.key: _value(scores) for c, scores in zip(columns, one.scores[way], strict=True)},
            _NAMES[one.pair.metric],
        )
        for one in found
        for way in WAYS
    ]
    records = tuple(record for one in found for record in one.records)
    return Result(
        context.study,
        context.scale_name,
        QUESTION,
        SOURCE,
        columns,
        rows,
        summary=[verdict(one) for one in found],
        notes=(*_NOTES, *(_speed(one) for one in found)),
        facts=_facts(context, found),
        sections=[Section("curves", "How many events are features worth?", _LEAD, [figure(one) for one in found])],
        origins=[*_origins(records)],
    )


def _value(scores: NDArray[np.float64]) -> Value:
    return Value(float(scores.mean()), float(scores.std(ddof=1)) if len(scores) > 1 else None, len(scores))


def _speed(found: Found) -> str:
    spent = {way: found.seconds[way][-1].mean() for way in (SCRATCH, FROZEN)}
    return (
        f"Time, {found.pair.name}: with {found.sizes[-1]:,} events training from scratch takes {spent[SCRATCH]:.1f} s, "
        f"and a head on frozen features, which are computed once, {spent[FROZEN]:.1f} s in three times the epochs."
    )


def _facts(context: Context, found: Sequence[Found]) -> dict[str, str]:
    settings = context.scale.settings
    epochs = ", ".join(f"{e} ({n:,} events)" for n, e in settings["epochs"].items())
    sources = "; ".join(
        f"{one.pair.name}: {_NAMES[one.pair.metric]} {one.source.mean():.3f} on its source task" for one in found
    )
    return {
        "Source tasks": f"{settings['shapes']:,} drawn outlines of shapes in 28 x 28 pixels; {context.scale.events:,} "
        "simulated jets, half W of 250 to 300 GeV, half QCD",
        "Target tasks": f"MNIST, {found[0].tested:,} of its test digits; {settings['tops']:,} simulated jets, half "
        f"top, half QCD, of which {found[1].tested:,} are for testing",
        "Source networks": sources,
        "Networks": "; ".join(
            f"{one.pair.model} ({', '.join(f'{k} = {v}' for k, v in one.pair.options.items())})" for one in found
        ),
        "Epochs": f"{settings['source_epochs']} on the source; on the target {epochs}; three times as many for a head",
        "Training": f"AdamW, mini-batches of {settings['batch_size']}, learning rate at most 0.001 (a head: 0.003), "
        "matrix products in bfloat16",
        "Seeds": str(context.trainings),
        "Machine": machine(),
    }


def _origins(records: Sequence[Any]) -> list[Origin]:
    return origins(Comparison(tuple(records)))


_LEAD = (
    "A network learns one task. Its last layer is replaced, and the new one is trained on a few events of another "
    "task, with everything before it frozen or tuned on. The same frozen network with random weights tells what the "
    "features learned; training from scratch tells what they are worth."
)
_NOTES = (
    "No number is published for these tasks. The target sample counts all labelled events that a training is given, "
    "those that choose its best epoch included. All trainings of a pair of tasks are tested on the same events.",
    "For the jets to look alike to one network, W bosons are simulated at the momentum where they open as widely as "
    "the tops do (2 m / pT = 0.58), as jets of top-tagging: anti-kT R = 0.8, of any mass, not trimmed, with the same "
    "detector. The network reads momenta as fractions of the jet's (momentum_fractions), so that neither the scale of "
    "the pT nor the mass in GeV comes in. Digits need no change: shapes are drawn in their 28 x 28 pixels, as outlines "
    "two pixels wide.",
    "The head that is replaced is one linear layer. It reads the last maps of the convolutions on digits (conv_stack, "
    "1,568 numbers) and the last dense layer on jets (pfn, 64 numbers). The deeper the layer that is kept, the more it "
    "is about the source task: a trial with a dense layer of 128 units between convolutions and head, trained on three "
    "shapes, left frozen features from which digits were told less well than from scratch.",
)

_SMOKE = {"shapes": 120, "tops": 180, "test_tops": 80, "test_digits": 200, "source_epochs": 1, "batch_size": 32}
_QUICK = {
    "shapes": 10_000,
    "tops": 16_000,
    "test_tops": 5_000,
    "test_digits": 5_000,
    "source_epochs": 6,
    "batch_size": 32,
    "epochs": {100: 60, 300: 40, 1_000: 24, 3_000: 16, 10_000: 12},
}
_FULL = {
    "shapes": 60_000,
    "tops": 500_000,
    "test_tops": 100_000,
    "test_digits": 10_000,
    "source_epochs": 20,
    "batch_size": 64,
    "epochs": {100: 200, 300: 100, 1_000: 60, 3_000: 40, 10_000: 30, 30_000: 20},
}

VARIANTS = {
    "transfer": Study(
        name="transfer",
        question=QUESTION,
        source=SOURCE,
        scales={
            "smoke": Scale(100, 1, settings={**_SMOKE, "epochs": {40: 1, 80: 1}}),
            "quick": Scale(10_000, 3, settings=_QUICK),
            "full": Scale(500_000, 5, settings=_FULL),
        },
        run=run,
        recipes=("w-tagging", "top-tagging"),
        takes_data="the folder of MNIST",
    )
}
