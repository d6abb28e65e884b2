"""The shallow and the deep network of the HIGGS and SUSY benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.data.space import Choice, Real, Space
from kaon.errors import ConfigError
from kaon.layers.dense import two_logits
from kaon.layers.dropout import Dropout
from kaon.layers.normalise import Normalise
from kaon.models.base import Net

__all__ = ["DeepNetwork"]


class InPlaceTanh(nn.Module):
    """tanh that overwrites its input, as `nn.ReLU(inplace=True)` does: half the memory to go through in training."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape; the same shape."""
        return torch.tanh_(x)


_ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {"tanh": InPlaceTanh, "relu": partial(nn.ReLU, inplace=True)}
_FIRST, _INNER, _LAST = 0.1, 0.05, 0.001
"""Standard deviations of the paper's initial weights: first, other hidden, and output layer."""


class DeepNetwork(Net):
    """Equal hidden layers on standardised features: `nn` has one of 300 units, `dn` five.

    x_{l+1} = tanh(W_l x_l + b_l), and one sigmoid unit for two classes. Initial weights are normal with zero mean and
    standard deviations 0.1 (first layer), 0.05 (hidden) and 0.001 (output). Baldi, Sadowski, Whiteson,
    https://arxiv.org/abs/1402.4735.

    What differs: all features are standardised, also those that are positive, which the paper scales to a mean of 1;
    and how it is trained is the caller's choice. The paper took SGD with mini-batches of 100, learning rate 0.05
    falling by 1.0000002 a step, momentum rising from 0.9 to 0.99 in 200 epochs, weight decay 1e-5. Adam gets to the
    same place in a fraction of the epochs. `dn_dropout` is the paper's variant for SUSY: half of the units of the last
    hidden layer are left out in training.

    Args:
        spec: one input `features` of shape (features,).
        outputs: number of classes; for two, one sigmoid unit x, with logits (0, x).
        hidden: width of each hidden layer.
        activation: tanh (the paper's) or relu, which then has initial weights of He et al.,
            https://arxiv.org/abs/1502.01852, because the paper's belong to tanh.
        dropout: probability that a unit of the last hidden layer is left out in training.

    Raises:
        ConfigError: the input is of another shape, no layers, an unknown activation, or no probability.
    """

    representations: ClassVar[tuple[str, ...]] = ("tabular", "jet_features", "four_vectors")
    paper: ClassVar[str] = "https://arxiv.org/abs/1402.4735"
    search: ClassVar[Mapping[str, Space]] = {
        "hidden": Choice(((300,), (100,) * 3, (300,) * 3, (300,) * 5, (500,) * 5)),
        "activation": Choice(("tanh", "relu")),
        "dropout": Real(0.0, 0.5),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        hidden: Sequence[int] = (300,) * 5,
        activation: str = "tanh",
        dropout: float = 0.0,
    ) -> None:
        super().__init__(spec, outputs)
        item = spec["features"]
        if len(item.shape) != 1 or not hidden or min(hidden) < 1 or activation not in _ACTIVATIONS:
            raise ConfigError(
                f"features of shape {item.shape}, hidden={tuple(hidden)}, activation={activation!r}; needed: features "
                f"of shape (features,), at least one hidden layer, and one of {', '.join(_ACTIVATIONS)}"
            )
        self.normalise = Normalise(item.width, item.shift, item.scale)
        widths = (item.width, *hidden)
        layers: list[nn.Module] = []
        for number, (before, width) in enumerate(zip(widths[:-1], hidden, strict=True)):
            linear = nn.Linear(before, width)
            if activation == "tanh":
                nn.init.normal_(linear.weight, std=_INNER if number else _FIRST)
            else:
                nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
            nn.init.zeros_(linear.bias)
            layers += [linear, _ACTIVATIONS[activation]()]
        self.body = nn.Sequential(*layers, Dropout(dropout))
        self.head = nn.Linear(hidden[-1], 1 if outputs == 2 else outputs)
        nn.init.normal_(self.head.weight, std=_LAST)
        nn.init.zeros_(self.head.bias)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        logits: Tensor = self.head(self.body(self.normalise(inputs["features"])))
        return two_logits(logits) if self.outputs == 2 else logits


VARIANTS = {
    "nn": partial(DeepNetwork, hidden=(300,)),
    "dn": DeepNetwork,
    "dn_dropout": partial(DeepNetwork, dropout=0.5),
}
