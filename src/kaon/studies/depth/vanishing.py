"""The gradient, layer by layer, for four activations, before and after training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kaon.data import Events
from kaon.learn import Parts, RunConfig
from kaon.learn.config import TrainConfig
from kaon.learn.gradients import SIGMOID_SLOPE, factor, layer_gradients, sigmoid_bound
from kaon.learn.tagger import load
from kaon.learn.tensors import as_tensors
from kaon.models.base import Net
from kaon.report import Comparison
from kaon.report.charts.chart import Chart
from kaon.report.charts.points import Series, points
from kaon.report.frame import Section
from kaon.report.study import ResultRow
from kaon.report.table import Column
from kaon.studies.base import Context
from kaon.studies.depth.part import Part, percent, value

__all__ = ["ACTIVATIONS", "INITIAL", "TRAINED", "hidden_norms", "vanishing"]

ACTIVATIONS: Mapping[str, str] = {"sigmoid": "glorot", "tanh": "glorot", "relu": "he", "leaky_relu": "he"}
"""Activation -> the initial weights that belong to it."""

INITIAL = Column("initial", "gradient,<br>before", 0, "factor by which the gradient changes with every layer back", 3)
TRAINED = Column("trained", "gradient,<br>after", 0, "the same after training", 3)

_EVENTS = 1000
"""Pictures of the batch."""


def vanishing(context: Context, parts: Parts, words: str) -> Part:
    """Train a deep network for each activation, and follow the gradient back through its hidden layers."""
    settings = context.scale.settings
    shape = {"depth": settings["gradient_depth"], "width": settings["width"]}
    train = TrainConfig(epochs=settings["gradient_epochs"], batch_size=64, learning_rate=1e-3)
    made: dict[str, Comparison] = {}
    norms: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    batch = parts.train.take(slice(0, _EVENTS))
    for name, initialisation in ACTIVATIONS.items():
        options = shape | {"activation": name, "initialisation": initialisation}
        config = RunConfig(model="deep_mlp", representation="pictures", options=options, train=train)
        made[name] = context.compare(parts, [config], name=f"gradient-{name}", page=False)
        folders = [context.folder / f"gradient-{name}" / "runs" / run.name for run in made[name].runs]
        found = [
            hidden_norms(str(folder / "bundle.kaon"), run.seed, batch)
            for folder, run in zip(folders, made[name].runs, strict=True)
        ]
        norms[name] = np.stack([f[0] for f in found]), np.stack([f[1] for f in found])
    rows = [
        ResultRow(
            f"{name}, {shape['depth']} layers",
            {
                "initial": value([factor(n) for n in norms[name][0]], SIGMOID_SLOPE if name == "sigmoid" else None),
                "trained": value([factor(n) for n in norms[name][1]]),
                "accuracy": percent(made[name].runs),
            },
            f"initial weights of {ACTIVATIONS[name].capitalize()}"
            + ("; published: at most 1/4 a layer" if name == "sigmoid" else ""),
        )
        for name in ACTIVATIONS
    ]
    lost = value([factor(n) for n in norms["sigmoid"][0]]).obtained or float("nan")
    kept = value([factor(n) for n in norms["relu"][0]]).obtained or float("nan")
    back = shape["depth"] - 2
    return Part(
        rows,
        Section(
            "gradients",
            "What is left of the gradient?",
            _LEAD,
            [
                _chart("initial", "Before training", {n: v[0] for n, v in norms.items()}),
                _chart("trained", f"After {train.epochs} epochs", {n: v[1] for n, v in norms.items()}),
            ],
        ),
        [
            f"Before training, each layer of sigmoids leaves {lost:.3f} of the gradient, where its derivative allows "
            f"1/4 at most, and each layer of ReLUs {kept:.3f}: {back} layers leave {lost**back:.1g} and "
            f"{kept**back:.2g}."
        ],
        {
            "Networks for gradients": f"{shape['depth']} hidden layers of {shape['width']} units; {train.epochs} "
            f"epochs of AdamW, mini-batches of {train.batch_size}, learning rate at most "
            f"{train.learning_rate:g}; {words}",
        },
        made,
    )


def hidden_norms(bundle: str, seed: int, events: Events) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Norms of the gradient in the hidden layers of equal size, before and after training, (depth - 1,) each.

    Args:
        bundle: of a trained deep_mlp.
        seed: of its initial weights.
        events: a labelled batch.
    """
    tagger = load(bundle)
    trained: Any = tagger.model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # as a training does
        fresh: Net = type(trained)(tagger.representation.spec, trained.outputs, **tagger.options)
    inputs = as_tensors(tagger.representation.transform(events).inputs)
    target = torch.from_numpy(events.labels)
    # Neither the first layer, whose input is the picture, nor the head has the size of the others.
    before, after = (layer_gradients(net, inputs, target).norms[1:-1] for net in (fresh, trained))
    return before, after


def _chart(name: str, title: str, norms: Mapping[str, NDArray[np.float64]]) -> Chart:
    """Norms relative to the last hidden layer, geometric means over the seeds; what is zero leaves a gap."""
    depth = next(iter(norms.values())).shape[1] + 1
    layers = list(range(2, depth + 1))
    drawn = []
    for number, (activation, found) in enumerate(norms.items(), start=1):
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.exp(np.log(found / found[:, -1:]).mean(0))
        relative[~(relative > 0) | ~np.isfinite(relative)] = np.nan
        drawn.append(Series(activation, layers, relative.tolist(), (), f"series-{number}"))
    bound = Series("(1/4)ⁿ", layers, sigmoid_bound(depth - 1)[::-1].tolist(), (), "ink", "dash")
    return points(
        f"gradients-{name}",
        title,
        "Norm of the gradient of the loss in the weights of each hidden layer, divided by that of the last; geometric "
        "mean over the seeds. Dashed: n layers of sigmoids leave at most (1/4)ⁿ if weights have norm one.",
        [bound, *drawn],
        x="hidden layer",
        y="gradient, relative to the last layer",
        logarithmic=True,
    )


_LEAD = (
    "The derivative of a sigmoid is at most 1/4, and the gradient of an early layer holds one such factor for every "
    "layer behind it. That of ReLU is 0 or 1, and that of leaky ReLU 0.01 or 1."
)
