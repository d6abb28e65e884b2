"""RealMLP, the modern network for tables: numerical embeddings and what else makes a multilayer perceptron good."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import InputSpec
from kaon.data.space import Choice, Integer, Real, Space
from kaon.errors import ConfigError
from kaon.layers.dropout import Dropout
from kaon.layers.normalise import Normalise
from kaon.models.base import Net

__all__ = ["RealMLP"]

_PACE = 40.0
"""The paper's learning rate, 0.04, over that of everyone else's networks here, 0.001."""


class Paced(nn.Module):
    """A parameter that Adam moves `pace` times as fast as others: p = pace q, of which q is trained.

    Adam's steps do not depend on the size of a gradient, so this is a learning rate of its own without an optimiser
    that knows of it.

    Args:
        start: initial value of p.
        pace: its learning rate over that of the training.
    """

    def __init__(self, start: Tensor, pace: float) -> None:
        super().__init__()
        self.pace = pace
        self.value = nn.Parameter(start / pace)

    def forward(self) -> Tensor:
        """p, in the shape of `start`."""
        return self.pace * self.value


class PeriodicEmbedding(nn.Module):
    """Each feature x becomes (x, W2 cos(2 pi w1 x + b1) + b2), with weights of its own.

    "PBLD" of RealMLP, after the periodic embeddings of Gorishniy, Rubachev, Babenko, https://arxiv.org/abs/2203.05556.

    Args:
        features: how many.
        frequencies: cosines of each.
        width: numbers that each becomes, itself included.
        sigma: standard deviation of the initial frequencies w1.
    """

    def __init__(self, features: int, frequencies: int, width: int, sigma: float) -> None:
        super().__init__()
        bound, pace = frequencies**-0.5, 0.1 * _PACE
        self.frequency = Paced(sigma * torch.randn(features, frequencies), pace)
        self.phase = Paced(math.pi * (2 * torch.rand(features, frequencies) - 1), pace)
        self.weight = Paced(bound * (2 * torch.rand(features, frequencies, width - 1) - 1), pace)
        self.bias = Paced(bound * (2 * torch.rand(features, width - 1) - 1), pace)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, features) -> (batch, features * width)."""
        waves = torch.cos(2 * math.pi * self.frequency() * x[..., None] + self.phase())
        made = torch.bmm(waves.transpose(0, 1), self.weight()).transpose(0, 1) + self.bias()
        return torch.cat([x[..., None].to(made.dtype), made], -1).flatten(1)


class TangentLinear(nn.Module):
    """x W / sqrt(n) + b with W ~ N(0, 1), the neural-tangent parametrisation: equal steps for layers of any width n.

    Args:
        before: n.
        width: of the output.
    """

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.factor = before**-0.5
        self.weight = Paced(torch.randn(width, before), _PACE)
        self.bias = Paced(torch.randn(width), 0.1 * _PACE)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, before) -> (batch, width)."""
        return F.linear(x, self.weight.value * (_PACE * self.factor), self.bias())


class ParametricSelu(nn.Module):
    """x + a (SELU(x) - x) with a learned a for each unit, which starts at 1.

    Args:
        width: number of units.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.share = Paced(torch.ones(width), 0.1 * _PACE)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width) -> (batch, width)."""
        return torch.lerp(x, F.selu(x), self.share().to(x.dtype))


class RealMLP(Net):
    """A multilayer perceptron with the improvements that were found, on 118 tables, to matter together.

    Standardised features are softly clipped, x / sqrt(1 + (x / 3)^2), scaled by learned factors, embedded by cosines,
    and given to layers in neural-tangent parametrisation with parametric SELU and dropout. Each kind of parameter
    learns at its own pace: factors 6, biases, embeddings and activations 0.1 times that of the weights. Holzmueller,
    Grinsztajn, Steinwart, "Better by default", https://arxiv.org/abs/2407.04491 (RealMLP-TD for classification).

    Why this one: of the networks published since 2019 for tables (FT-Transformer 2106.11959, MLP-PLR 2203.05556, TabR
    2307.14338, TabM 2410.24210), RealMLP and TabM are on par with tuned boosted trees in independent comparisons.
    TabM trains 32 members at 32 times the cost of their layers; this costs less than the five layers of `dn`, which
    matters without a GPU.

    What differs: a learning rate of 0.001 here is the paper's 0.04, so that the settings of other networks do. The
    features' shift and scale are those of the representation (median and quartiles with `tabular`'s scaling=robust,
    as in the paper). Initial weights do not look at the data (the paper's simplified variant TD-S does so, too), and
    dropout is constant. Of the training, the paper's are label smoothing 0.1, weight decay 0.02 (0.8 here), batches of
    256, 256 epochs and Adam with beta_2 = 0.95, on several cosine cycles.

    Args:
        spec: one input `features` of shape (features,).
        outputs: number of classes.
        hidden: width of each hidden layer.
        dropout: probability that a hidden unit is left out in training.
        frequencies: cosines of each feature.
        embedding: numbers that each feature becomes, itself included; 1 for no embedding.
        sigma: standard deviation of the initial frequencies.

    Raises:
        ConfigError: the input is of another shape, or numbers that make no sense.
    """

    representations: ClassVar[tuple[str, ...]] = ("tabular", "jet_features", "four_vectors")
    paper: ClassVar[str] = "https://arxiv.org/abs/2407.04491"
    search: ClassVar[Mapping[str, Space]] = {
        "hidden": Choice(((256,) * 3, (64,) * 5, (512,), (512,) * 3)),
        "dropout": Real(0.0, 0.4),
        "embedding": Choice((1, 4, 8)),
        "frequencies": Integer(8, 32, log=True),
        "sigma": Real(0.01, 1.0, log=True),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        hidden: Sequence[int] = (256, 256, 256),
        dropout: float = 0.15,
        frequencies: int = 16,
        embedding: int = 4,
        sigma: float = 0.1,
    ) -> None:
        super().__init__(spec, outputs)
        item = spec["features"]
        if len(item.shape) != 1 or not hidden or min(*hidden, frequencies, embedding) < 1 or not sigma > 0:
            raise ConfigError(
                f"features of shape {item.shape}, hidden={tuple(hidden)}, frequencies={frequencies}, "
                f"embedding={embedding}, sigma={sigma}; needed: features of shape (features,), at least one hidden "
                "layer, and positive numbers"
            )
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.factor = Paced(torch.ones(item.width), 6 * _PACE)
        self.embed = PeriodicEmbedding(item.width, frequencies, embedding, sigma) if embedding > 1 else nn.Identity()
        layers: list[nn.Module] = []
        for before, width in pairwise((item.width * embedding, *hidden)):
            layers += [TangentLinear(before, width), ParametricSelu(width), Dropout(dropout)]
        self.body = nn.Sequential(*layers)
        self.head = TangentLinear(hidden[-1], outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        x = self.normalise(inputs["features"])
        x = x / torch.sqrt(1 + (x / 3).square()) * self.factor()
        logits: Tensor = self.head(self.body(self.embed(x)))
        return logits


VARIANTS = {"dn_modern": RealMLP}
