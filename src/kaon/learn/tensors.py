"""In-memory training data served as whole-tensor slices, not event by event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kaon.data import Batch

__all__ = ["Sample", "TensorBatches", "as_tensors", "to_tensors"]

Sample = tuple[dict[str, Tensor], Tensor, Tensor]
"""Inputs, targets (batch,), weights (batch,)."""


def to_tensors(batch: Batch, weight: np.ndarray[Any, Any] | None = None) -> Sample:
    """A batch as tensors that share its memory; weights are scaled to a mean absolute value of one.

    Args:
        batch: labelled events.
        weight: training weights, (events,); None for the batch's own.
    """
    used = batch.weights if weight is None else weight
    scale = np.abs(used).mean() if len(used) else 1.0
    return (
        as_tensors(batch.inputs),
        torch.from_numpy(batch.labels),
        torch.from_numpy((used / (scale or 1.0)).astype(np.float32)),
    )


def as_tensors(inputs: Mapping[str, np.ndarray[Any, Any]]) -> dict[str, Tensor]:
    """Named arrays as tensors that share their memory."""
    return {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in inputs.items()}


class TensorBatches:
    """Mini-batches of tensors in groups, in an order that depends on seed and epoch only.

    A group is a list of mini-batches: the trainer's cost of a call is paid once a group, so that a small network trains
    as fast as in a bare loop.

    Args:
        sample: all events.
        batch_size: events of a mini-batch; the last one of an epoch may be smaller.
        shuffle: draw a new order each epoch.
        seed: of that order.
        group: mini-batches of a group.
        rank, world: this process takes every world-th mini-batch; all processes get the same number.
    """

    def __init__(
        self,
        sample: Sample,
        batch_size: int,
        *,
        shuffle: bool = False,
        seed: int = 0,
        group: int = 1,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.sample, self.batch_size, self.shuffle, self.seed = sample, batch_size, shuffle, seed
        self.group, self.rank, self.world = group, rank, world
        self.epoch = 0
        """Decides the order; the trainer's module counts it up."""

    @property
    def batches(self) -> int:
        """Mini-batches of an epoch in this process."""
        whole = -(-len(self.sample[1]) // self.batch_size)
        return whole if self.world == 1 else max(1, whole // self.world)

    def __len__(self) -> int:
        return -(-self.batches // self.group)

    def __iter__(self) -> Iterator[list[Sample]]:
        inputs, target, weight = self.sample
        events = len(target)
        order = None
        if self.shuffle:
            # One generator a call: the order of an epoch is the same in a run that was stopped and resumed.
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
            order = torch.randperm(events, generator=generator).to(target.device)
        group: list[Sample] = []
        for i in range(self.batches):
            start = (i * self.world + self.rank) * self.batch_size
            piece = slice(start, min(start + self.batch_size, events))
            if order is None:
                group.append(({k: v[piece] for k, v in inputs.items()}, target[piece], weight[piece]))
            else:
                rows = order[piece]
                chosen = {k: v.index_select(0, rows) for k, v in inputs.items()}
                group.append((chosen, target.index_select(0, rows), weight.index_select(0, rows)))
            if len(group) == self.group:
                yield group
                group = []
        if group:
            yield group
