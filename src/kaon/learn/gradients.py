"""How large the gradient of the loss is in each layer of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.errors import DataError
from kaon.models.base import Net

__all__ = ["SIGMOID_SLOPE", "LayerGradients", "factor", "layer_gradients", "sigmoid_bound"]

SIGMOID_SLOPE = 0.25
"""Largest derivative of the sigmoid 1 / (1 + e^-z): s' = s (1 - s), with s = 1/2 at z = 0."""


@dataclass(frozen=True)
class LayerGradients:
    """Norms of a gradient, layer by layer, the input's side first.

    Args:
        names: of the layers, as `nn.Module.named_modules` has them.
        norms: Frobenius norm of d(loss)/d(weights) of each, (layers,) float64.
    """

    names: tuple[str, ...]
    norms: NDArray[np.float64]


def layer_gradients(net: Net, inputs: dict[str, Tensor], target: Tensor) -> LayerGradients:
    """|dL/dW_n| of the mean cross-entropy L of a batch, for every layer n that has a weight matrix or filters.

    Nothing is trained: weights, their `.grad`, the mode of the network and running means stay as they are; dropout is
    off.

    Args:
        net: any network.
        inputs: as the network reads them, (batch, ...) each.
        target: class numbers, (batch,).

    Raises:
        DataError: an empty batch, or a gradient that is not finite.
    """
    if not len(target):
        raise DataError("a gradient needs at least one event; the batch is empty")
    layers = {
        name: weight
        for name, module in net.named_modules()
        if isinstance(weight := getattr(module, "weight", None), nn.Parameter) and weight.ndim > 1
    }
    training = net.training
    net.eval()
    try:
        with torch.enable_grad():
            loss = F.cross_entropy(net(inputs).float(), target)
            gradients = torch.autograd.grad(loss, list(layers.values()), allow_unused=True, materialize_grads=True)
    finally:
        net.train(training)
    norms = np.array([float(g.cpu().double().norm()) for g in gradients])
    if not np.isfinite(norms).all():
        worst = [name for name, norm in zip(layers, norms, strict=True) if not np.isfinite(norm)]
        raise DataError(f"the gradient of {', '.join(worst)} is not finite; look for extreme inputs or weights")
    return LayerGradients(tuple(layers), norms)


def sigmoid_bound(layers: int, norms: Sequence[float] = ()) -> NDArray[np.float64]:
    """What is left at most of a gradient that is propagated back through 0, 1, ..., layers - 1 layers of sigmoids.

    |dL/dz_{n-1}| <= s'_max |W_n| |dL/dz_n| with s'_max = 1/4 and spectral norms |W_n|, so that weights of norm one
    leave (1/4)^n.

    Args:
        layers: how many numbers.
        norms: spectral norms of the weights passed, the output's side first, (layers - 1,); empty for ones.

    >>> sigmoid_bound(3).tolist()
    [1.0, 0.25, 0.0625]
    >>> sigmoid_bound(3, [4.0, 1.0]).tolist()
    [1.0, 1.0, 0.25]
    """
    passed = np.asarray(norms, np.float64) if len(norms) else np.ones(layers - 1)
    return np.cumprod(np.concatenate([[1.0], SIGMOID_SLOPE * passed[: layers - 1]]))


def factor(norms: NDArray[np.float64]) -> float:
    """By what factor norms change from each layer to the one before it, nearer to the input: their geometric mean.

    It is the slope of the least-squares line through log norms against the number of the layer. NaN for fewer than two
    layers, or where a norm is zero.

    >>> round(factor(np.array([1.0, 4.0, 16.0])), 12)
    0.25
    """
    if len(norms) < 2 or not (norms > 0).all():
        return float("nan")
    place = np.arange(len(norms)) - (len(norms) - 1) / 2
    return float(np.exp(-(place @ np.log(norms)) / (place @ place)))
