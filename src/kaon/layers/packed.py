"""A batch of padded jets as one list of real constituents, the jets in order of length."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Packed", "Rectangle", "pack"]

_SLACK = 1.15
"""Most constituents of a group over its least: what padding within a group may cost."""
_ROOM = 1 << 21
"""Most entries of a matrix of distances, jets x constituents x constituents: it stays in the cache."""


@dataclass(frozen=True, eq=False)
class Rectangle:
    """Jets of nearly the same length, none of them empty.

    Args:
        start, stop: their constituents among the packed ones.
        length: of the longest.
        index: (jets, length) packed position of each constituent, in range for padding too.
        real: (jets, length) bool; None where nothing is padded.
        first: (jets,) packed position of the first constituent.
    """

    start: int
    stop: int
    length: int
    index: Tensor
    real: Tensor | None
    first: Tensor


@dataclass(frozen=True, eq=False)
class Packed:
    """Where the real constituents of a batch are.

    Args:
        rows: (nodes,) position in the flattened (batch * constituents) array; jets by rising length.
        owner: (nodes,) number of the jet in the batch.
        counts: (batch,) constituents of each jet.
        groups: the same jets as rectangles; empty jets are in none.
    """

    rows: Tensor
    owner: Tensor
    counts: Tensor
    groups: tuple[Rectangle, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, x: Tensor) -> Tensor:
        """The real ones of padded values: (batch, constituents, features) -> (nodes, features)."""
        return x.flatten(0, 1).index_select(0, self.rows)

    def mean(self, x: Tensor) -> Tensor:
        """Mean over the constituents of each jet, 0 for an empty one: (nodes, features) -> (batch, features)."""
        total = x.new_zeros(len(self.counts), x.shape[1]).index_add(0, self.owner, x)
        return total / self.counts.clamp(min=1).to(x.dtype)[:, None]


def pack(mask: Tensor, exact: int = 0) -> Packed:
    """Order the jets by length and leave the padding out.

    Args:
        mask: (batch, constituents) bool, True for real constituents, wherever they are.
        exact: jets of up to so many constituents share a group with jets of the same length only.
    """
    counts = mask.sum(1)
    order = counts.argsort(stable=True)
    jet, place = mask.index_select(0, order).nonzero(as_tuple=True)
    owner = order.index_select(0, jet)
    lengths = counts.index_select(0, order)
    starts = lengths.cumsum(0) - lengths
    groups = []
    for begin, end, first, stop, shortest, longest in _cuts(lengths.tolist(), exact):
        steps = torch.arange(longest, device=mask.device)
        index = starts[begin:end, None] + steps
        real = None if shortest == longest else steps < lengths[begin:end, None]
        groups.append(Rectangle(first, stop, longest, index.clamp(max=len(owner) - 1), real, starts[begin:end]))
    return Packed(owner * mask.shape[1] + place, owner, counts, tuple(groups))


def _cuts(lengths: list[int], exact: int) -> list[tuple[int, int, int, int, int, int]]:
    """(first jet, one past the last, first node, one past the last, least length, largest length) of each group."""
    made = []
    begin = sum(length == 0 for length in lengths)
    node = 0
    while begin < len(lengths):
        shortest = lengths[begin]
        most = shortest if shortest <= exact else int(shortest * _SLACK)
        end, stop = begin, node
        while end < len(lengths) and lengths[end] <= most and (end + 1 - begin) * lengths[end] ** 2 <= _ROOM:
            stop += lengths[end]
            end += 1
        if end == begin:  # a single jet too large for the room
            stop, end = node + shortest, begin + 1
        made.append((begin, end, node, stop, shortest, lengths[end - 1]))
        begin, node = end, stop
    return made
