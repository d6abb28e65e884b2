"""Batch norm, GELU and a linear layer on very many rows, in pieces that stay in a core's cache."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

__all__ = ["PairStage", "moments", "pieces"]

ROWS = {"cpu": 4096, "cuda": 1 << 22}
"""Of a piece: what stays in a core's cache, or what fills an accelerator."""


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and (biased) variance of each column of (rows, columns), in float32 at least and without cancellation."""
    return _combined([_statistics(piece) for piece in pieces(x)], x)


def pieces(x: Tensor) -> tuple[Tensor, ...]:
    """The tensor, cut along its first axis."""
    return torch.split(x, ROWS.get(x.device.type, ROWS["cuda"]))


def _statistics(piece: Tensor) -> tuple[Tensor, Tensor]:
    wide = _wide(piece)
    mean = wide.mean(0)
    return mean, (wide - mean).square_().mean(0)  # a third of the time of torch.var_mean


def _combined(found: list[tuple[Tensor, Tensor]], x: Tensor) -> tuple[Tensor, Tensor]:
    means, variances = (torch.stack(column) for column in zip(*found, strict=True))
    share = means.new_tensor([[len(piece) / len(x)] for piece in pieces(x)])
    mean = (share * means).sum(0)
    return mean, (share * (variances + (means - mean).square())).sum(0)


def _wide(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


class PairStage(torch.autograd.Function):
    """y -> GELU(gamma (y - mean) / sqrt(variance + eps) + beta) W^T, with mean and variance of the batch.

    The bias of the linear layer is left out, as the batch norm behind it would subtract it again; its gradient is there
    all the same, and is zero up to rounding. Of the intermediate results of (rows, columns), and there are six a layer,
    only y is kept: the backward pass makes the others again, piece by piece. The statistics of the result come with it,
    as the next stage needs them. There is no second derivative.
    """

    @staticmethod
    def forward(
        ctx: Any,
        y: Tensor,
        mean: Tensor,
        variance: Tensor,
        gamma: Tensor,
        beta: Tensor,
        weight: Tensor,
        bias: Tensor,
        eps: float,
        activate: bool,
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(rows, columns) -> (rows, width), and the moments of the result.

        Args:
            ctx: of autograd.
            y: (rows, columns).
            mean, variance: its moments. They are differentiated through here, not by the caller.
            gamma, beta: of the batch norm, (columns,).
            weight, bias: (width, columns), and the (width,) that is left out.
            eps: of the batch norm.
            activate: whether there is a GELU.
            dtype: of the matrix products and of the result.
        """
        rstd = (variance + eps).rsqrt()
        scale = gamma * rstd
        shift = beta - mean * scale
        matrix = weight.to(dtype)
        made = y.new_empty(len(y), len(weight), dtype=dtype)
        found = []
        for piece, target in zip(pieces(y), pieces(made), strict=True):
            z = torch.addcmul(shift, _wide(piece), scale)
            torch.mm((F.gelu(z) if activate else z).to(dtype), matrix.T, out=target)
            found.append(_statistics(target))
        statistics = _combined(found, made)
        ctx.save_for_backward(y, mean, rstd, gamma, beta, weight)
        ctx.activate, ctx.dtype = activate, dtype
        ctx.mark_non_differentiable(*statistics)
        return made, *statistics

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
        """Gradients for y, gamma, beta, weight, bias."""
        y, mean, rstd, gamma, beta, weight = ctx.saved_tensors
        scale = gamma * rstd
        shift = beta - mean * scale
        matrix = weight.to(ctx.dtype)
        to_y = torch.empty_like(y, dtype=rstd.dtype)
        to_weight, to_bias = torch.zeros_like(weight), torch.zeros_like(weight[:, 0])
        to_shift, to_scale = torch.zeros_like(shift), torch.zeros_like(shift)
        for piece, g, target in zip(pieces(y), pieces(gradient), pieces(to_y), strict=True):
            wide, g = _wide(piece), g.to(ctx.dtype)
            z = torch.addcmul(shift, wide, scale)
            to_weight += g.T @ (F.gelu(z) if ctx.activate else z).to(ctx.dtype)
            to_bias += _wide(g).sum(0)
            back = _wide(g @ matrix)
            if ctx.activate:
                back = torch.ops.aten.gelu_backward(back, z, grad_input=target)
            else:
                target.copy_(back)
            to_shift += back.sum(0)
            to_scale += (back * wide).sum(0)
        # shift = beta - mean scale and scale = gamma rstd depend on y through its moments.
        to_gamma = (to_scale - mean * to_shift) * rstd
        if not ctx.needs_input_grad[0]:
            return None, None, None, to_gamma, to_shift, to_weight, to_bias, None, None, None
        slope = gamma * rstd.square() * to_gamma / len(y)
        level = scale * to_shift / len(y) - mean * slope
        for piece, target in zip(pieces(y), pieces(to_y), strict=True):
            torch.addcmul(-level, target, scale, out=target).addcmul_(_wide(piece), slope, value=-1)
        return to_y.to(y.dtype), None, None, to_gamma, to_shift, to_weight, to_bias, None, None, None
