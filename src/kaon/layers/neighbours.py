"""The k nearest neighbours of every constituent within its jet: padding is nobody's neighbour."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from kaon.layers.packed import Packed, Rectangle

__all__ = ["Graph", "Stretch", "graph", "nearest"]

_PLANE = 4
"""Up to so many coordinates, distances are sums of squared differences; beyond it, a matrix product is quicker."""


@dataclass(frozen=True)
class Stretch:
    """Consecutive nodes that all have the same number of neighbours.

    Args:
        start, stop: the nodes.
        edge: the first edge of the first node.
        degree: neighbours of each, at least one.
    """

    start: int
    stop: int
    edge: int
    degree: int


@dataclass(frozen=True, eq=False)
class Graph:
    """Directed edges node <- neighbour, those of a node one after another.

    Args:
        nodes: number of nodes.
        neighbours: (edges,) the neighbour of each edge; `nodes` stands for a point that is not there.
        stretches: which edges belong to which node.
    """

    nodes: int
    neighbours: Tensor
    stretches: tuple[Stretch, ...]


def graph(x: Tensor, packed: Packed, k: int, *, fill: bool = False) -> Graph:
    """Edges from each packed constituent to its k nearest in the same jet, itself excluded.

    In a jet of n <= k constituents each has the n - 1 others for neighbours, and a single constituent has none.

    Args:
        x: coordinates, (nodes, dimensions). A distance that is not a number counts as the largest.
        packed: `pack(mask, exact=k)`, so that jets of up to k constituents are grouped by their length.
        k: neighbours.
        fill: make up for neighbours that are not there by edges to the point number `nodes`.
    """
    x = x.detach()
    parts, stretches, edges = [x.new_zeros(0, dtype=torch.int64)], list[Stretch](), 0
    for group in packed.groups:
        found = _within(x, group, min(k, group.length - 1))
        if fill and found.shape[1] < k:
            found = torch.nn.functional.pad(found, (0, k - found.shape[1]), value=len(packed))
        degree = found.shape[1]
        if degree:
            last = stretches[-1] if stretches else None
            if last and last.degree == degree and last.stop == group.start:
                stretches[-1] = Stretch(last.start, group.stop, last.edge, degree)
            else:
                stretches.append(Stretch(group.start, group.stop, edges, degree))
        edges += found.numel()
        parts.append(found.flatten())
    return Graph(len(packed), torch.cat(parts), tuple(stretches))


def _within(x: Tensor, group: Rectangle, k: int) -> Tensor:
    """Packed positions of the neighbours of each node of a group, (nodes of the group, k)."""
    if group.real is None:
        points = x[group.start : group.stop].view(*group.index.shape, x.shape[1])
    else:
        points = x.index_select(0, group.index.flatten()).view(*group.index.shape, x.shape[1])
    distance = _distances(points)
    if group.real is not None:
        distance.masked_fill_(~group.real[:, None], torch.inf)
    distance.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    found = distance.topk(k, largest=False, sorted=False).indices + group.first[:, None, None]
    return found.flatten(0, 1) if group.real is None else found[group.real]


def nearest(x: Tensor, mask: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The same on padded jets, in a form that can be exported: nothing depends on how many constituents are real.

    Args:
        x: coordinates, (batch, constituents, dimensions).
        mask: (batch, constituents) bool.
        k: neighbours.

    Returns:
        (batch, constituents, k) positions, `constituents` and beyond for a neighbour that is not there; and whether it
        is there, bool.
    """
    distance = _distances(x)
    length = torch.arange(x.shape[1], device=x.device)
    itself = length[:, None] == length
    distance = distance.masked_fill(itself | ~mask[:, None], torch.inf)
    # k more columns, so that there are always k to choose from.
    distance = torch.nn.functional.pad(distance, (0, k), value=torch.inf)
    chosen, found = distance.topk(k, largest=False)
    there = torch.isfinite(chosen)
    return torch.where(there, found, x.shape[1]), there


def _distances(x: Tensor) -> Tensor:
    """Squared distances up to a constant of each row, all finite: (..., points, d) -> (..., points, points)."""
    x = x.to(torch.promote_types(x.dtype, torch.float32))
    if x.shape[-1] <= _PLANE:
        made = sum((c[..., :, None] - c[..., None, :]).square() for c in x.unbind(-1))
        assert isinstance(made, Tensor)
    else:
        made = x.square().sum(-1)[..., None, :] - 2 * (x @ x.transpose(-1, -2))
    return made.nan_to_num(nan=torch.finfo(made.dtype).max, posinf=torch.finfo(made.dtype).max)
