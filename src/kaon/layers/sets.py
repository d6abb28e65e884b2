"""Functions of sets of constituents."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from kaon.layers.export import exporting

__all__ = ["masked_sum"]


def masked_sum(function: Callable[[Tensor], Tensor], x: Tensor, mask: Tensor, weight: Tensor | None = None) -> Tensor:
    """sum_i weight_i function(x_i) over the real constituents of each event.

    Only real constituents are computed (about half of a padded batch of jets), except in an exported graph, which
    must not depend on how many there are.

    Args:
        function: acts on the last axis, (..., features) -> (..., channels).
        x: (batch, constituents, features).
        mask: (batch, constituents) bool, True for real constituents.
        weight: (batch, constituents), or None for ones.

    Returns:
        (batch, channels), summed in float32 at least.
    """
    if exporting():
        dense = _wide(function(x))
        used = mask.to(dense.dtype) if weight is None else weight.to(dense.dtype) * mask.to(dense.dtype)
        return (dense * used[..., None]).sum(1)
    real = _wide(function(x[mask]))
    if weight is not None:
        real = real * weight[mask].to(real.dtype)[:, None]
    owner = torch.repeat_interleave(torch.arange(len(x), device=x.device), mask.sum(1))
    return real.new_zeros(len(x), real.shape[-1]).index_add(0, owner, real)


def _wide(x: Tensor) -> Tensor:
    # In lower precision an energy flow network would lose its soft constituents.
    return x.to(torch.promote_types(x.dtype, torch.float32))
