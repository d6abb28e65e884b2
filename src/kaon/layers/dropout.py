"""Dropout that does not wait for random numbers."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.errors import ConfigError

__all__ = ["Dropout"]

_LEVELS = 1 << 16


class Dropout(nn.Module):
    """Zeroes each number with probability p in training and divides the others by 1 - p.

    Srivastava et al., https://jmlr.org/papers/v15/srivastava14a.html. On a CPU, PyTorch's own draws one random number
    after the other, which takes a fifth of the training time of a transformer. Here each 64-bit draw of the same
    generator decides four numbers, so p is rounded to a multiple of 2^-16 (and the scale is that of the rounded p).

    Args:
        p: probability, in [0, 1).

    Raises:
        ConfigError: p is out of range.
    """

    def __init__(self, p: float = 0.1) -> None:
        if not 0 <= p < 1:
            raise ConfigError(f"dropout={p}; a probability in [0, 1) is needed")
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Any shape; the same shape."""
        if not self.training or not self.p:
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.p)
        cut = min(round(self.p * _LEVELS), _LEVELS - 1)  # a probability next to 1 is still not 1
        draws = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(1 << 63), None)
        # Compared in place, sixteen bits stay sixteen bits: four times as fast as by way of booleans.
        kept = draws.view(torch.int16)[: x.numel()].view(x.shape).ge_(cut - _LEVELS // 2)
        return x * kept.to(x.dtype).mul_(_LEVELS / (_LEVELS - cut))

    def extra_repr(self) -> str:
        """Shown by print(network)."""
        return f"p={self.p}"
