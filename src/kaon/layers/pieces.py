"""Large batches of images, a piece at a time."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["in_pieces"]


def in_pieces(function: Callable[[Tensor], Tensor], x: Tensor, size: int = 64) -> Tensor:
    """function(x), computed for `size` events at a time where nothing is learned on a CPU.

    The first layers of a network on images make hundreds of numbers of each pixel: of 2048 images of 40 x 40 they fill
    gigabytes, and a sixth of the time goes into memory that is mapped and given back.

    Args:
        function: acts on each event alone, (batch, ...) -> (batch, ...).
        x: (batch, ...).
        size: events of a piece.
    """
    whole = torch.is_grad_enabled() or torch.compiler.is_exporting() or x.device.type != "cpu" or len(x) <= size
    return function(x) if whole else torch.cat([function(piece) for piece in torch.split(x, size)])
