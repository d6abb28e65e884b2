"""The patches of a sample that excite a filter most: what a layer has learned to look for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kaon.errors import ConfigError, DataError
from kaon.interpret.convolutions import Convolved, activations, layer_number, receptive_field
from kaon.interpret.picture_net import IMAGE, image_tensors, still
from kaon.models.base import Net

__all__ = ["Patches", "top_patches"]


@dataclass(frozen=True)
class Patches:
    """The patches for each filter of a layer, the most exciting first.

    Args:
        layer: the convolution.
        value: its output there, (filters, patches) float32.
        event: place of the event in the sample, (filters, patches) int64.
        corner: row and column of the upper left pixel, negative where the patch begins above the image,
            (filters, patches, 2) int64.
        pixels: (filters, patches, channels, height, width) float32, as the network reads them; NaN beyond the border.
    """

    layer: Convolved
    value: NDArray[np.float32]
    event: NDArray[np.int64]
    corner: NDArray[np.int64]
    pixels: NDArray[np.float32]


def top_patches(net: Net, inputs: Mapping[str, Tensor], *, layer: int = 0, count: int = 9, batch: int = 64) -> Patches:
    """The patches that a filter answers most strongly, one an event: where, and what they look like.

    Zeiler and Fergus, https://arxiv.org/abs/1311.2901, figure 2. A patch is the receptive field of one place in the
    layer's output: the pixels that it depends on and no others. The output is that of the convolution, before what
    follows. Among equal ones the earlier event comes first, and in an event the upper, then the left place.

    Args:
        net: on images.
        inputs: the sample.
        layer: number of the convolution in the order in which they run; negative from the last.
        count: patches for each filter; fewer if there are fewer events.
        batch: events a forward pass.

    Raises:
        ConfigError: the network reads no image, has no such convolution, or count or batch is below 1.
        DataError: the inputs are not what it reads, or the layer's output is not finite.
    """
    if count < 1 or batch < 1:
        raise ConfigError(f"count={count}, batch={batch}; at least 1 each")
    read = image_tensors(net, inputs)
    found = layer_number(net, inputs, layer)
    field = receptive_field(net, inputs, layer)
    value = torch.zeros((0, found.filters))
    event, place = (torch.zeros((0, found.filters), dtype=torch.int64) for _ in range(2))
    with still(net):
        for start in range(0, len(read[IMAGE]), batch):
            piece = {name: tensor[start : start + batch] for name, tensor in read.items()}
            answer = activations(net, piece, found.number).float().flatten(2)
            if not bool(torch.isfinite(answer).all()):
                raise DataError(f"the output of convolution {found.number} is not finite for events from {start} on")
            highest = answer.amax(2)
            first = (answer == highest[..., None]).int().argmax(2)  # of equal ones, on every device
            numbers = torch.arange(start, start + len(highest))[:, None].expand(-1, found.filters)
            value = torch.cat([value, highest.cpu()])
            event, place = torch.cat([event, numbers]), torch.cat([place, first.cpu()])
            order = value.argsort(dim=0, descending=True, stable=True)[:count]
            value, event, place = (t.gather(0, order) for t in (value, event, place))
    events, places = event.T.numpy(), np.stack(np.divmod(place.T.numpy(), found.output[1]), axis=-1)
    corner = field.corner(places)
    pixels = _cut(read[IMAGE].float().cpu().numpy(), events, corner, field.size)
    return Patches(found, value.T.numpy(), events, corner, pixels)


def _cut(
    images: NDArray[np.float32], event: NDArray[np.int64], corner: NDArray[np.int64], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Rectangles of images, (..., channels, height, width), NaN where they reach beyond."""
    rows, columns = (corner[..., axis, None] + np.arange(size[axis]) for axis in range(2))
    inside = [(lines >= 0) & (lines < images.shape[2 + axis]) for axis, lines in enumerate((rows, columns))]
    rows, columns = (lines.clip(0, images.shape[2 + axis] - 1) for axis, lines in enumerate((rows, columns)))
    taken = images[event[..., None, None], :, rows[..., :, None], columns[..., None, :]]  # channels come last
    shown = (inside[0][..., :, None] & inside[1][..., None, :])[..., None]
    return np.moveaxis(np.where(shown, taken, np.float32(np.nan)), -1, -3)
