"""A chain of equal fully connected layers, to see what depth does to an activation and its gradients."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, TypeAlias

from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.data.space import Choice, Integer, Space
from kaon.errors import ConfigError
from kaon.layers.normalise import Normalise
from kaon.models.base import Net

__all__ = ["DeepMLP"]

Activation: TypeAlias = Literal["sigmoid", "tanh", "relu", "leaky_relu"]
Initialisation: TypeAlias = Literal["glorot", "he", "small"]

ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
}
INITIALISATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "glorot": nn.init.xavier_uniform_,
    "he": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    "small": lambda weight: nn.init.uniform_(weight, -1 / math.sqrt(weight.shape[1]), 1 / math.sqrt(weight.shape[1])),
}


class DeepMLP(Net):
    """`depth` hidden layers of `width` units each, then the logits: h_n = f(W_n h_{n-1} + b_n), h_0 the input.

    The network of Glorot, Bengio, AISTATS 2010, https://proceedings.mlr.press/v9/glorot10a.html, where depth,
    activation and initial weights decide whether it trains. Unlike there, ReLU and leaky ReLU (slope 0.01) are among
    the activations, and the input is standardised. Biases begin at zero.

    Its hidden layers are `stages`, which `kaon.learn.pretraining` can train one by one.

    Args:
        spec: one input, `features` of shape (features,) or `image` of shape (channels, height, width), unrolled.
        outputs: number of classes.
        depth: hidden layers.
        width: units of each.
        activation: sigmoid, tanh, relu or leaky_relu.
        initialisation: glorot (uniform, variance 2/(in + out)), he (normal, variance 2/in,
            https://arxiv.org/abs/1502.01852), or small (uniform, variance 1/(3 in), the habit before them).

    Raises:
        ConfigError: an activation or initialisation of another name, a depth or width below 1, or another input.
    """

    representations: ClassVar[tuple[str, ...]] = (
        "images",
        "images_w",
        "images_color",
        "images_resnext",
        "pictures",
        "jet_features",
        "tabular",
        "four_vectors",
    )
    paper: ClassVar[str] = "https://proceedings.mlr.press/v9/glorot10a.html"
    search: ClassVar[Mapping[str, Space]] = {
        "depth": Integer(1, 10),
        "width": Integer(64, 512, log=True),
        "activation": Choice(("tanh", "relu", "leaky_relu")),
        "initialisation": Choice(("glorot", "he")),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        depth: int = 5,
        width: int = 200,
        activation: Activation = "relu",
        initialisation: Initialisation = "he",
    ) -> None:
        super().__init__(spec, outputs)
        for name, value, allowed in (
            ("activation", activation, ACTIVATIONS),
            ("initialisation", initialisation, INITIALISATIONS),
        ):
            if value not in allowed:
                raise ConfigError(f"{name}={value!r}; allowed: {', '.join(allowed)}")
        if depth < 1 or width < 1:
            raise ConfigError(f"depth={depth}, width={width}: both are whole numbers from 1 upwards")
        if spec.names not in (["features"], ["image"]):
            raise ConfigError(
                f"deep_mlp reads one input, `features` or `image`, not {spec.names}; use jet_features, tabular, images "
                "or pictures"
            )
        (item,) = spec
        size = math.prod(int(axis) for axis in item.shape)
        self.input = item.name
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Linear(width if i else size, width), ACTIVATIONS[activation]()) for i in range(depth)
        )
        self.head = nn.Linear(width, outputs)
        for name, parameter in self.named_parameters():
            if name.endswith("weight"):
                INITIALISATIONS[initialisation](parameter)
            else:
                nn.init.zeros_(parameter)

    def entrance(self, inputs: dict[str, Tensor]) -> Tensor:
        """What the first hidden layer reads, (batch, size)."""
        values: Tensor = self.normalise(inputs[self.input])
        return values.flatten(1)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        x = self.entrance(inputs)
        for stage in self.stages:
            x = stage(x)
        logits: Tensor = self.head(x)
        return logits


VARIANTS = {"deep_mlp": DeepMLP}
