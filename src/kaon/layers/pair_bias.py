"""The network that makes attention biases of the features of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.layers.export import exporting
from kaon.layers.pair_stage import PairStage, moments, pieces

__all__ = ["PairBias"]


class PairBias(nn.Module):
    """An MLP from the features of a pair of particles to one attention bias a head.

    BatchNorm, then Linear, BatchNorm and GELU for each width, the last without GELU: Qu, Li, Qian,
    https://arxiv.org/abs/2202.03772, section 3.2. In evaluation the batch norms are folded into the linear layers.

    Args:
        features: of a pair.
        widths: of the hidden layers.
        heads: biases of a pair.
    """

    def __init__(self, features: int, widths: Sequence[int], heads: int) -> None:
        super().__init__()
        sizes = [features, *widths, heads]
        self.norms = nn.ModuleList(nn.BatchNorm1d(size) for size in sizes)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def forward(self, x: Tensor) -> Tensor:
        """(pairs, features) -> (pairs, heads), float32 at least; in evaluation any leading axes."""
        if self.training and len(x):
            return self._train(x)
        layers = self._folded()
        if exporting():
            return self._evaluate(x, layers)
        return torch.cat([self._evaluate(piece, layers) for piece in pieces(x)])

    def _train(self, x: Tensor) -> Tensor:
        lowered = torch.is_autocast_enabled(x.device.type)
        dtype = torch.get_autocast_dtype(x.device.type) if lowered else x.dtype
        mean, variance = moments(x)
        dropped = torch.zeros_like(mean)  # the bias of the layer in front, which a stage leaves out
        stage: Any = PairStage.apply
        norm: Any
        layer: Any
        for depth, (norm, layer) in enumerate(zip(self.norms, self.layers, strict=False)):
            self._remember(norm, mean + dropped, variance, len(x))
            dropped = layer.bias
            x, mean, variance = stage(
                x, mean, variance, norm.weight, norm.bias, layer.weight, layer.bias, norm.eps, depth > 0, dtype
            )
        last: Any = self.norms[-1]
        self._remember(last, mean + dropped, variance, len(x))
        x = x.to(mean.dtype)
        variance, mean = torch.var_mean(x, dim=0, correction=0)  # as above, but differentiable
        made: Tensor = (x - mean) * (last.weight * (variance + last.eps).rsqrt()) + last.bias
        return made

    @staticmethod
    @torch.no_grad()
    def _remember(norm: Any, mean: Tensor, variance: Tensor, rows: int) -> None:
        """Update the running statistics as `nn.BatchNorm1d` does."""
        norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), norm.momentum)
        unbiased = variance * (rows / max(1, rows - 1))
        norm.running_var.lerp_(unbiased.to(norm.running_var.dtype), norm.momentum)
        norm.num_batches_tracked += 1

    def _folded(self) -> list[tuple[Tensor, Tensor]]:
        """(factor, term) of the first norm, then (matrix, offset) of each linear layer with the norm behind it."""
        made = []
        norm: Any
        layer: Any
        for norm, layer in zip(self.norms, [None, *self.layers], strict=True):
            scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
            shift = norm.bias - norm.running_mean * scale
            made.append(
                (scale, shift) if layer is None else (layer.weight * scale[:, None], layer.bias * scale + shift)
            )
        return made

    @staticmethod
    def _evaluate(x: Tensor, layers: list[tuple[Tensor, Tensor]]) -> Tensor:
        (scale, shift), *linear = layers
        x = x * scale + shift  # not folded: in bfloat16 the raw features would lose too much
        for depth, (matrix, offset) in enumerate(linear):
            x = F.linear(F.gelu(x) if depth else x, matrix, offset)
        return x.to(torch.promote_types(x.dtype, torch.float32))
