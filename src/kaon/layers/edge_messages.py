"""Messages between all pairs of a jet's constituents, never stored: computed a few jets at a time, twice if need be."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from kaon.layers.export import exporting

__all__ = ["edge_messages"]

_relu_backward = torch.ops.aten.threshold_backward


def edge_messages(
    a: Tensor, b: Tensor, u: Tensor, pair: Tensor, dtype: torch.dtype, *weights: Tensor
) -> tuple[Tensor, ...]:
    """Sum of the gated messages to each constituent, and a number for each pair.

    y_ij = ReLU(a_i + b_j + w_u u_ij),   m_ij = ReLU(W_2 y_ij + b_2),   g_ij = sigmoid(w_m . m_ij + b_m),
    sum_i = sum_j g_ij m_ij,   s_ij = w_4 . ReLU(W_3 g_ij m_ij + b_3).

    The first layer of the network on pairs is linear in what it knows of i, of j and of both, so its first two parts
    come in computed once a constituent. Backward computes y and m again instead of keeping them, which at a hundred
    numbers a pair is most of the memory of such a network, and faster than to write and read them.

    Args:
        a: (jets, n, hidden).
        b: (jets, n, hidden).
        u: (jets, n, n, features).
        pair: (jets, n, n) of 0 and 1: which pairs count.
        dtype: to compute in.
        weights: w_u (features, hidden), W_2, b_2, w_m (hidden,), b_m (1,), and W_3, b_3, w_4 (hidden,) or nothing.

    Returns:
        sum (jets, n, hidden), and s (jets, n, n) where there are weights for it.
    """
    if exporting() or not torch.is_grad_enabled():
        return _forward(dtype, a, b, u, pair, *weights)[0]
    made: tuple[Tensor, ...] = _Messages.apply(dtype, a, b, u, pair, *weights)  # type: ignore[no-untyped-call]  # of torch
    return made


def _forward(
    dtype: torch.dtype, a: Tensor, b: Tensor, u: Tensor, pair: Tensor, *weights: Tensor
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """The results, and what backward needs of the way there."""
    kind = a.dtype
    with torch.autocast(a.device.type, enabled=False):
        a, b, u, pair, *weights = (t.to(dtype) for t in (a, b, u, pair, *weights))  # type: ignore[assignment]  # a list for a tuple
        w_u, w_2, b_2, w_m, b_m, *rest = weights
        jets, n, hidden = a.shape
        z = (a[:, :, None] + b[:, None]).view(-1, hidden)
        y = z.addmm_(u.reshape(-1, u.shape[-1]), w_u).relu_()
        m = (y @ w_2.t()).add_(b_2).relu_()
        gate = (m @ w_m).add_(b_m).sigmoid_() * pair.reshape(-1)
        gated = m * gate[:, None]
        total = gated.view(jets, n, n, hidden).sum(2).to(kind)
        if not rest:
            return (total,), (y, m, gate, gated)
        w_3, b_3, w_4 = rest
        q = (gated @ w_3.t()).add_(b_3).relu_()
        s = (q @ w_4).view(jets, n, n) * pair
        return (total, s.to(kind)), (y, m, gate, gated, q)


class _Messages(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, dtype: torch.dtype, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.dtype = dtype
        ctx.save_for_backward(*tensors)
        return _forward(dtype, *tensors)[0]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        tensors, dtype = ctx.saved_tensors, ctx.dtype
        kinds = [t.dtype for t in tensors]
        with torch.autocast(tensors[0].device.type, enabled=False):
            made = _backward(dtype, [t.to(dtype) for t in outer], _forward(dtype, *tensors)[1], tensors)
        return None, *(None if g is None else g.to(kind) for g, kind in zip(made, kinds, strict=True))


def _backward(
    dtype: torch.dtype, outer: list[Tensor], kept: tuple[Tensor, ...], tensors: tuple[Tensor, ...]
) -> list[Tensor | None]:
    a, _, u, pair, w_u, w_2, _, w_m, _, *rest = (t.to(dtype) for t in tensors)
    y, m, gate, gated, *q = kept
    jets, n, hidden = a.shape
    to_sum = outer[0][:, :, None]
    last: list[Tensor | None] = []
    if rest:
        w_3, _, w_4 = rest
        ds = (outer[1] * pair).reshape(-1)
        dp = _relu_backward(ds[:, None] * w_4, q[0], 0)
        last = [dp.t() @ gated, dp.sum(0), q[0].t() @ ds]
        dm = dp @ w_3
        dm.view(jets, n, n, hidden).add_(to_sum)
    else:
        # Always a copy: a reshape of one pair would be the caller's gradient itself, and dm is overwritten below.
        dm = to_sum.expand(jets, n, n, hidden).clone(memory_format=torch.contiguous_format).view(-1, hidden)
    dlogit = (dm * m).sum(1).mul_(gate).mul_(1 - gate)
    dw_m, db_m = m.t() @ dlogit, dlogit.sum()[None]
    dm = _relu_backward(dm.mul_(gate[:, None]).addr_(dlogit, w_m), m, 0)
    dz = _relu_backward(dm @ w_2, y, 0)
    pairs = dz.view(jets, n, n, hidden)
    du = (dz @ w_u.t()).view(u.shape)
    dw_u = u.reshape(-1, u.shape[-1]).t() @ dz
    return [pairs.sum(2), pairs.sum(1), du, None, dw_u, dm.t() @ y, dm.sum(0), dw_m, db_m, *last]
