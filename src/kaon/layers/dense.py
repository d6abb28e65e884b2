"""Stacks of fully connected layers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["dense", "two_logits"]


def dense(width: int, hidden: Sequence[int], dropout: float = 0.0) -> nn.Sequential:
    """Linear + ReLU (+ dropout) for each hidden width.

    >>> len(dense(3, (100, 100)))
    4
    """
    blocks: list[nn.Module] = []
    for size in hidden:
        blocks += [nn.Linear(width, size), nn.ReLU()]
        if dropout:
            blocks.append(nn.Dropout(dropout))
        width = size
    return nn.Sequential(*blocks)


def two_logits(x: Tensor) -> Tensor:
    """One sigmoid unit x as two logits (0, x), whose softmax is (1 - sigmoid, sigmoid): (batch, 1) -> (batch, 2)."""
    return torch.cat([torch.zeros_like(x), x], dim=-1)
