"""What do the filters of a network look for, and what does it look at?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kaon.datasets import cifar10, mnist
from kaon.datasets.locate import locate
from kaon.errors import ConfigError
from kaon.evaluate import accuracy
from kaon.extras import require
from kaon.interpret import first_filters
from kaon.interpret.overview import Overview, overview
from kaon.interpret.picture_net import image_net, tensors
from kaon.learn import Parts, RunConfig
from kaon.learn.config import TrainConfig
from kaon.learn.tagger import load
from kaon.report import Comparison
from kaon.report.charts.chart import Chart
from kaon.report.charts.gallery import gallery
from kaon.report.frame import Section
from kaon.report.interpretation import interpretation_charts
from kaon.report.origins import origins
from kaon.report.study import Result, ResultRow, Value
from kaon.report.table import Column
from kaon.simulate.toys.shapes import shapes
from kaon.studies.base import Context, Scale, Study, machine
from kaon.studies.filters.faith import WAYS, left
from kaon.studies.filters.kernels import DATA, KERNELS, LECTURE, ROW_KERNEL, answers, correlated, oriented, scene

__all__ = ["NETWORKS", "VARIANTS", "Network"]

QUESTION = "What do the filters of a network look for, and what does it look at?"
SOURCE = (
    "Zeiler, Fergus, arXiv:1311.2901; Wolter, Deep Neural Networks (2019); the example in one dimension: CTEQ lectures "
    "on jets and representations (2019)"
)
SHARE = 0.05
"""Of the pixels of an image that are covered."""


@dataclass(frozen=True)
class Network:
    """One trained network.

    Args:
        name: for its folder, its charts and the settings.
        title: for a reader.
        model: registered name.
        options: of the model.
        train: settings of the training.
        layers: convolutions whose patches are shown.
    """

    name: str
    title: str
    model: str
    options: dict[str, Any]
    train: dict[str, Any]
    layers: tuple[int, ...]


NETWORKS = (
    Network("shapes", "shapes", "shape_cnn", {}, {"batch_size": 64, "learning_rate": 1e-3}, (0, 2)),
    Network("digits", "digits", "conv_classifier", {}, {"batch_size": 128, "learning_rate": 1e-3}, (0, 1)),
    Network(
        "photographs",
        "photographs",
        "jet_cnn",
        {"filters": [32, 64, 64], "kernels": [7, 3, 3], "pools": [2, 2, 2], "response": False},
        {"batch_size": 128, "learning_rate": 2e-3, "weight_decay": 0.1, "deform": {"flip": 0.5, "crop": 3}},
        (0, 1),
    ),
)

_PLACES = tuple(Column(f"y{i}", f"y<sub>{i}</sub>", 0, f"number {i} of the answer", 0) for i in range(1, 6))
_ACCURACY = Column("accuracy", "Right", 0, "share of test events whose class is found", 2, "%")
_EDGES = Column("edges", "Edges", 0, "share of the first filters' variance that is a straight slope", 0, "%")
_CHANCE = Column("chance", "of random", 0, "the same share in filters of random numbers", 0, "%")
_LEFT = tuple(
    Column(way, title, 0, f"mean probability left of the predicted class when {100 * SHARE:.0f} % of the pixels are "
           f"covered: {about}", 3)
    for way, title, about in (
        ("nothing", "Nothing<br>covered", "none"),
        ("random", "Random<br>pixels", "random ones that are not black"),
        ("occlusion", "By<br>occlusion", "the first of the occlusion map"),
        ("gradient", "By<br>gradient", "the first of the gradient's size"),
        ("integrated", "By integrated<br>gradients", "the first of the integrated gradients"),
    )
)  # fmt: skip


def run(context: Context) -> Result:
    """Train a network on shapes, one on digits and one on photographs, and look into each.

    Raises:
        DataError: MNIST or CIFAR-10 is not on this machine.
        MissingExtra: the extra `interpret` is not installed.
        ConfigError: `--data` names more than the folder that holds both sets.
    """
    require("captum")
    if len(context.data) > 1:
        raise ConfigError(f"--data names {len(context.data)} paths; one folder that holds mnist and cifar10 is wanted")
    settings = context.scale.settings
    wanted = context.chosen(MODELS)
    used = [network for network in NETWORKS if network.name in settings and network.model in wanted]
    rows, sections, facts, notes, made = _exact(), [_fixed()], {}, list(_NOTES), []
    for network in used:
        own = settings[network.name]
        parts = _parts(context, network.name, own["events"], own["test"])
        train = TrainConfig(epochs=own["epochs"], precision="bfloat16", **network.train)
        config = RunConfig(model=network.model, options=network.options, train=train)
        compared = context.compare(parts, [config], name=network.name, page=False)
        context.reporter.stage(f"looking into the network of {network.title}")
        row, found = _looked(context, network, compared, parts, settings["covered"])
        rows.append(row)
        made.append(compared)
        charts = interpretation_charts(found, f"{network.name}-")
        every = [chart for part in charts.values() for chart in part]
        sections.append(
            Section(network.name, f"What does a network of {network.title} see?", _LEADS[network.name], every)
        )
        facts[network.title.capitalize()] = (
            f"{len(parts.train):,} to train, {len(parts.validation):,} to follow the training, {len(parts.test):,} to "
            f"test; {network.model}, {own['epochs']} epochs"
        )
        notes += [_JPEG] * (network.name == "photographs")
    return Result(
        context.study,
        context.scale_name,
        QUESTION,
        SOURCE,
        (*_PLACES, _ACCURACY, _EDGES, _CHANCE, *_LEFT),
        rows,
        summary=_summary(rows),
        notes=notes,
        facts={
            **facts,
            "Precision": "bfloat16 in convolutions and matrix products while training, weights in float32",
            "Seeds": str(context.trainings),
            "Machine": machine(),
        },
        sections=sections,
        origins=[origin for compared in made[:1] for origin in origins(compared)],
    )


def _exact() -> list[ResultRow]:
    """The example in one dimension, both ways."""
    ways = (
        ("(1, 0, −1) as layers apply it", correlated(DATA, ROW_KERNEL), LECTURE, "cross-correlation"),
        ("(1, 0, −1) turned round", np.convolve(DATA, ROW_KERNEL, "valid"), (None,) * 5, "convolution in mathematics"),
    )
    return [
        ResultRow(
            name,
            {c.key: Value(float(y), published=p) for c, y, p in zip(_PLACES, answer, published, strict=True)},
            note,
        )
        for name, answer, published, note in ways
    ]


def _fixed() -> Section:
    """Kernels that nobody learned, on a scene, a shape and, with them, what they look like."""
    names = list(KERNELS)
    picture = scene()  # 96 pixels on a side, three for each of the triangle's
    drawn = shapes(3, seed=4)
    shape = np.asarray(drawn["image"])[drawn.labels == drawn.classes.index("triangle")][0, 0] / 255
    charts: list[Chart] = [
        gallery(
            "kernels",
            "The kernels",
            "Red counts light for the kernel, blue against it.",
            np.array(list(KERNELS.values()), np.float64),
            captions=names,
            columns=4,
            diverging=True,
            each=True,
            size="half",
        ),
        gallery(
            "originals",
            "The pictures",
            "A scene drawn by formulae, and a triangle of the shapes.",
            # As three equal colours, so that light stays light in both themes of the page.
            np.stack([picture, np.kron(shape, np.ones((3, 3)))])[:, np.newaxis].repeat(3, axis=1),
            captions=["scene", "triangle"],
            columns=2,
            size="half",
        ),
        gallery(
            "scene",
            "What they answer on the scene",
            "Lines and edges of its own direction wake a kernel; even areas, however bright, do not. The kernel of "
            "edges wakes wherever the light changes.",
            answers(picture),
            captions=names,
            columns=4,
            diverging=True,
            each=True,
        ),
        gallery(
            "triangle",
            "What they answer on a triangle",
            "",
            answers(shape),
            captions=names,
            columns=4,
            diverging=True,
            each=True,
        ),
    ]
    return Section("kernels", "What does a filter do?", _KERNELS, charts)


def _parts(context: Context, name: str, events: int, test: int) -> Parts:
    """Training, validation and test pictures."""
    if name == "shapes":
        whole, held = shapes(events, seed=1), shapes(test, seed=2)
    else:
        source, key = (mnist, "mnist") if name == "digits" else (cifar10, "cifar10")
        folder = f"{context.data[0]}/{key}" if context.data else None
        first, second = source.split(source.load(locate(key, folder)))
        # The classes of a folder may follow one another, so the samples are drawn.
        draw = np.random.default_rng(0)
        whole, held = (e.take(draw.permutation(len(e))[:n]) for e, n in ((first, events), (second, test)))
    fit, follow = whole.split((0.9, 0.1), 0)
    return Parts(fit, follow, held)


def _looked(
    context: Context, network: Network, compared: Comparison, parts: Parts, covered: int
) -> tuple[ResultRow, Overview]:
    """A line of the table over all seeds, and everything about the first."""
    taggers = [load(context.folder / network.name / "runs" / r.name / "bundle.kaon") for r in compared.runs]
    nets = [image_net(tagger.model) for tagger in taggers]
    some = parts.test.take(slice(0, covered))
    kept = [
        left(net, tensors(tagger.representation.transform(some), net), share=SHARE)
        for net, tagger in zip(nets, taggers, strict=True)
    ]
    right = [100 * float(accuracy(p)) for r in compared.runs if (p := r.labelled()) is not None]
    filters = [first_filters(net).weights for net in nets]
    values = {
        "accuracy": _value(right),
        "edges": _value([100 * oriented(weights) for weights in filters]),
        "chance": Value(100 * 2 / (filters[0][0, 0].size - 1)),
        **{way: _value([found[way] for found in kept]) for way in WAYS},
    }
    seeds = f"{len(nets)} seed{'s' * (len(nets) > 1)}"
    found = overview(taggers[0], parts.test, layers=network.layers, right=1, wrong=6)
    return ResultRow(f"{network.title}: {network.model}", values, seeds), found


def _value(numbers: Sequence[float]) -> Value:
    spread = float(np.std(numbers, ddof=1)) if len(numbers) > 1 else None
    return Value(float(np.mean(numbers)), spread, len(numbers)) if numbers else Value(seeds=0)


def _summary(rows: Sequence[ResultRow]) -> list[str]:
    said = ["(1, 0, −1) on (1, 2, 4, 3, 2, 5, 1) gives (−3, −1, 2, −2, 1), exactly."]
    trained = [row for row in rows if "edges" in row.values]
    if trained:
        edges = ", ".join(
            f"{row.values['edges'].obtained:.0f} % ({row.name.split(':')[0]}, {row.values['chance'].obtained:.0f} % by "
            "chance)"
            for row in trained
        )
        said.append(
            f"Of the variance of the learned first filters a straight slope, that is an edge, makes up {edges}."
        )
    for row in trained:
        v = {way: row.values[way].obtained or 0.0 for way in WAYS}
        best = min(WAYS[2:], key=v.__getitem__)
        said.append(
            f"Covering {100 * SHARE:.0f} % of the pixels of {row.name.split(':')[0]} leaves a probability of "
            f"{v['random']:.2f} if they are random, and {v[best]:.2f} if {_TOLD[best]} chooses them."
        )
    return said


MODELS = tuple(network.model for network in NETWORKS)
_TOLD = {"occlusion": "the occlusion map", "gradient": "the gradient", "integrated": "the integrated gradient"}
_KERNELS = (
    "A kernel is laid on every place of the picture, multiplied with what is under it, and summed. Networks learn "
    "their kernels; these are given."
)
_LEADS = {
    "shapes": "Circles, squares and triangles: what tells them apart are corners and straight sides.",
    "digits": "Handwritten digits: strokes, their ends and their crossings.",
    "photographs": "Photographs in colour: oriented edges and blobs, as in every network of photographs.",
}
_NOTES = (
    "What networks call a convolution does not turn the kernel round; in mathematics it is a cross-correlation. For "
    "learned kernels that makes no difference. The lecture's numbers are those of the cross-correlation.",
    "Oriented edges are what Hubel and Wiesel found cells of the visual cortex to answer to (J. Physiol. 160 (1962) "
    "106), and what SIFT collects in histograms of gradients. How much of them is in a filter depends on its size: of "
    "nine random numbers a quarter is a slope.",
    "Pixels are covered with black, which may itself look like something: a map that names the right pixels leaves "
    "little of the class, but an image without them is none that the network was trained on.",
)
_JPEG = "Where CIFAR-10 is read from folders of JPEG files, its pixels differ a little from the published ones."

VARIANTS = {
    "filters": Study(
        name="filters",
        question=QUESTION,
        source=SOURCE,
        scales={
            "smoke": Scale(
                90,
                1,
                settings={
                    "shapes": {"events": 90, "test": 30, "epochs": 1},
                    "digits": {"events": 100, "test": 40, "epochs": 1},
                    "covered": 4,
                },
            ),
            "quick": Scale(
                6_000,
                2,
                settings={
                    "shapes": {"events": 6_000, "test": 1_500, "epochs": 4},
                    "digits": {"events": 12_000, "test": 2_000, "epochs": 4},
                    "photographs": {"events": 16_000, "test": 1_000, "epochs": 6},
                    "covered": 60,
                },
            ),
            "full": Scale(
                60_000,
                3,
                settings={
                    "shapes": {"events": 60_000, "test": 10_000, "epochs": 10},
                    "digits": {"events": 60_000, "test": 10_000, "epochs": 12},
                    "photographs": {"events": 50_000, "test": 10_000, "epochs": 40},
                    "covered": 500,
                },
            ),
        },
        run=run,
        models=MODELS,
        takes_data="the folder in which mnist and cifar10 lie",
    )
}
