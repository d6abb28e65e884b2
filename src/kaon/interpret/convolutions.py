"""What happens inside a network: its convolutions in the order in which they run, their output, and what it depends on.

Convolutions are watched where PyTorch is called, not where a layer is defined: networks here fold batch norms into
them, or fill up channels, and call the operation themselves.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from kaon.errors import ConfigError
from kaon.interpret.picture_net import IMAGE, image_tensors, still
from kaon.models.base import Net

__all__ = ["Convolved", "ReceptiveField", "Watch", "activations", "convolutions", "layer_number", "receptive_field"]

_PIECE = 32
"""Images whose dependence is tried at a time."""


@dataclass(frozen=True)
class Convolved:
    """One convolution of a network.

    Args:
        number: its place in the order in which they run, from 0.
        filters: how many.
        kernel: height and width of a filter, pixels of its input.
        output: height and width of what it gives.
    """

    number: int
    filters: int
    kernel: tuple[int, int]
    output: tuple[int, int]


@dataclass(frozen=True)
class ReceptiveField:
    """The pixels of the image on which each place of a layer's output depends: a rectangle, rows by columns.

    Args:
        rows: (height of the output, 2): first row of the image, and the one after the last, within the image.
        columns: (width of the output, 2) alike.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the largest, which is that of all places away from the border."""
        height, width = (int(np.ptp(ends, axis=1).max()) for ends in (self.rows, self.columns))
        return height, width

    def corner(self, place: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row and column of the upper left pixel of fields of full size, negative where they begin above the image.

        Args:
            place: row and column in the layer's output, (..., 2).
        """
        starts = []
        for axis, (ends, size) in enumerate(zip((self.rows, self.columns), self.size, strict=True)):
            first, last = ends[place[..., axis]].T
            starts.append(np.where((first == 0) & (last < size), last - size, first).T)
        return np.stack(starts, axis=-1)


def convolutions(net: Net, inputs: Mapping[str, Tensor]) -> tuple[Convolved, ...]:
    """The two-dimensional convolutions of a network, in the order in which they run.

    Args:
        net: on images.
        inputs: at least one event.

    Raises:
        ConfigError: the network reads no image, or has no convolution.
        DataError: the inputs are not what it reads.
    """
    read = {name: value[:1] for name, value in image_tensors(net, inputs).items()}
    with still(net), torch.no_grad(), Watch() as watch:
        net(read)
    if not watch.seen:
        raise ConfigError(f"{type(net).__name__} has no convolution; choose one that has, for example cnn")
    return tuple(watch.seen)


def layer_number(net: Net, inputs: Mapping[str, Tensor], layer: int) -> Convolved:
    """The convolution with this number; negative ones count from the last.

    Raises:
        ConfigError: there are fewer.
    """
    found = convolutions(net, inputs)
    if not -len(found) <= layer < len(found):
        raise ConfigError(f"layer {layer} of {type(net).__name__}; it has the convolutions 0 to {len(found) - 1}")
    return found[layer]


def activations(net: Net, inputs: Mapping[str, Tensor], layer: int) -> Tensor:
    """Output of one convolution before whatever follows it, (events, filters, height, width); nothing after it is run.

    Args:
        net: still.
        inputs: as `image_tensors` returns them.
        layer: number of the convolution, from 0.
    """
    # Where gradients are wanted, networks do not split a batch, so the first call sees all events.
    with torch.enable_grad(), Watch(layer) as watch, suppress(_Reached):
        net(dict(inputs))
    assert watch.output is not None
    output: Tensor = watch.output.detach()
    return output


def receptive_field(net: Net, inputs: Mapping[str, Tensor], layer: int = 0) -> ReceptiveField:
    """On which pixels the output of a convolution depends.

    Kernels, strides, paddings and poolings of every layer before it decide that (Araujo, Norris, Sim, Distill 2019,
    https://doi.org/10.23915/distill.00021), along all paths of a network with shortcuts. Here it is found by asking:
    one row, and then one column, of the image is NaN, and so becomes all that depends on it, whatever the weights. In
    double precision on a CPU, where convolutions are sums of products and no transforms that would mix neighbours.

    Args:
        net: on images.
        inputs: at least one event.
        layer: number of the convolution in the order in which they run; negative from the last.

    Raises:
        ConfigError: the network reads no image, or has no such convolution.
    """
    number = layer_number(net, inputs, layer).number
    double = copy.deepcopy(net).cpu().double().eval()
    one = {name: value[:1].cpu() for name, value in image_tensors(double, inputs).items()}
    return ReceptiveField(*(_ends(double, one, number, axis) for axis in (2, 3)))


def _ends(net: Net, one: dict[str, Tensor], number: int, axis: int) -> NDArray[np.int64]:
    """First line of the image that each line of the output depends on, and the one after the last, (lines, 2)."""
    lines = torch.arange(one[IMAGE].shape[axis])
    touched = []
    for tried in torch.split(lines, _PIECE):
        repeated = {name: value.repeat(len(tried), *[1] * (value.ndim - 1)) for name, value in one.items()}
        struck = (lines == tried[:, None]).reshape(len(tried), 1, *((-1, 1) if axis == 2 else (1, -1)))
        repeated[IMAGE] = repeated[IMAGE].masked_fill(struck, torch.nan)
        touched.append(activations(net, repeated, number).isnan().any(1).any(4 - axis))
    depends: NDArray[np.bool_] = torch.cat(touched).numpy()  # (lines of the image, lines of the output)
    ends = np.stack([depends.argmax(0), len(depends) - np.flipud(depends).argmax(0)], axis=1)
    return np.where(np.asarray(depends.any(0))[:, np.newaxis], ends, 0).astype(np.int64)


class _Reached(Exception):
    """No error: the layer that was asked for has run, and what follows need not."""


class Watch(TorchFunctionMode):
    """Notes every convolution that runs in a block, and the weights of the first one or of the first dense layer.

    Args:
        layer: number of the convolution to stop at, with an exception; None for none.
    """

    def __init__(self, layer: int | None = None) -> None:
        super().__init__()
        self.layer = layer
        self.seen: list[Convolved] = []
        self.first: Tensor | None = None
        self.output: Tensor | None = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Called by PyTorch for each of its functions."""
        made = func(*args, **(kwargs or {}))
        if func not in (F.conv2d, F.linear):
            return made
        weight = args[1] if len(args) > 1 else kwargs["weight"]
        self.first = weight if self.first is None else self.first
        if func is F.conv2d:
            filters, _, *kernel = weight.shape
            self.seen.append(Convolved(len(self.seen), filters, (kernel[0], kernel[1]), tuple(made.shape[2:])))
            if len(self.seen) - 1 == self.layer:
                self.output = made
                raise _Reached
        return made
