"""Accuracy against depth: stacks of convolutions with equal numbers of parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kaon.learn import RunConfig
from kaon.learn.config import TrainConfig
from kaon.models.conv_stack import halvings
from kaon.report import Comparison
from kaon.report.charts.points import points
from kaon.report.frame import Section
from kaon.report.study import ResultRow, Value
from kaon.studies.base import Context
from kaon.studies.depth.part import Part, percent, series
from kaon.studies.depth.samples import outlines

__all__ = ["sight", "stacks"]


def sight(halved: Sequence[int]) -> int:
    """Pixels on a side of the square that one number behind a stack of 3x3 convolutions and poolings has seen.

    Args:
        halved: how often the image is halved after each convolution, as `kaon.models.conv_stack.halvings` says.

    >>> sight([0]), sight([0, 0]), sight([1, 0]), sight([3])
    (3, 5, 8, 10)
    """
    seen, step = 1, 1
    for times in halved:
        seen += 2 * step
        for _ in range(times):
            seen, step = seen + step, 2 * step
    return seen


def stacks(context: Context) -> Part:
    """Train stacks of several depths on noisy outlines, all with nearly the same number of parameters."""
    parts, words = outlines(context)
    settings = context.scale.settings
    depths, parameters = settings["depths"], settings["parameters"]
    train = TrainConfig(epochs=settings["stack_epochs"], batch_size=64, learning_rate=2e-3, precision="bfloat16")
    made: dict[int, Comparison] = {}
    for depth in depths:
        options = {"depth": depth, "parameters": parameters}
        config = RunConfig(model="conv_stack", representation="pictures", options=options, train=train)
        made[depth] = context.compare(parts, [config], name=f"stack-{depth}", page=False)
    test = [percent(made[d].runs) for d in depths]
    known = [percent(made[d].runs, "train") for d in depths]
    rows = [
        ResultRow(
            f"{depth} convolution{'s' * (depth > 1)}",
            {"accuracy": accuracy, "parameters": Value(float(made[depth].runs[0].metrics["parameters"]))},
            f"a last number sees {min(sight(halvings(depth, 3)), 32)} x {min(sight(halvings(depth, 3)), 32)} pixels",
        )
        for depth, accuracy in zip(depths, test, strict=True)
    ]
    chart = points(
        "depth",
        "Accuracy against depth",
        f"All stacks have about {parameters:,} parameters: the deeper, the narrower. Bars: spread over the seeds.",
        [series("training pictures", depths, known, "faint"), series("test pictures", depths, test, "series-1")],
        x="convolutions",
        y="accuracy [%]",
    )
    return Part(
        rows,
        Section("stacks", "Is deeper better, parameters being equal?", _LEAD, [chart]),
        [_sentence(depths, test, parameters)],
        {
            "Outlines": f"{words}; {len(parts.train):,} to train, {len(parts.validation):,} to choose the best epoch, "
            f"{len(parts.test):,} to test",
            "Training of stacks": f"{train.epochs} epochs of AdamW, mini-batches of {train.batch_size}, learning rate "
            f"at most {train.learning_rate:g}, bfloat16",
        },
        {f"{depth} convolutions": comparison for depth, comparison in made.items()},
    )


def _sentence(depths: Sequence[int], test: Sequence[Value], parameters: int) -> str:
    """The best depth against the shallowest, in units of the spread."""
    mean = np.array([v.obtained for v in test], np.float64)
    best = int(mean.argmax())
    gain = mean[best] - mean[0]
    error = math.hypot(*(x for v in (test[best], test[0]) for x in (v.error or 0.0, v.spread or 0.0)))
    said = (
        f"At about {parameters:,} parameters {depths[0]} convolutions tell {mean[0]:.1f}% of the noisy outlines, and "
        f"{depths[best]}, the best of {', '.join(map(str, depths))}, {mean[best]:.1f}%"
    )
    if best == 0:
        return f"{said}: here depth does not pay."
    told = f"{gain:.1f} points more, {gain / error:.1f} times their uncertainty" if error else f"{gain:.1f} points more"
    more = "; the deepest is not the best" if best < len(depths) - 1 else ""
    return f"{said}: {told}{more}."


_LEAD = (
    "Published: accuracy rises with depth, and adding parameters without depth is not nearly as effective (Goodfellow "
    "et al., arXiv:1312.6082, who found the deepest of their networks, of eleven hidden layers, the best)."
)
