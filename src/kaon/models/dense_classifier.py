"""A dense network on the pixels of an image: the simple one to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import prod
from typing import ClassVar

from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.data.space import Choice, Real, Space
from kaon.errors import ConfigError
from kaon.layers.dropout import Dropout
from kaon.layers.initialise import glorot
from kaon.layers.normalise import Normalise
from kaon.models.base import Net

__all__ = ["DenseClassifier"]


class DenseClassifier(Net):
    """Fully connected layers with ReLU and dropout on all pixels, which it sees in no order.

    logits = W_3 D(ReLU(W_2 D(ReLU(W_1 x + b_1)) + b_2)) + b_3, where D is dropout and x are the pixels.

    Keras' example `mnist_mlp`, https://keras.io/examples, as shown by Wolter, "Deep Neural Networks" (2019),
    https://github.com/marcinwolter/DNN_examples. 669,706 parameters for digits of 28 x 28 in ten classes (98.3% of the
    test digits right after 20 epochs of RMSprop) and 788,995 for shapes of 32 x 32 in three. Initial weights are
    uniform, of Glorot, as in Keras. Unlike there, the pixels are shifted and scaled by one fitted number each.

    Args:
        spec: `image` of shape (channels, height, width).
        outputs: number of classes.
        hidden: width of each hidden layer.
        dropout: probability that a hidden unit is left out in training.

    Raises:
        ConfigError: no hidden layers, or one of no width.
    """

    representations: ClassVar[tuple[str, ...]] = ("images", "images_w", "images_color", "images_resnext", "pictures")
    paper: ClassVar[str] = "https://github.com/marcinwolter/DNN_examples"
    search: ClassVar[Mapping[str, Space]] = {
        "hidden": Choice(((128,), (512,), (256, 256), (512, 512), (512, 512, 512), (1024, 1024))),
        "dropout": Real(0.0, 0.5),
    }

    def __init__(
        self, spec: InputSpec, outputs: int, *, hidden: Sequence[int] = (512, 512), dropout: float = 0.2
    ) -> None:
        super().__init__(spec, outputs)
        if min(hidden, default=0) < 1:
            raise ConfigError(f"hidden={tuple(hidden)}: at least one layer is needed, and each of width 1 or more")
        item = spec["image"]
        self.normalise = Normalise(item.width, item.shift, item.scale)
        widths = (prod(int(size) for size in item.shape), *hidden)
        self.body = nn.Sequential(
            *(block for a, b in pairwise(widths) for block in (nn.Linear(a, b), nn.ReLU(), Dropout(dropout)))
        )
        self.head = nn.Linear(widths[-1], outputs)
        glorot(self)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        logits: Tensor = self.head(self.body(self.normalise(inputs["image"]).flatten(1)))
        return logits


VARIANTS = {"dense_classifier": DenseClassifier}
