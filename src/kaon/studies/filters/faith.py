"""Do maps tell the truth? What is left of a class when the pixels that a map calls important are covered."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kaon.interpret import integrated_gradients, occlusion, saliency
from kaon.interpret.picture_net import IMAGE, chosen, image_tensors, scores, still
from kaon.models.base import Net

__all__ = ["WAYS", "left"]

WAYS = ("nothing", "random", "occlusion", "gradient", "integrated")
"""What is covered: nothing, random pixels that are not black, or those that a map puts first."""


def left(
    net: Net, inputs: Mapping[str, Tensor], *, share: float = 0.05, size: int = 5, stride: int = 3, seed: int = 0
) -> dict[str, float]:
    """Mean probability that is left of the predicted class, for each of `WAYS`.

    Args:
        net: on images.
        inputs: the events.
        share: of the pixels that are covered, with black.
        size, stride: of the patches of the occlusion.
        seed: of the random pixels.
    """
    read = image_tensors(net, inputs)
    image = read[IMAGE]
    light = image.abs().sum(1).cpu().numpy()
    with still(net):
        classes = chosen(net, read, None)
    order = {
        "nothing": np.zeros_like(light),
        "random": np.random.default_rng(seed).random(light.shape) * (light > 0),
        "occlusion": occlusion(net, read, size=size, stride=stride, classes=classes.cpu().numpy()).maps,
        "gradient": np.abs(saliency(net, read, classes=classes.cpu().numpy()).maps).sum(1),
        "integrated": integrated_gradients(net, read, classes=classes.cpu().numpy(), steps=20).maps.sum(1),
    }
    count = max(1, round(share * light[0].size))
    found = {}
    with still(net), torch.no_grad():
        for way in WAYS:
            hidden = _first(order[way], 0 if way == "nothing" else count)
            seen = torch.where(torch.from_numpy(hidden)[:, None].to(image.device), 0.0, image)
            probability = scores(net, "probability")(seen, *list(read.values())[1:])
            found[way] = float(probability.gather(1, classes[:, None]).mean())
    return found


def _first(importance: NDArray[np.floating], count: int) -> NDArray[np.bool_]:
    """Marks the pixels of each map that come first."""
    flat = importance.reshape(len(importance), -1)
    hidden = np.zeros(flat.shape, bool)
    np.put_along_axis(hidden, np.argsort(-flat, axis=1, kind="stable")[:, :count], True, axis=1)
    return hidden.reshape(importance.shape)
