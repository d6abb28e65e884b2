"""Recursion over binary trees, level by level for a whole batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

from kaon.layers.export import exporting

__all__ = ["Cell", "climb"]


class Cell(Protocol):
    """What a recursive network does at a node.

    `level` is the node's depth as far as a cell may care: 0 for the root, 1 for its children, 2 for all others.
    `second` is (m, 1) bool, True for the second child of a root.
    """

    def leaf(self, x: Tensor, level: int, second: Tensor) -> Tensor:
        """State of leaves, (m, channels), from their features, (m, features)."""
        ...

    def own(self, x: Tensor) -> Tensor:
        """What inner nodes know before their children do, (m, any), from their features, (m, features)."""
        ...

    def join(self, children: Tensor, own: Tensor, level: int, second: Tensor) -> Tensor:
        """State of inner nodes, (m, channels), from the states of both children, (m, 2 channels), and `own`."""
        ...


def climb(cell: Cell, x: Tensor, inputs: Mapping[str, Tensor], channels: int) -> Tensor:
    """State of each root: the leaves first, then the parents of what is known, until the roots are reached.

    The nodes of one depth of all trees are one matrix product. Padding costs nothing, nor do shallow trees in the
    company of deep ones. An exported graph does the same in a loop (ONNX `Loop`) that ends at the deepest level.

    Args:
        cell: what is done at a node.
        x: features of the nodes, (batch, nodes, features).
        inputs: `children` (batch, nodes, 2) and `depth` (batch, nodes), integers, 0 for none; `mask` (batch, nodes)
            bool; as the representation `trees` makes them.
        channels: of the states.

    Returns:
        (batch, channels); zero for a tree without nodes.
    """
    children, depth, mask = inputs["children"].long(), inputs["depth"].long(), inputs["mask"]
    second = (torch.arange(mask.shape[1], device=x.device) == children[:, :1, 1]) & (depth == 1)
    run = _looped if exporting() else _packed
    return run(cell, x, children, depth, mask, second, channels)


def _packed(
    cell: Cell, x: Tensor, children: Tensor, depth: Tensor, mask: Tensor, second: Tensor, channels: int
) -> Tensor:
    """Only real nodes, sorted so that what is computed together lies together: inner nodes, leaves, each by depth."""
    batch, nodes = mask.shape
    real = mask.flatten().nonzero()[:, 0]
    is_leaf = children[..., 0].flatten()[real] == 0
    level = depth.flatten()[real]
    levels = int(level.max()) + 1 if len(real) else 1
    order = (level + levels * is_leaf).argsort(stable=True)
    real, is_leaf, level = real[order], is_leaf[order], level[order]
    inner, leaves = (torch.bincount(level[kind], minlength=levels) for kind in (~is_leaf, is_leaf))
    inner_sizes, leaf_sizes = inner.tolist(), leaves.tolist()
    below = sum(inner_sizes)
    # The states of a level are those of its inner nodes, then those of its leaves.
    first = torch.cat([inner.cumsum(0) - inner, below + leaves.cumsum(0) - leaves - inner])
    place = torch.arange(len(real), device=x.device) - first[level + levels * is_leaf]
    where = torch.zeros(batch * nodes, dtype=torch.int64, device=x.device).index_copy_(0, real, place)
    pairs = children.flatten(0, 1)[real[:below]] + (real[:below] // nodes * nodes)[:, None]
    rows, second = x.flatten(0, 1).index_select(0, real), second.flatten()[real, None]
    ends = [leaf_sizes[0], sum(leaf_sizes[1:2]), sum(leaf_sizes[2:])]
    parts = zip(torch.split(rows[below:], ends), range(3), torch.split(second[below:], ends), strict=True)
    starts = torch.split(torch.cat([cell.leaf(*part) for part in parts]), leaf_sizes)
    columns = (cell.own(rows[:below]), where[pairs], second[:below])
    joined = zip(*(torch.split(column, inner_sizes) for column in columns), strict=True)
    state = starts[-1]
    for d, (mine, pair, turned) in reversed(list(enumerate(joined))):
        if d == levels - 1:  # the deepest level has leaves only
            continue
        made = cell.join(state[pair].flatten(1), mine, min(d, 2), turned)
        state = torch.cat([made, starts[d].to(made.dtype)])
    roots = torch.cat([real[: inner_sizes[0]], real[below : below + leaf_sizes[0]]]) // nodes
    return state.new_zeros(batch, channels).index_copy(0, roots, state)


def _looped(
    cell: Cell, x: Tensor, children: Tensor, depth: Tensor, mask: Tensor, second: Tensor, channels: int
) -> Tensor:
    """The same over flat padded nodes, with nothing that depends on how many levels there are."""
    from torch._higher_order_ops import while_loop  # experimental in PyTorch, and needed for export only

    batch, nodes = mask.shape
    x, mask, depth, second = x.flatten(0, 1), mask.flatten(), depth.flatten(), second.flatten()[:, None]
    root = (torch.arange(batch, device=x.device) * nodes)[:, None]
    left, right = ((child + root).flatten() for child in (children[..., 0], children[..., 1]))
    is_leaf = mask & (children[..., 0].flatten() == 0)
    inner_depth = torch.where(mask & ~is_leaf, depth, -1)
    own = cell.own(x)

    def start(state: Tensor, level: int) -> Tensor:
        at = (is_leaf & (depth == level if level < 2 else depth >= 2)).nonzero()[:, 0]
        return state.index_put((at,), cell.leaf(x[at], level, second[at]))

    def step(state: Tensor, level: int, at: Tensor) -> Tensor:
        pair = torch.cat([state.index_select(0, left[at]), state.index_select(0, right[at])], dim=1)
        return state.index_put((at,), cell.join(pair, own[at], level, second[at]))

    state = x.new_zeros(batch * nodes, channels)
    for level in range(3):
        state = start(state, level)

    def deep(d: Tensor, state: Tensor) -> Tensor:
        return d >= 2

    def climbed(d: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return d - 1, step(state, 2, (inner_depth == d).nonzero()[:, 0])

    deepest = torch.cat([inner_depth, inner_depth.new_zeros(1)]).max()
    state = while_loop(deep, climbed, (deepest, state))[1]  # type: ignore[no-untyped-call]  # PyTorch's
    for level in (1, 0):
        state = step(state, level, (inner_depth == level).nonzero()[:, 0])
    return state.reshape(batch, nodes, channels)[:, 0] * mask.reshape(batch, nodes)[:, :1]
