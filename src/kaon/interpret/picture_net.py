"""Networks that read an image, as those that look into them need them: still, on one device, one class at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from kaon.data import Batch
from kaon.errors import ConfigError, DataError
from kaon.models.base import Net

__all__ = ["IMAGE", "Output", "Scores", "chosen", "image_net", "image_tensors", "scores", "still", "tensors"]

IMAGE = "image"
"""The input that holds the picture, (events, channels, height, width)."""

Output: TypeAlias = Literal["logit", "probability"]
Scores: TypeAlias = Callable[..., Tensor]
"""Image and the other inputs in the order of the network -> (events, classes)."""


def image_net(net: object) -> Net:
    """The network, if it reads an image.

    Raises:
        ConfigError: boosted trees, or a network of other inputs.
    """
    if not isinstance(net, Net):
        raise ConfigError(f"{type(net).__name__} is no network; only networks that read an image can be looked into")
    if IMAGE not in net.spec.names or len(net.spec[IMAGE].shape) != 3:
        raise ConfigError(
            f"{type(net).__name__} reads {', '.join(net.spec.names)} and no image; models that do have one of the "
            "representations images, images_w, images_color, images_resnext, pictures, for example cnn"
        )
    return net


def tensors(batch: Batch, net: Net) -> dict[str, Tensor]:
    """Events as they are represented, as tensors where the network is."""
    device = next(net.parameters()).device
    return {name: torch.from_numpy(np.array(values)).to(device) for name, values in batch.inputs.items()}


def image_tensors(net: Net, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What the network reads, with its image first, where the network is and in its precision, without a history.

    Raises:
        ConfigError: it reads no image.
        DataError: an input is missing, the image has another shape or values that are NaN or infinite, or there is no
            event.
    """
    shape = tuple(image_net(net).spec[IMAGE].shape)
    if missing := [name for name in net.spec.names if name not in inputs]:
        raise DataError(f"the inputs {', '.join(missing)} are missing; the network reads {', '.join(net.spec.names)}")
    image = inputs[IMAGE]
    if tuple(image.shape[1:]) != shape or not len(image):
        raise DataError(f"an image of {tuple(image.shape)}; (events, {', '.join(map(str, shape))}), at least one event")
    if not bool(torch.isfinite(image).all()):
        raise DataError("the images hold pixels that are NaN or infinite; replace them before")
    first = next(net.parameters())
    order = [IMAGE, *(name for name in net.spec.names if name != IMAGE)]
    moved = {name: inputs[name].detach().to(first.device) for name in order}
    return {name: t.to(first.dtype) if t.is_floating_point() else t for name, t in moved.items()}


@contextmanager
def still(net: Net) -> Iterator[Net]:
    """The network in evaluation for the length of a block; afterwards as it was before."""
    training = {module for module in net.modules() if module.training}
    net.eval()
    try:
        yield net
    finally:
        for module in training:
            module.training = True


def scores(net: Net, of: Output = "logit") -> Scores:
    """The network as a function of plain tensors, its image first: (events, classes).

    Raises:
        ConfigError: neither logit nor probability.
    """
    if of not in ("logit", "probability"):
        raise ConfigError(f"of={of!r}; choose logit or probability")
    names = [IMAGE, *(name for name in net.spec.names if name != IMAGE)]

    def score(*values: Tensor) -> Tensor:
        logits: Tensor = net(dict(zip(names, values, strict=True)))
        return logits if of == "logit" else logits.float().softmax(1)

    return score


def chosen(net: Net, inputs: Mapping[str, Tensor], classes: ArrayLike | None, batch: int = 256) -> Tensor:
    """The class of which something is asked for each event, (events,) int64: those given, or the predicted ones.

    Args:
        net: still.
        inputs: as `image_tensors` returns them.
        classes: one for all events, or (events,); None for those of the highest score.
        batch: events a forward pass.

    Raises:
        DataError: another number of classes, or numbers that are none of the network's.
    """
    count, device = len(inputs[IMAGE]), inputs[IMAGE].device
    if classes is None:
        with torch.no_grad():
            pieces = [net({k: v[i : i + batch] for k, v in inputs.items()}) for i in range(0, count, batch)]
        return torch.cat(pieces).argmax(1)
    wanted: Any = np.asarray(classes.cpu() if isinstance(classes, Tensor) else classes)
    if wanted.dtype.kind not in "iu" or wanted.shape not in ((), (count,)):
        raise DataError(
            f"classes of shape {wanted.shape} and type {wanted.dtype}; one whole number, or {count} of them"
        )
    if wanted.min() < 0 or wanted.max() >= net.outputs:
        raise DataError(f"classes from {wanted.min()} to {wanted.max()}; the network knows 0 to {net.outputs - 1}")
    return torch.from_numpy(np.array(np.broadcast_to(wanted, count), np.int64)).to(device)
