"""What a network needs to see: how far the probability of a class falls when a patch of the image is covered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from kaon.errors import ConfigError
from kaon.extras import require
from kaon.interpret.picture_net import Output, chosen, image_tensors, scores, still
from kaon.models.base import Net

__all__ = ["Occlusion", "occlusion"]


@dataclass(frozen=True)
class Occlusion:
    """Maps of what covering takes away.

    Args:
        maps: (events, height, width) float32: the loss, mean over the patches that cover a pixel; negative where
            covering helps the class.
        score: of the class for the image as it is, (events,) float32.
        classes: that were looked at, (events,) int64.
    """

    maps: NDArray[np.float32]
    score: NDArray[np.float32]
    classes: NDArray[np.int64]


def occlusion(
    net: Net,
    inputs: Mapping[str, Tensor],
    *,
    size: int | tuple[int, int] = 5,
    stride: int = 1,
    fill: float = 0.0,
    classes: ArrayLike | None = None,
    of: Output = "probability",
    batch: int = 256,
) -> Occlusion:
    """Cover every patch of each image in turn, and see how far the class's probability falls.

    Zeiler and Fergus, https://arxiv.org/abs/1311.2901, section 4.2, by Captum (https://captum.ai). All channels are
    covered together. Costs a forward pass a patch and event: (height x width) / stride^2 of them.

    Args:
        net: on images.
        inputs: the events.
        size: of the patch, pixels: on a side, or height and width.
        stride: pixels from one patch to the next; patches at the lower and right border may be cut.
        fill: what the patch is covered with, before the network's normalisation: 0 is no light, or no energy.
        classes: of which the probability is meant, one for all or (events,); by default the predicted ones.
        of: `probability`, or `logit`.
        batch: covered images a forward pass.

    Raises:
        ConfigError: the network reads no image, or a patch that does not fit into the image.
        DataError: the inputs are not what it reads, or there is no such class.
        MissingExtra: Captum is not installed.
    """
    height, width = (size, size) if isinstance(size, int) else size
    read = image_tensors(net, inputs)
    image, *others = read.values()
    if not (1 <= height <= image.shape[2] and 1 <= width <= image.shape[3]) or batch < 1:
        raise ConfigError(
            f"a patch of {height} x {width}, batch={batch}; at least 1, at most the image {image.shape[2:]}"
        )
    if not 1 <= stride <= min(height, width) or not np.isfinite(fill):
        raise ConfigError(f"stride={stride}, fill={fill}; from 1 to the patch's size, so that every pixel is covered")
    captum = require("captum.attr")
    channels, maps, found = image.shape[1], [], []
    events = min(batch, len(image))
    with still(net), torch.no_grad():
        wanted = chosen(net, read, classes, batch)
        look = captum.Occlusion(scores(net, of))
        for start in range(0, len(image), events):
            some = slice(start, start + events)
            more = tuple(other[some] for other in others)
            covered = look.attribute(
                image[some],
                sliding_window_shapes=(channels, height, width),
                strides=(channels, stride, stride),
                baselines=fill,
                target=wanted[some],
                additional_forward_args=more or None,
                perturbations_per_eval=max(1, batch // len(image[some])),
            )
            maps.append(covered[:, 0].float().cpu().numpy())
            found.append(scores(net, of)(image[some], *more).gather(1, wanted[some, None])[:, 0].float().cpu().numpy())
    return Occlusion(np.concatenate(maps), np.concatenate(found), wanted.cpu().numpy())
