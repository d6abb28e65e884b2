"""Stochastic weight averaging: the mean of the weights that a training passes through at a constant learning rate.

Izmailov et al., https://arxiv.org/abs/1803.05407: theta_SWA = (1 / n) sum_i theta_i over the ends of the last n epochs.
The mean lies in the middle of a flat region of the loss, at whose border single epochs end. The statistics of batch
normalisation belong to no mean of weights, and are taken again from the training events.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import update_bn

from kaon.models.base import Net

__all__ = ["first_averaged", "renew_statistics", "running_mean"]


def first_averaged(epochs: int, share: float) -> int:
    """Number of the first epoch whose weights count; the last epoch always does.

    >>> first_averaged(20, 0.25), first_averaged(3, 0.1), first_averaged(4, 1.0)
    (15, 2, 0)
    """
    return min(math.ceil(epochs * (1 - share) - 1e-9), epochs - 1)


def running_mean(mean: Mapping[str, Tensor], count: int, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The mean of count + 1 states from that of `count` and one more; whole numbers (counters) are the last ones.

    >>> running_mean({"w": torch.tensor([1.0])}, 1, {"w": torch.tensor([3.0])})
    {'w': tensor([2.])}
    """
    if not count:
        return {name: value.clone() for name, value in state.items()}
    return {
        name: mean[name] + (value - mean[name]) / (count + 1) if value.is_floating_point() else value.clone()
        for name, value in state.items()
    }


def renew_statistics(net: Net, inputs: Iterable[dict[str, Tensor]], seed: int) -> None:
    """Means and variances of batch normalisation for the weights as they are now; nothing for a network without it.

    Args:
        net: on the CPU.
        inputs: mini-batches of the training events.
        seed: of the dropout in this pass.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        loader: Any = ((batch,) for batch in inputs)
        update_bn(loader, net)
