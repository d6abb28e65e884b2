"""A big and deep dense network, trained by plain gradient descent on images that are deformed afresh every epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import prod
from typing import ClassVar

import torch
from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.data.space import Choice, Space
from kaon.errors import ConfigError
from kaon.layers.normalise import Normalise
from kaon.models.base import Net

__all__ = ["BigDeepMLP", "ScaledTanh"]


class ScaledTanh(nn.Module):
    """a tanh(b x) with a = 1.7159 and b = 2/3, which maps ±1 onto ±1 and is nearly linear between them.

    LeCun, Bottou, Orr, Müller, "Efficient BackProp" (1998), https://doi.org/10.1007/3-540-49430-8_2.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Any shape; the same shape."""
        return 1.7159 * torch.tanh(2 / 3 * x)


class BigDeepMLP(Net):
    """Five hidden layers of 2500, 2000, 1500, 1000 and 500 units with a scaled tanh, on all pixels.

    Cireşan, Meier, Gambardella, Schmidhuber, https://arxiv.org/abs/1003.0358: 35 errors in the 10,000 test digits,
    without convolutions and without pre-training. 11,972,510 parameters for digits of 28 x 28 in ten classes; the
    paper's 12.11 million weights, biases not counted, are those of digits framed to 29 x 29. Initial weights are
    uniform in [-0.05, 0.05], as there. Unlike there, the pixels are shifted and scaled by one fitted number each; their
    mean square is 1 then, and 0.93 for the paper's, which run from -1 (background) to 1.

    Args:
        spec: `image` of shape (channels, height, width).
        outputs: number of classes.
        hidden: width of each hidden layer.
        initial: largest size of an initial weight.

    Raises:
        ConfigError: no hidden layers, one of no width, or no initial weights.
    """

    representations: ClassVar[tuple[str, ...]] = ("images", "images_w", "images_color", "images_resnext", "pictures")
    paper: ClassVar[str] = "https://arxiv.org/abs/1003.0358"
    search: ClassVar[Mapping[str, Space]] = {
        "hidden": Choice(((1000, 500), (1500, 1000, 500), (2000, 1500, 1000, 500), (2500, 2000, 1500, 1000, 500))),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        hidden: Sequence[int] = (2500, 2000, 1500, 1000, 500),
        initial: float = 0.05,
    ) -> None:
        super().__init__(spec, outputs)
        if min(hidden, default=0) < 1 or initial <= 0:
            raise ConfigError(
                f"hidden={tuple(hidden)}, initial={initial:g}: at least one layer is needed, each of width 1 or more, "
                "and a positive size of the initial weights"
            )
        item = spec["image"]
        self.normalise = Normalise(item.width, item.shift, item.scale)
        widths = (prod(int(size) for size in item.shape), *hidden)
        self.body = nn.Sequential(*(block for a, b in pairwise(widths) for block in (nn.Linear(a, b), ScaledTanh())))
        self.head = nn.Linear(widths[-1], outputs)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -initial, initial)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        logits: Tensor = self.head(self.body(self.normalise(inputs["image"]).flatten(1)))
        return logits


VARIANTS = {"big_deep_mlp": BigDeepMLP}
