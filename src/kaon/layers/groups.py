"""A padded batch cut into groups of events of similar length, so that little padding is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Group", "by_length", "in_order"]

TOKENS = {"cpu": 1024, "cuda": 1 << 16}
"""Constituents of a group, padding included: what stays in a core's cache, or what fills an accelerator."""


@dataclass(frozen=True)
class Group:
    """Some events of a batch, their real constituents first.

    Args:
        rows: numbers of the events in the batch, (events,).
        place: where their constituents are on the padded axis, (events, length).
        mask: True for real constituents, (events, length); every row is True, ..., True, False, ..., False.
    """

    rows: Tensor
    place: Tensor
    mask: Tensor

    def take(self, x: Tensor) -> Tensor:
        """The group's part of a padded tensor: (batch, constituents, ...) -> (events, length, ...)."""
        return x[self.rows[:, None], self.place]


def by_length(mask: Tensor, tokens: int | None = None) -> list[Group]:
    """Groups of events, the longest first, each padded to its own longest event.

    At real occupancy of jets (47 of 100 constituents, widely spread) about one in twenty of the computed constituents
    is padding, instead of every second. An event without constituents keeps one masked place.

    Args:
        mask: (batch, constituents) bool, True for real constituents.
        tokens: aimed at events x length of a group; None for a size that suits the device.

    Returns:
        At least one group, also for an empty batch; together they hold every event once.
    """
    size = tokens or TOKENS.get(mask.device.type, TOKENS["cuda"])
    counts = mask.sum(1)
    order = counts.argsort(descending=True, stable=True)
    place = (~mask).to(torch.uint8).argsort(dim=1, stable=True)
    lengths: list[int] = counts[order].tolist()
    groups: list[Group] = []
    start = 0
    while start < len(lengths) or not groups:
        length = max(1, lengths[start]) if lengths else mask.shape[1]
        rows = order[start : start + max(1, size // length)]
        start += max(1, len(rows))
        inside = torch.arange(length, device=mask.device) < counts[rows, None]
        groups.append(Group(rows, place[rows, :length], inside))
    return groups


def in_order(parts: Sequence[Tensor], groups: Sequence[Group]) -> Tensor:
    """Results of all groups in the order of the batch: undoes `by_length`.

    Args:
        parts: one tensor a group, (events, ...).
        groups: as `by_length` made them.
    """
    order = torch.cat([group.rows for group in groups])
    return torch.cat(list(parts))[order.argsort()]
