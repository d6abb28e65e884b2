"""The filters of the first layer, which are pictures themselves: what a network looks for in the pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kaon.errors import ConfigError
from kaon.interpret.convolutions import Watch
from kaon.interpret.picture_net import IMAGE, image_net, image_tensors, still
from kaon.models.base import Net

__all__ = ["Filters", "first_filters"]


@dataclass(frozen=True)
class Filters:
    """Weights of the layer that reads the pixels.

    Args:
        kind: `convolution`, or `dense`, whose filters are as large as the image.
        weights: (filters, channels, height, width) float32, of the normalised pixels.
    """

    kind: Literal["convolution", "dense"]
    weights: NDArray[np.float32]


def first_filters(net: Net) -> Filters:
    """The filters of the first layer of a network on images, as they are used: with a batch norm that is folded in.

    A convolution slides its filters over the picture without turning them: in mathematics a cross-correlation. The
    weights of a dense layer that reads all pixels are reshaped to the picture, one for each unit.

    Args:
        net: on images.

    Raises:
        ConfigError: the network reads no image, or its first layer is neither a convolution nor dense.
    """
    shape = tuple(int(size) for size in image_net(net).spec[IMAGE].shape)
    example = {name: torch.from_numpy(values) for name, values in net.spec.example(1).items()}
    with still(net), torch.no_grad(), Watch() as watch:
        net(image_tensors(net, example))
    weight = watch.first
    if weight is not None and weight.ndim == 4 and weight.shape[1] >= shape[0]:
        return Filters("convolution", _plain(weight[:, : shape[0]]))  # channels may have been filled up
    if weight is not None and weight.ndim == 2 and weight.shape[1] == math.prod(shape):
        return Filters("dense", _plain(weight.reshape(-1, *shape)))
    raise ConfigError(
        f"{type(net).__name__} has no first layer whose weights are pictures: neither a convolution of {shape[0]} "
        f"channels nor a dense layer of {math.prod(shape)} pixels; choose a model that has one, for example cnn"
    )


def _plain(weight: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(weight.detach().float().cpu().numpy())
