"""The layers of an EdgeConv on the edges of a graph, in pieces that stay in the processor's cache.

Nearly all the work of such a network is here: a jet of 50 constituents with 16 neighbours each has 800 edges, and each
passes through every layer. What is kept for the backward pass is the input of each batch normalisation; what can be
made again from it (normalised, rectified, gathered values) is made again, a piece at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from kaon.layers.neighbours import Graph

__all__ = ["Statistics", "edge_stack", "edge_stack_inference", "first_moments"]

_CACHE = 1 << 20
"""Bytes of one tensor of a piece: the handful of them that a step touches fit a core's second-level cache."""
_DEVICE = 1 << 28
"""The same on an accelerator, where it bounds memory only."""


@dataclass(frozen=True)
class _Piece:
    """Some nodes, all of one degree, and their edges."""

    nodes: slice
    edges: slice
    degree: int

    def by_node(self, x: Tensor) -> Tensor:
        """(edges, channels) -> (nodes, degree, channels)."""
        return x.view(-1, self.degree, x.shape[1])


def _pieces(graph: Graph, channels: int, x: Tensor) -> Iterator[_Piece]:
    room = (_CACHE if x.device.type == "cpu" else _DEVICE) // (channels * x.element_size())
    for s in graph.stretches:
        step = max(1, room // s.degree)
        for start in range(s.start, s.stop, step):
            stop = min(start + step, s.stop)
            edge = s.edge + (start - s.start) * s.degree
            yield _Piece(slice(start, stop), slice(edge, edge + (stop - start) * s.degree), s.degree)


def _relu_(x: Tensor) -> Tensor:
    if x.dtype is torch.bfloat16 and x.device.type == "cpu":
        # The sign bit of a bfloat16 is that of the same bits as an integer, which are compared five times as fast.
        x.view(torch.int16).clamp_(min=0)
        return x
    return x.relu_()


def _first(u: Tensor, v: Tensor, graph: Graph, piece: _Piece) -> Tensor:
    """relu(u_i + v_j) on the edges of a piece."""
    h = v.index_select(0, graph.neighbours[piece.edges])
    piece.by_node(h).add_(u[piece.nodes, None])
    return _relu_(h)


def _mean(h: Tensor, degree: int) -> Tensor:
    """Mean over the edges of each node: (edges, channels) -> (nodes, channels)."""
    rows = torch.arange(len(h), device=h.device).view(-1, degree)
    return F.embedding_bag(rows, h, mode="mean")  # twice as fast as a sum over the middle axis in bfloat16


@torch.no_grad()
def edge_stack_inference(u: Tensor, v: Tensor, graph: Graph, layers: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """mean_j of the stack of layers on relu(u_i + v_j), the normalisations folded into weights and biases.

    Args:
        u: (nodes, channels), of the node itself.
        v: (nodes + 1, channels), of the neighbour; the last row stands for a neighbour that is not there.
        graph: the edges.
        layers: (weight (out, in), bias (out,)) of each further layer.

    Returns:
        (nodes, channels); 0 for a node without neighbours.
    """
    width = max([u.shape[1], *(len(bias) for _, bias in layers)])
    made = u.new_zeros(graph.nodes, len(layers[-1][1]) if layers else u.shape[1])
    for piece in _pieces(graph, width, u):
        h = _first(u, v, graph, piece)
        for weight, bias in layers:
            h = _relu_(torch.addmm(bias, h, weight.T))
        made[piece.nodes] = _mean(h, piece.degree)
    return made


Statistics = tuple[Tensor, Tensor]
"""Mean and biased variance of each channel over all edges."""


def first_moments(u: Tensor, v: Tensor, graph: Graph) -> Statistics:
    """Mean and variance of u_i + v_j over all edges, from sums over nodes; differentiable.

    Args:
        u: (nodes, channels).
        v: (nodes + 1, channels).
        graph: the edges.
    """
    edges = max(len(graph.neighbours), 1)
    degree = u.new_zeros(graph.nodes)
    for s in graph.stretches:
        degree[s.start : s.stop] = s.degree
    chosen = torch.bincount(graph.neighbours, minlength=graph.nodes + 1).to(v.dtype)
    mean_u, mean_v = degree @ u / edges, chosen @ v / edges
    # Both are centred first: the variance is then no difference of large numbers.
    u, v = u - mean_u, v - mean_v
    square = degree @ u.square() + chosen @ v.square() + 2 * _Cross.apply(u, v, graph)  # type: ignore[no-untyped-call]  # of torch
    return mean_u + mean_v, square / edges


class _Cross(torch.autograd.Function):
    """sum over the edges of u_i v_j, (channels,)."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, v: Tensor, graph: Graph) -> Tensor:
        around = u.new_zeros(u.shape)
        for s in graph.stretches:
            edges = graph.neighbours[s.edge : s.edge + (s.stop - s.start) * s.degree]
            around[s.start : s.stop] = F.embedding_bag(edges.view(-1, s.degree), v, mode="sum")
        ctx.save_for_backward(u, around)
        ctx.graph, ctx.rows = graph, len(v)
        return (u * around).sum(0)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        u, around = ctx.saved_tensors
        back = u.new_zeros(ctx.rows, u.shape[1])
        for piece in _pieces(ctx.graph, u.shape[1], u):
            spread = u[piece.nodes].repeat_interleave(piece.degree, 0)
            back.index_add_(0, ctx.graph.neighbours[piece.edges], spread)
        return gradient * around, gradient * back, None


def edge_stack(
    u: Tensor,
    v: Tensor,
    graph: Graph,
    layers: Sequence[tuple[Tensor, Tensor, Tensor]],
    eps: float,
    fixed: Sequence[Statistics] | None = None,
    dtype: torch.dtype | None = None,
) -> tuple[Tensor, list[Statistics]]:
    """mean_j of relu(BN(W relu(BN(W ... relu(u_i + v_j))))), with gradients.

    Args:
        u: (nodes, channels), of the node itself.
        v: (nodes + 1, channels), of the neighbour; the last row stands for a neighbour that is not there.
        graph: the edges.
        layers: (W (out, in), gamma (out,), beta (out,)) of each further layer.
        eps: added to the variances.
        fixed: statistics of each further layer to normalise with; None for those of these edges.
        dtype: of what lives on the edges; None for that of u.

    Returns:
        (nodes, channels), 0 for a node without neighbours; and the statistics of each further layer.
    """
    flat = [t for layer in layers for t in layer]
    given = None if fixed is None else [s for pair in fixed for s in pair]
    found = _Stack.apply(u, v, graph, eps, given, dtype or u.dtype, *flat)  # type: ignore[no-untyped-call]  # of torch
    return found[0], list(zip(found[1::2], found[2::2], strict=True))


class _Stack(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        u: Tensor,
        v: Tensor,
        graph: Graph,
        eps: float,
        fixed: Sequence[Tensor] | None,
        dtype: torch.dtype,
        *flat: Tensor,
    ) -> tuple[Tensor, ...]:
        u, v = u.to(dtype), v.to(dtype)
        layers = [(flat[i].to(dtype), flat[i + 1], flat[i + 2]) for i in range(0, len(flat), 3)]
        pieces = list(_pieces(graph, max([u.shape[1], *(len(w) for w, _, _ in layers)]), u))
        before: list[Tensor] = []  # what enters each normalisation, (edges, channels)
        affine: list[tuple[Tensor, Tensor]] = []  # (scale, shift) of each
        moments: list[Tensor] = []
        for number, (weight, gamma, beta) in enumerate(layers):
            z = u.new_empty(len(graph.neighbours), len(weight))
            collect = _Moments(z, weight)
            for piece in pieces:
                h = _input(u, v, graph, before, affine, number, piece)
                torch.mm(h, weight.T, out=z[piece.edges])
                if fixed is None:
                    collect.add(z[piece.edges])
            mean, variance = collect.result() if fixed is None else fixed[2 * number : 2 * number + 2]
            scale = gamma * torch.rsqrt(variance + eps)
            before.append(z)
            affine.append((scale.to(dtype), (beta - scale * mean).to(dtype)))
            moments += [mean, variance]
        made = u.new_zeros(graph.nodes, before[-1].shape[1] if before else u.shape[1])
        for piece in pieces:
            made[piece.nodes] = _mean(_input(u, v, graph, before, affine, len(layers), piece), piece.degree)
        ctx.save_for_backward(u, v, *flat, *before, *(t for pair in affine for t in pair), *moments)
        ctx.graph, ctx.eps, ctx.fixed, ctx.depth = graph, eps, fixed is not None, len(layers)
        ctx.pieces, ctx.wide = pieces, flat[0].dtype if flat else torch.float32
        ctx.mark_non_differentiable(*moments)
        return made, *moments

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: Any) -> tuple[Any, ...]:
        depth, graph, pieces = ctx.depth, ctx.graph, ctx.pieces
        u, v, *rest = ctx.saved_tensors
        flat, rest = rest[: 3 * depth], rest[3 * depth :]
        before, rest = rest[:depth], rest[depth:]
        scales, moments = rest[: 2 * depth], rest[2 * depth :]
        affine = list(zip(scales[::2], scales[1::2], strict=True))
        found: list[Tensor] = []
        edges = max(len(graph.neighbours), 1)

        def top(piece: _Piece) -> Tensor:
            """Gradient of what the mean was taken of, after the rectifier, on the edges of a piece."""
            h = _input(u, v, graph, before, affine, depth, piece)
            spread = (gradient[piece.nodes] / piece.degree).to(u.dtype)
            return _through(spread.repeat_interleave(piece.degree, 0), h)

        kept: Tensor | None = None  # gradients before the rectifier below, (edges, channels)
        if depth:
            sums = _Sums(before[-1])
            for piece in pieces:
                sums.add(top(piece), before[-1][piece.edges])
        for number in reversed(range(depth)):
            z, gamma = before[number], flat[3 * number + 1]
            mean, variance = moments[2 * number], moments[2 * number + 1]
            inverse = torch.rsqrt(variance + ctx.eps)
            d_beta = sums.plain.to(inverse.dtype)
            d_gamma = (sums.weighted.to(inverse.dtype) - mean * d_beta) * inverse
            # Behind the normalisation the gradient is scale (dy + slope z + offset). Only dy + slope z is made on the
            # edges: the scale goes into the weights, and the offset, equal on all edges, into a bias and a sum.
            scale = gamma * inverse
            slope = torch.zeros_like(scale) if ctx.fixed else -inverse * d_gamma / edges
            offset = torch.zeros_like(scale) if ctx.fixed else -d_beta / edges - slope * mean
            scaled = (scale[:, None] * flat[3 * number]).to(u.dtype)
            constant, slope = (offset @ (scale[:, None] * flat[3 * number])).to(u.dtype), slope.to(u.dtype)
            product, total = torch.zeros_like(flat[3 * number]), torch.zeros_like(flat[3 * number][0])
            below: Tensor | None = None
            if number:
                below = u.new_empty(len(graph.neighbours), scaled.shape[1])
                sums = _Sums(before[number - 1])
            else:
                du, dv = gradient.new_zeros(u.shape), gradient.new_zeros(v.shape)
            for piece in pieces:
                dy = top(piece) if kept is None else kept[piece.edges]
                if not ctx.fixed:
                    dy.addcmul_(z[piece.edges], slope)
                h = _input(u, v, graph, before, affine, number, piece)
                product += torch.mm(dy.T, h)
                total += h.sum(0)
                target = None if below is None else below[piece.edges]
                dh = _through(torch.addmm(constant, dy, scaled, out=target), h)
                if number:
                    sums.add(dh, before[number - 1][piece.edges])
                else:
                    _spread(dh, graph, piece, du, dv)
            d_weight = scale[:, None] * (product + torch.outer(offset, total))
            kept = below
            found = [d_weight, d_gamma, d_beta, *found]
        if not depth:
            du, dv = (gradient.new_zeros(t.shape) for t in (u, v))
            for piece in pieces:
                _spread(top(piece), graph, piece, du, dv)
        return du, dv, None, None, None, None, *found


def _input(
    u: Tensor,
    v: Tensor,
    graph: Graph,
    before: Sequence[Tensor],
    affine: Sequence[tuple[Tensor, Tensor]],
    number: int,
    piece: _Piece,
) -> Tensor:
    """What enters layer `number` on the edges of a piece, made again from what is kept."""
    if number == 0:
        return _first(u, v, graph, piece)
    scale, shift = affine[number - 1]
    return _relu_(torch.addcmul(shift, before[number - 1][piece.edges], scale))


def _through(gradient: Tensor, h: Tensor) -> Tensor:
    """The gradient before a rectifier whose output is h; overwrites it."""
    torch.ops.aten.threshold_backward.grad_input(gradient, h, 0, grad_input=gradient)
    return gradient


def _spread(gradient: Tensor, graph: Graph, piece: _Piece, du: Tensor | None, dv: Tensor | None) -> None:
    """Add the gradients of edges to those of the nodes at their two ends."""
    assert du is not None
    assert dv is not None
    du[piece.nodes] = (_mean(gradient, piece.degree) * piece.degree).to(du.dtype)
    dv.index_add_(0, graph.neighbours[piece.edges], gradient.to(dv.dtype))


class _Moments:
    """Mean and biased variance of each channel, gathered a piece at a time by Chan's formula."""

    def __init__(self, like: Tensor, weight: Tensor) -> None:
        kind = torch.promote_types(like.dtype, torch.float32)
        self.count = 0
        self.mean = like.new_zeros(len(weight), dtype=kind)
        self.square = torch.zeros_like(self.mean)

    def add(self, z: Tensor) -> None:
        mean, variance = torch.batch_norm_update_stats(z, None, None, 0.0)
        new, total = len(z), self.count + len(z)
        change = mean.to(self.mean.dtype) - self.mean
        self.mean += change * (new / total)
        self.square += variance.to(self.mean.dtype) * new + change.square() * (self.count * new / total)
        self.count = total

    def result(self) -> Statistics:
        return self.mean, self.square / max(self.count, 1)


class _Sums:
    """Sums over edges of a gradient, and of the gradient times what was normalised."""

    def __init__(self, like: Tensor) -> None:
        self.plain = torch.zeros(like.shape[1], dtype=torch.float64, device=like.device)
        self.weighted = torch.zeros_like(self.plain)

    def add(self, gradient: Tensor, z: Tensor) -> None:
        self.plain += gradient.sum(0)
        self.weighted += (gradient * z).sum(0)
