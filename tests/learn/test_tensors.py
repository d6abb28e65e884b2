from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from kaon.data import Batch
from kaon.learn.tensors import TensorBatches, to_tensors


def targets_of(batches: TensorBatches) -> list[int]:
    return [int(x) for group in batches for _, _, weight in group for x in weight]


def numbered(count: int) -> Batch:
    """Events whose weight is their number, so that the order can be read back."""
    return Batch({"x": np.zeros((count, 1), np.float32)}, np.zeros(count, np.int64), None, np.arange(count))


def make(count: int = 103, **options: object) -> TensorBatches:
    inputs, target, _ = to_tensors(numbered(count))
    return TensorBatches((inputs, target, torch.arange(count)), 10, **options)  # type: ignore[arg-type]


def test_every_event_is_served_once_an_epoch_in_another_order() -> None:
    batches = make(shuffle=True, seed=3, group=4)
    first = targets_of(batches)
    batches.epoch = 1
    second = targets_of(batches)
    assert sorted(first) == sorted(second) == list(range(103))
    assert first != second


def test_order_depends_on_seed_and_epoch_only() -> None:
    late = make(shuffle=True, seed=3, group=1)
    early = make(shuffle=True, seed=3, group=7)
    early.epoch = late.epoch = 5
    assert targets_of(early) == targets_of(late) != targets_of(make(shuffle=True, seed=4))


def test_unshuffled_slices_share_the_memory_of_the_sample() -> None:
    batches = make()
    first = next(iter(batches))[0][0]["x"]
    assert first.untyped_storage().data_ptr() == batches.sample[0]["x"].untyped_storage().data_ptr()


def test_processes_share_the_work_evenly_and_without_overlap() -> None:
    pieces = [targets_of(make(shuffle=True, rank=r, world=2)) for r in (0, 1)]
    assert not set(pieces[0]) & set(pieces[1])
    assert len(make(rank=0, world=2)) == len(make(rank=1, world=2)) == 5


def test_length_counts_groups() -> None:
    assert len(make(group=4)) == 3 == len(list(make(group=4)))


def test_weights_are_scaled_to_unit_mean_and_keep_their_signs() -> None:
    weight = np.array([2.0, -4.0, 6.0])
    batch = replace(numbered(3), weight=weight)
    assert to_tensors(batch)[2].tolist() == [0.5, -1.0, 1.5]
