"""Circles, squares and triangles: what does a network gain from knowing that pixels have neighbours?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.data import Events, Predictions
from kaon.evaluate import accuracy, surest_mistakes
from kaon.learn import Parts, RunConfig
from kaon.learn.config import TrainConfig
from kaon.report import Comparison, RunRecord
from kaon.report.charts.chart import Chart, Missing
from kaon.report.charts.gallery import gallery
from kaon.report.charts.performance import confusion
from kaon.report.charts.points import Series, points
from kaon.report.charts.training import accuracy_series, loss
from kaon.report.frame import Section
from kaon.report.origins import origins
from kaon.report.study import Result, ResultRow, Value, measured
from kaon.report.table import COLUMNS, Column
from kaon.simulate.toys import draw
from kaon.studies.base import Context, Scale, Study, machine, together

__all__ = ["CONTENDERS", "VARIANTS", "Contender", "by_size", "percent"]

QUESTION = "Does a network see shapes better that knows which pixels are neighbours?"
SOURCE = "Wolter, lectures of 2019, https://github.com/marcinwolter/DNN_examples (figure_cnn)"
TRAIN_SEED, TEST_SEED = 1, 2
"""Of the pictures to learn from, and of those to judge by."""

_SHARE = 0.1
"""Of the competition's pictures: to follow the training with."""
_SHOWN, _BINS = 30, 8
_RIGHT = Column("accuracy", "Accuracy", +1, "share of fresh test pictures that are put into their class", 2, "%")
_LEARNED = Column("learned", "On its training pictures", 0, "the same, of the pictures that it was trained on", 2, "%")
_COLUMNS = (_RIGHT, _LEARNED, *(c for c in COLUMNS if c.key in ("parameters", "train_seconds")))


@dataclass(frozen=True)
class Contender:
    """A network and the pictures that it learns from.

    Args:
        title: in the table.
        slug: of its folder and its settings.
        model: registered name.
        toy: registered name of the pictures, with options.
        options: of the toy.
        published: accuracy in per cent.
        parameters: as published.
    """

    title: str
    slug: str
    model: str
    toy: str
    options: Mapping[str, Any]
    published: float | None = None
    parameters: int | None = None


_CLEAN: Mapping[str, Any] = {"antialiased": False}
CONTENDERS = (
    Contender("dense", "dense", "dense_classifier", "shapes", _CLEAN, parameters=788_995),
    Contender("CNN", "cnn", "shape_cnn", "shapes", _CLEAN, 99.91),
    Contender("dense, outlines in noise", "dense-noisy", "dense_classifier", "shapes-noisy", {}),
    Contender("CNN, outlines in noise", "cnn-noisy", "shape_cnn", "shapes-noisy", {}, 94.25, 3_437_283),
)
MODELS = ("dense_classifier", "shape_cnn")


def percent(runs: Sequence[RunRecord], split: str = "test", published: float | None = None) -> Value:
    """Share of pictures in the right class, per cent: mean and spread over the seeds, and the statistical error of one.

    Args:
        runs: of one contender.
        split: of which pictures.
        published: to stand beside.
    """
    found = [p for run in runs if (p := run.labelled(split)) is not None]
    right = np.array([accuracy(p) for p in found])
    if not len(right):
        return Value(seeds=0, published=published)
    statistical = 100 * float(np.sqrt(np.mean(right * (1 - right)) / len(found[0])))
    spread = 100 * float(right.std(ddof=1)) if len(right) > 1 else None
    mean = 100 * float(right.mean())
    return Value(mean, spread, len(right), statistical if split == "test" else None, published=published)


def by_size(
    predictions: Predictions, test: Events, edges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of pictures in the right class, per cent, by the radius of the circle around the shape; and its error.

    Args:
        predictions: of the test pictures.
        test: these pictures, by rising event number.
        edges: of the bins of the radius, in pixels.

    Returns:
        (bins,) each; NaN where there is no picture.
    """
    assert predictions.index is not None
    radius = np.asarray(test["radius"], np.float64)[np.searchsorted(test.index, predictions.index)]
    right = predictions.score.argmax(1) == predictions.labels
    place = np.clip(np.digitize(radius, edges) - 1, 0, len(edges) - 2)
    count = np.bincount(place, minlength=len(edges) - 1).astype(float)
    count[count == 0] = np.nan
    share = np.bincount(place, weights=right, minlength=len(edges) - 1) / count
    return 100 * share, 100 * np.sqrt(share * (1 - share) / count)


def run(context: Context) -> Result:
    """Train both networks on clean and on noisy shapes, and on fewer and fewer clean ones; judge them on fresh ones."""
    settings, chosen = context.scale.settings, context.chosen(MODELS)
    contenders = [c for c in CONTENDERS if c.model in chosen]
    pictures = {c.toy: _parts(c, context) for c in contenders}
    made: dict[str, Comparison] = {}
    for one in contenders:
        seeds = context.seeds or settings["seeds"][one.slug]
        config = _config(one, settings["epochs"][one.slug])
        made[one.title] = context.compare(pictures[one.toy], [config], seeds=seeds, name=one.slug, page=False)
    clean = [c for c in contenders if c.toy == "shapes"]
    fewer = {c.title: _fewer(c, pictures[c.toy], context) for c in clean}
    joined = together(made)
    rows = [
        ResultRow(
            c.title,
            {
                "accuracy": percent(made[c.title].runs, published=c.published),
                "learned": percent(made[c.title].runs, "train"),
                "parameters": measured(made[c.title].runs, _COLUMNS[2], published=c.parameters),
                "train_seconds": measured(made[c.title].runs, _COLUMNS[3]),
            },
            f"{settings['epochs'][c.slug]} epochs",
            c.title,
        )
        for c in contenders
    ]
    noisy = pictures["shapes-noisy"]
    return Result(
        context.study,
        context.scale_name,
        QUESTION,
        SOURCE,
        _COLUMNS,
        rows,
        summary=["Of the test pictures: " + "; ".join(f"{r.name} {_told(r.values['accuracy'])}" for r in rows) + "."],
        notes=_NOTES,
        facts={
            "Clean pictures": f"{_counts(pictures['shapes'])}; filled, black and white",
            "Noisy pictures": f"{_counts(noisy)}; outlines one pixel wide, every pixel white with a probability of 50%",
            "Training": "mini-batches of 64, AdamW, learning rate at most 0.001, mirrored at random",
            "Precision": "bfloat16 in convolutions and matrix products, weights in float32",
            "Seeds": "; ".join(f"{title}: {len(m.runs)}" for title, m in made.items()),
            "Machine": machine(),
        },
        sections=[
            Section(
                "pictures", "What is there to see?", _LEAD, [_examples(p.test, toy) for toy, p in pictures.items()]
            ),
            Section("learning", "How do they learn?", "", [_curves(made), loss(joined), _sizes(made, fewer, clean)]),
            Section(
                "mistakes",
                "What is taken for what?",
                "",
                [
                    confusion(joined),
                    _radii(made, contenders, pictures),
                    *(_mistaken(made[c.title].runs[0], c, pictures[c.toy].test) for c in contenders if c.published),
                ],
            ),
        ],
        origins=origins(joined),
    )


def _parts(one: Contender, context: Context) -> Parts:
    """Pictures for training, validation and test; the last are drawn with a seed of their own."""
    follow = round(_SHARE * context.scale.events)
    fit = context.scale.events - follow
    if one.toy == "shapes-noisy":
        fit, follow = context.scale.settings["noisy"]
    learn = draw(one.toy, fit + follow, seed=TRAIN_SEED, **one.options)
    test = draw(one.toy, context.scale.settings["test"], seed=TEST_SEED, **one.options)
    return Parts(learn.take(slice(0, fit)), learn.take(slice(fit, None)), replace(test, index=test.index + len(learn)))


def _config(one: Contender, epochs: int) -> RunConfig:
    train = TrainConfig(epochs=epochs, batch_size=64, precision="bfloat16", deform={"flip": 0.5})
    return RunConfig(model=one.model, train=train)


def _fewer(one: Contender, parts: Parts, context: Context) -> dict[int, Comparison]:
    """Trainings on the first pictures only, with more epochs: number of pictures -> what was found."""
    found = {}
    for count, longer in context.scale.settings["fewer"].items():
        some = replace(parts, train=parts.train.take(slice(0, count)))
        config = _config(one, longer * context.scale.settings["epochs"][one.slug])
        found[count] = context.compare(some, [config], seeds=1, name=f"{one.slug}-{count}", page=False)
    return found


def _counts(parts: Parts) -> str:
    return (
        f"{len(parts.train):,} to train and {len(parts.validation):,} to follow the training (seed {TRAIN_SEED}), "
        f"{len(parts.test):,} to test (seed {TEST_SEED})"
    )


def _told(value: Value) -> str:
    published = "" if value.published is None else f" ({value.published:g}% published)"
    return f"{value.text(_RIGHT)}{published}"


def _pixels(events: Events, rows: Any) -> NDArray[np.uint8]:
    return np.asarray(events["image"][rows], np.uint8)[:, 0]


def _examples(test: Events, toy: str) -> Chart:
    rows = np.concatenate([np.flatnonzero(test.labels == kind)[:6] for kind in range(len(test.classes))])
    words = "filled" if toy == "shapes" else "outlines in noise"
    return gallery(
        toy,
        f"Shapes, {words}",
        f"Six test pictures of each kind: {', '.join(test.classes)}."
        + ("" if toy == "shapes" else " Noise adds white pixels and takes none away."),
        _pixels(test, rows),
        columns=6,
        size="half",
    )


def _curves(made: Mapping[str, Comparison]) -> Chart:
    return points(
        "curves",
        "Accuracy by epoch",
        "Share of the validation pictures that are put into their class: mean over the seeds, with bars for their "
        "spread. A guess is right in a third of all cases.",
        accuracy_series(made),
        x="epoch",
        y="accuracy [%]",
    )


def _sizes(
    made: Mapping[str, Comparison], fewer: Mapping[str, Mapping[int, Comparison]], clean: Sequence[Contender]
) -> Chart | Missing:
    title = "How many pictures does it take?"
    if not any(fewer.values()):
        return Missing(title, "At this scale no network was trained on fewer pictures.")
    series = []
    for number, one in enumerate(clean, start=1):
        runs = {n: c.runs for n, c in fewer[one.title].items()}
        runs[made[one.title].runs[0].metrics["events"]["train"]] = made[one.title].runs
        found = {n: percent(r) for n, r in sorted(runs.items())}
        wrong = [100 - (v.obtained or 0.0) for v in found.values()]
        error = [v.error or 0.0 for v in found.values()]
        series.append(Series(one.title, list(found), wrong, error, f"series-{number}"))
    return points(
        "sizes",
        title,
        "Share of the clean test pictures that are put into a wrong class, against the number of training pictures; "
        "with fewer pictures there were more epochs, so that the steps are as many. Bars: the statistical error of the "
        "test pictures.",
        series,
        x="training pictures",
        y="wrong [%]",
        logarithmic=True,
        logarithmic_x=True,
    )


def _radii(made: Mapping[str, Comparison], contenders: Sequence[Contender], pictures: Mapping[str, Parts]) -> Chart:
    series = []
    for number, one in enumerate(contenders, start=1):
        test = pictures[one.toy].test
        low, high = (test.provenance.settings[name] for name in ("smallest", "largest"))
        edges = np.linspace(low, high, _BINS + 1)
        share, error = by_size(made[one.title].runs[0].predictions["test"], test, edges)
        middle = ((edges[1:] + edges[:-1]) / 2).round(1).tolist()
        series.append(Series(one.title, middle, share.tolist(), error.tolist(), f"series-{number}"))
    return points(
        "radii",
        "Small shapes are hard",
        "Share of the test pictures that are put into their class, by the radius of the circle around the shape; the "
        "first seed, with the statistical error.",
        series,
        x="radius [pixels]",
        y="accuracy [%]",
    )


def _mistaken(record: RunRecord, one: Contender, test: Events) -> Chart | Missing:
    """Test pictures that a training takes for others, the surest first; noisy ones beside the shape without noise."""
    title = f"Mistakes: {one.title}"
    predictions = record.predictions["test"]
    target, taken = predictions.labels, predictions.score.argmax(1)
    wrong = surest_mistakes(predictions.score, target)
    if not len(wrong) or predictions.index is None:
        return Missing(title, f"It is right about all of the {len(test):,} test pictures.")
    noisy = one.toy == "shapes-noisy"
    shown = wrong[: _SHOWN // 2 if noisy else _SHOWN]
    rows = np.searchsorted(test.index, predictions.index[shown])
    images = _pixels(test, rows)
    captions = [f"{test.classes[target[i]]} → {test.classes[taken[i]]}" for i in shown]
    if noisy:
        bare = draw(one.toy, len(test), seed=TEST_SEED, noise=0.0, **one.options)
        images = np.stack([images, _pixels(bare, rows)], axis=1).reshape(-1, *images.shape[1:])
        captions = [words for caption in captions for words in (caption, "without noise")]
    return gallery(
        f"mistaken-{one.slug}",
        title,
        f"True kind → what the first seed takes it for. {len(shown)} of its {len(wrong):,} mistakes in {len(test):,} "
        "test pictures, those first of which it is surest."
        + (" Beside each stands the same shape without noise, which no network has seen." if noisy else ""),
        images,
        captions=captions,
        columns=10 if noisy else 0,
    )


_LEAD = (
    "A dense network is told 1,024 numbers in no order. A convolutional one looks for the same small patterns, such as "
    "corners and edges, everywhere."
)
_NOTES = (
    "The pictures are made as in the lectures, but a shape is always wholly visible, and all three kinds have the same "
    "distribution of sizes: the radius of the circle around the shape is between 4.8 and 16 pixels. There, shapes may "
    "be cut off at the border, and squares and triangles may be smaller: both makes the published task harder. The "
    "lectures do not say whether the competition's clean shapes were filled; here they are. Their CNN was trained "
    "for up to 256 epochs.",
    "The competition had 10,000 pictures in all. Here these are for training and validation, and the test pictures are "
    "drawn afresh, so that one mistake is not already 0.1%. Every epoch mirrors half of the training pictures, as they "
    "are; none are drawn anew.",
    "Short of the full scale there are fewer noisy pictures than the published 60,000, and a few epochs instead of "
    "some hundreds. A network that is hardly better on its training pictures than on fresh ones has not learned even "
    "these: what it lacks is training, not pictures.",
)

VARIANTS = {
    "shapes": Study(
        name="shapes",
        question=QUESTION,
        source=SOURCE,
        scales={
            "smoke": Scale(
                90,
                settings={
                    "test": 60,
                    "noisy": (60, 30),
                    "epochs": {"dense": 2, "cnn": 1, "dense-noisy": 2, "cnn-noisy": 1},
                    "seeds": {"dense": 2, "cnn": 1, "dense-noisy": 1, "cnn-noisy": 1},
                    "fewer": {27: 3},
                },
            ),
            "quick": Scale(
                10_000,
                2,
                settings={
                    "test": 10_000,
                    "noisy": (20_000, 1_000),
                    "epochs": {"dense": 20, "cnn": 6, "dense-noisy": 8, "cnn-noisy": 6},
                    "seeds": {"dense": 3, "cnn": 2, "dense-noisy": 2, "cnn-noisy": 1},
                    "fewer": {1_000: 9, 3_000: 3},
                },
            ),
            "full": Scale(
                10_000,
                5,
                settings={
                    "test": 10_000,
                    "noisy": (60_000, 10_000),
                    "epochs": {"dense": 100, "cnn": 40, "dense-noisy": 20, "cnn-noisy": 60},
                    "seeds": {"dense": 5, "cnn": 5, "dense-noisy": 3, "cnn-noisy": 3},
                    "fewer": {300: 30, 1_000: 9, 3_000: 3},
                },
            ),
        },
        run=run,
        models=MODELS,
    )
}
