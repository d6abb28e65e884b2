"""Small networks on images whose insides are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from kaon.data import Input, InputSpec
from kaon.models.base import Net


class Stack(Net):
    """Layers one after another, then the mean of each channel and a dense layer."""

    def __init__(self, layers: Sequence[nn.Module], shape: tuple[int, int, int], outputs: int = 3) -> None:
        super().__init__(InputSpec((Input("image", shape),)), outputs)
        self.layers = nn.Sequential(*layers)
        self.head = nn.LazyLinear(outputs)
        self({"image": torch.zeros(1, *shape)})

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        features = self.layers(inputs["image"])
        logits: Tensor = self.head(features.flatten(1) if features.ndim < 4 else features.mean((2, 3)))
        return logits


MakeNet = Callable[..., Stack]


@pytest.fixture
def make_net() -> MakeNet:
    """`make_net(*layers, shape=..., outputs=...)`, with the same random weights every time."""

    def make(*layers: nn.Module, shape: tuple[int, int, int] = (2, 12, 14), outputs: int = 3, seed: int = 0) -> Stack:
        torch.manual_seed(seed)
        net = Stack(layers, shape, outputs).eval()
        for parameter in net.parameters():
            nn.init.normal_(parameter, std=0.3)
        return net

    return make


@pytest.fixture
def small(make_net: MakeNet) -> Stack:
    """Two convolutions, pooled in between."""
    return make_net(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 5, 3, padding=1), nn.ReLU())


@pytest.fixture
def pictures() -> dict[str, Tensor]:
    """Twenty pictures for `small`."""
    return {"image": torch.rand(20, 2, 12, 14, generator=torch.Generator().manual_seed(3))}
