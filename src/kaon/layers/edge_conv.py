"""EdgeConv: a constituent learns from its nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.layers.edge_stack import Statistics, edge_stack, edge_stack_inference, first_moments
from kaon.layers.neighbours import Graph

__all__ = ["EdgeConv", "batch_norm"]


class EdgeConv(nn.Module):
    """x_i -> relu(shortcut(x_i) + mean over the neighbours j of h(x_i, x_j - x_i)).

    h is a stack of linear layers without bias, each with batch normalisation and ReLU; the shortcut is a linear layer
    with batch normalisation, or nothing where the widths agree. Wang et al., https://arxiv.org/abs/1801.07829, eq. (7),
    with the mean and the shortcut of Qu, Gouskos, https://arxiv.org/abs/1902.08570, section 2.2.

    The first layer is linear in (x_i, x_j - x_i), so it is computed for each constituent and gathered:
    W (x_i, x_j - x_i) = (W_1 - W_2) x_i + W_2 x_j.

    Args:
        width: of x.
        widths: of the layers of h.
    """

    def __init__(self, width: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.first = nn.Linear(2 * width, widths[0], bias=False)
        self.rest = nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.BatchNorm1d(size) for size in widths)
        self.shortcut: nn.Linear | None = None
        if width != widths[-1]:
            self.shortcut = nn.Linear(width, widths[-1], bias=False)
            self.shortcut_norm = nn.BatchNorm1d(widths[-1])

    def forward(self, x: Tensor, graph: Graph, dtype: torch.dtype | None = None) -> Tensor:
        """Packed constituents: (nodes, width) -> (nodes, widths[-1]), on the edges of `graph`.

        Statistics of batch normalisation are over real constituents and real edges. What lives on edges is of `dtype`;
        nodes, sums and statistics keep the precision of x.
        """
        plain = x if self.shortcut is None else batch_norm(self.shortcut_norm, self.shortcut(x))
        own, other = self.first.weight.chunk(2, dim=1)
        u, v = F.linear(x, own - other), F.pad(F.linear(x, other), (0, 0, 0, 1))
        if self.training:
            around = self._learning(u, v, graph, dtype or x.dtype)
        else:
            around = self._learned(u, v, graph, dtype or x.dtype)
        return F.relu(plain + around.to(plain.dtype))

    def _learning(self, u: Tensor, v: Tensor, graph: Graph, dtype: torch.dtype) -> Tensor:
        """Normalised by the statistics of these edges, which are remembered."""
        first = self._norms[0]
        moments = first_moments(u, v, graph)
        scale = first.weight * torch.rsqrt(moments[1] + first.eps)
        u, v = scale * (u - moments[0]) + first.bias, scale * v
        made, found = edge_stack(u, v, graph, self._layers, first.eps, dtype=dtype)
        for norm, each in zip(self._norms, [moments, *found], strict=True):
            _remember(norm, each, len(graph.neighbours))
        return made

    def _learned(self, u: Tensor, v: Tensor, graph: Graph, dtype: torch.dtype) -> Tensor:
        """Normalised by the statistics of the training."""
        (scale, shift), *affine = map(_affine, self._norms)
        u, v = scale * u + shift, scale * v
        if torch.is_grad_enabled():
            fixed = [_running(norm) for norm in self._norms[1:]]
            return edge_stack(u, v, graph, self._layers, self._norms[0].eps, fixed, dtype)[0]
        weights = [weight for weight, _, _ in self._layers]
        folded = [((a[:, None] * w).to(dtype), b.to(dtype)) for w, (a, b) in zip(weights, affine, strict=True)]
        return edge_stack_inference(u.to(dtype), v.to(dtype), graph, folded)

    @property
    def _norms(self) -> list[nn.BatchNorm1d]:
        return [cast(nn.BatchNorm1d, norm) for norm in self.norms]

    @property
    def _layers(self) -> list[tuple[Tensor, Tensor, Tensor]]:
        """(weight, gamma, beta) of each layer but the first."""
        linear = [cast(nn.Linear, layer) for layer in self.rest]
        return [(m.weight, n.weight, n.bias) for m, n in zip(linear, self._norms[1:], strict=True)]

    def padded(self, x: Tensor, neighbours: Tensor, there: Tensor | None) -> Tensor:
        """Padded constituents with the statistics of the training, in a form that can be exported.

        Args:
            x: (batch, constituents, width), 0 for padding.
            neighbours: (batch, constituents, k) positions; `constituents` and beyond is a point at 0.
            there: (batch, constituents, k) bool, edges that count; None for all.

        Returns:
            (batch, constituents, widths[-1]).
        """
        k = neighbours.shape[2]
        own, other = self.first.weight.chunk(2, dim=1)
        u, v = F.linear(x, own - other), F.pad(F.linear(x, other), (0, 0, 0, 1))
        index = neighbours.flatten(1)[..., None].expand(-1, -1, v.shape[2])
        h = u[:, :, None] + v.gather(1, index).view(*u.shape[:2], k, u.shape[2])
        for number, norm in enumerate(self._norms):
            if number:
                h = F.linear(h, self._layers[number - 1][0])
            scale, shift = _affine(norm)
            h = F.relu(h * scale + shift)
        if there is None:
            around = h.mean(2)
        else:
            used = there.to(h.dtype)[..., None]
            around = (h * used).sum(2) / used.sum(2).clamp(min=1)
        plain = x if self.shortcut is None else batch_norm(self.shortcut_norm, self.shortcut(x))
        return F.relu(plain + around)


def _running(norm: nn.BatchNorm1d) -> Statistics:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return norm.running_mean, norm.running_var


def _affine(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """(scale, shift) of a batch normalisation in evaluation."""
    mean, variance = _running(norm)
    scale = norm.weight * torch.rsqrt(variance + norm.eps)
    return scale, norm.bias - scale * mean


def batch_norm(norm: nn.BatchNorm1d, x: Tensor) -> Tensor:
    """Batch normalisation over all axes but the last; a single row has no variance: what was learned so far serves."""
    if norm.training and len(x) > 1:
        return cast(Tensor, norm(x))
    scale, shift = _affine(norm)
    return x * scale + shift


@torch.no_grad()
def _remember(norm: nn.BatchNorm1d, moments: Statistics, count: int) -> None:
    """Update the running statistics as batch normalisation does: with the unbiased variance."""
    assert norm.momentum is not None
    assert norm.num_batches_tracked is not None
    if count > 1:
        mean, variance = _running(norm)
        norm.num_batches_tracked += 1
        mean.lerp_(moments[0].to(mean.dtype), norm.momentum)
        variance.lerp_(moments[1].to(variance.dtype) * (count / (count - 1)), norm.momentum)
