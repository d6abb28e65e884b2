"""Fully connected networks on a jet image that is unrolled into one row of pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.data.space import Choice, Real, Space
from kaon.errors import ConfigError
from kaon.layers.dense import dense
from kaon.layers.dropout import Dropout
from kaon.layers.normalise import Normalise
from kaon.models.base import Net

__all__ = ["JetImageDense", "Maxout"]


class Maxout(nn.Module):
    """Each unit is the largest of several linear functions: a learned convex activation.

    Goodfellow et al., https://arxiv.org/abs/1302.4389.

    Args:
        width: numbers in.
        units: numbers out.
        pieces: linear functions of each unit.
    """

    def __init__(self, width: int, units: int, pieces: int) -> None:
        super().__init__()
        self.units, self.pieces = units, pieces
        self.linear = nn.Linear(width, units * pieces)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width) -> (batch, units)."""
        # Pieces first: the largest of whole rows is quicker than that of five neighbours.
        pieces: Tensor = self.linear(x).unflatten(1, (self.pieces, self.units))
        return pieces.amax(1)


class JetImageDense(Net):
    """The unrolled image through maxout layers, then dense layers with ReLU.

    Almeida, Backovic, Cliche, Lee, Perelstein, https://arxiv.org/abs/1501.05968, fed unrolled images to an ordinary
    network; de Oliveira, Kagan, Mackey, Nachman, Schwartzman, https://arxiv.org/abs/1511.05190, to maxout layers of
    256 and 128 units of 5 pieces, then dense layers of 64 and 25: 975,693 parameters for 25 x 25 pixels and two
    classes. As there, initial weights are uniform, of He. Unlike there, the last layer has one logit a class, and the
    image is scaled by one fitted number. The variant `jet_ann_dense` has two dense layers of 100 units and no maxout;
    these widths are not taken from a paper.

    The network does not know which pixels are neighbours: any fixed permutation of them gives an equal network.

    Args:
        spec: `image` of shape (channels, eta, phi).
        outputs: number of classes.
        maxout: units of the maxout layers.
        pieces: linear functions of each maxout unit.
        hidden: widths of the dense layers after them.
        dropout: after each hidden layer.

    Raises:
        ConfigError: no hidden layer, or a layer without units.
    """

    representations: ClassVar[tuple[str, ...]] = ("images_w", "images_color", "images", "images_resnext", "pictures")
    paper: ClassVar[str] = "https://arxiv.org/abs/1511.05190"
    search: ClassVar[Mapping[str, Space]] = {
        "maxout": Choice(((), (128, 64), (256, 128))),
        "hidden": Choice(((64,), (64, 25), (100, 100))),
        "dropout": Real(0.0, 0.5),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        maxout: Sequence[int] = (256, 128),
        pieces: int = 5,
        hidden: Sequence[int] = (64, 25),
        dropout: float = 0.0,
    ) -> None:
        super().__init__(spec, outputs)
        widths = (*maxout, *hidden)
        if not widths or min(widths) < 1 or pieces < 1:
            raise ConfigError(
                f"maxout={tuple(maxout)} of {pieces} pieces, hidden={tuple(hidden)}: at least one hidden layer is "
                "needed, and at least one unit and one piece in each"
            )
        item = spec["image"]
        self.normalise = Normalise(item.width, item.shift, item.scale)
        width = math.prod(int(size) for size in item.shape)
        layers: list[nn.Module] = []
        for units in maxout:
            layers += [Maxout(width, units, pieces), Dropout(dropout)]
            width = units
        self.body = nn.Sequential(*layers, dense(width, hidden, dropout))
        self.head = nn.Linear(widths[-1], outputs)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        logits: Tensor = self.head(self.body(self.normalise(inputs["image"]).flatten(1)))
        return logits


VARIANTS = {
    "jet_ann": JetImageDense,
    "jet_ann_dense": partial(JetImageDense, maxout=(), hidden=(100, 100)),
}
