"""Large batches, a piece at a time."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from kaon.layers.export import exporting

__all__ = ["in_alike_pieces", "in_pieces"]


def in_pieces(function: Callable[[Tensor], Tensor], x: Tensor, size: int = 64) -> Tensor:
    """function(x), computed for `size` events at a time where nothing is learned on a CPU.

    The first layers of a network on images make hundreds of numbers of each pixel: of 2048 images of 40 x 40 they fill
    gigabytes, and a sixth of the time goes into memory that is mapped and given back.

    Args:
        function: acts on each event alone, (batch, ...) -> (batch, ...).
        x: (batch, ...).
        size: events of a piece.
    """
    whole = torch.is_grad_enabled() or exporting() or x.device.type != "cpu" or len(x) <= size
    return function(x) if whole else torch.cat([function(piece) for piece in torch.split(x, size)])


def in_alike_pieces(function: Callable[..., Tensor], mask: Tensor, *others: Tensor, size: int) -> Tensor:
    """function(mask, *others), computed for `size` events of similar length at a time where nothing is learned.

    Bounds the memory, whatever the batch, and leaves each piece little padding for the function to work around.

    Args:
        function: acts on each event alone, tensors (batch, ...) -> (batch, ...).
        mask: (batch, constituents) bool.
        others: (batch, ...) each.
        size: events of a piece.
    """
    if torch.is_grad_enabled() or exporting() or len(mask) <= size:
        return function(mask, *others)
    order = mask.sum(1).argsort(stable=True)
    parts = [function(*(x[rows] for x in (mask, *others))) for rows in torch.split(order, size)]
    return torch.cat(parts)[order.argsort()]
