"""A multilayer perceptron on flat features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.data.space import Choice, Real, Space
from kaon.layers.dense import dense
from kaon.layers.normalise import Normalise
from kaon.models.base import Net

__all__ = ["MLP"]


class MLP(Net):
    """Fully connected layers with ReLU on standardised features.

    logits = W_n ReLU(... ReLU(W_1 x + b_1) ...) + b_n.

    Rumelhart, Hinton, Williams, Nature 323 (1986) 533, https://doi.org/10.1038/323533a0.

    Args:
        spec: one input `features` of shape (features,).
        outputs: number of classes.
        hidden: width of each hidden layer.
        dropout: probability that a hidden unit is left out in training.
    """

    representations: ClassVar[tuple[str, ...]] = ("jet_features", "tabular", "four_vectors")
    paper: ClassVar[str] = "https://doi.org/10.1038/323533a0"
    search: ClassVar[Mapping[str, Space]] = {
        "hidden": Choice(((64, 64), (128, 128), (128, 128, 128), (256, 256, 256), (512, 512, 512))),
        "dropout": Real(0.0, 0.5),
    }

    def __init__(
        self, spec: InputSpec, outputs: int, *, hidden: Sequence[int] = (128, 128, 128), dropout: float = 0.0
    ) -> None:
        super().__init__(spec, outputs)
        item = spec["features"]
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.body = dense(item.width, hidden, dropout)
        self.head = nn.Linear(hidden[-1] if hidden else item.width, outputs)

    @property
    def stages(self) -> list[nn.Module]:
        """The hidden layers, which `kaon.learn.pretraining` can train one by one."""
        layers = [i for i, layer in enumerate(self.body) if isinstance(layer, nn.Linear)]
        return [self.body[a:b] for a, b in pairwise([*layers, len(self.body)])]

    def entrance(self, inputs: dict[str, Tensor]) -> Tensor:
        """What the first hidden layer reads, (batch, features)."""
        values: Tensor = self.normalise(inputs["features"])
        return values

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        logits: Tensor = self.head(self.body(self.entrance(inputs)))
        return logits


VARIANTS = {"mlp": MLP}
