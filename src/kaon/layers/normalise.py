"""The fitted normalisation of an input, as the first layer of a network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["Normalise"]


class Normalise(nn.Module):
    """x -> (x - shift) * scale on the last axis, in float32 whatever the network's precision.

    Args:
        width: size of the last axis.
        shift: one number a feature; empty for zeros.
        scale: one number a feature; empty for ones.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, width: int, shift: Sequence[float] = (), scale: Sequence[float] = ()) -> None:
        super().__init__()
        self.register_buffer("shift", torch.tensor(list(shift) or [0.0] * width, dtype=torch.float32))
        self.register_buffer("scale", torch.tensor(list(scale) or [1.0] * width, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) -> (..., width)."""
        return (x - self.shift) * self.scale
