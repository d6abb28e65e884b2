"""Convolutional networks on a jet image whose first filters are as large as a subjet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import InputSpec
from kaon.data.space import Choice, Real, Space
from kaon.errors import ConfigError
from kaon.layers.convolution import Convolution
from kaon.layers.dense import dense
from kaon.layers.dropout import Dropout
from kaon.layers.normalise import Normalise
from kaon.layers.pieces import in_pieces
from kaon.models.base import Net

__all__ = ["ColorImageNetwork", "JetConvolutionalNetwork"]


class JetConvolutionalNetwork(Net):
    """Convolutions with wide first filters, each with ReLU and max-pooling, then dense layers.

    `jet_cnn`, of de Oliveira, Kagan, Mackey, Nachman, Schwartzman, https://arxiv.org/abs/1511.05190: 32 filters each of
    11x11, 3x3 and 3x3 on a padded image, pooled by 2, 3 and 3, local response normalisation, a dense layer of 64:
    24,642 parameters for 1 x 25 x 25 pixels and two classes. A jet image is mostly empty, and filters of 3x3 see one
    pixel at a time; 11x11 pixels hold both prongs of a W.

    `jet_cnn_color`, of Komiske, Metodiev, Schwartz, https://arxiv.org/abs/1612.01551: 64 filters each of 8x8, 4x4 and
    4x4 without padding, each pooled by 2, a dense layer of 128: 152,130 parameters for 3 x 33 x 33 pixels and two
    classes.

    Initial weights are uniform, of He. Unlike in both, the image is scaled by one fitted number, dropout is of single
    numbers and not of filters and the same before every layer but the first, and no norm of the weights is added to
    the loss (decoupled weight decay of the training takes its place).

    Args:
        spec: `image` of shape (channels, eta, phi).
        outputs: number of classes.
        filters: of each convolution.
        kernels: pixels on a side of the filters of each convolution.
        pools: pixels on a side that each max-pooling takes together; 1 for none.
        padded: the image keeps its size in a convolution; otherwise filters stay inside the image.
        response: divide the last convolution's numbers by those of the neighbouring filters (Krizhevsky et al., 2012).
        hidden: widths of the dense layers.
        dropout: before each layer but the first.

    Raises:
        ConfigError: not as many filters, kernels and pools, or an image too small for them.
    """

    representations: ClassVar[tuple[str, ...]] = ("images_w", "images_color", "images", "images_resnext", "pictures")
    paper: ClassVar[str] = "https://arxiv.org/abs/1511.05190"
    search: ClassVar[Mapping[str, Space]] = {
        "filters": Choice(((16, 16, 16), (32, 32, 32), (64, 64, 64))),
        "kernels": Choice(((3, 3, 3), (7, 3, 3), (11, 3, 3))),
        "hidden": Choice(((64,), (128,), (64, 64))),
        "dropout": Real(0.0, 0.5),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        filters: Sequence[int] = (32, 32, 32),
        kernels: Sequence[int] = (11, 3, 3),
        pools: Sequence[int] = (2, 3, 3),
        padded: bool = True,
        response: bool = True,
        hidden: Sequence[int] = (64,),
        dropout: float = 0.1,
    ) -> None:
        super().__init__(spec, outputs)
        item = spec["image"]
        channels, *sizes = (int(size) for size in item.shape)
        numbers = (*filters, *kernels, *pools, *hidden)
        alike = len(filters) == len(kernels) == len(pools) > 0 and len(hidden) > 0 and min(numbers) > 0
        if alike:
            for kernel, pool in zip(kernels, pools, strict=True):
                sizes = [(size + 2 * _pad(kernel, padded) - kernel + 1) // pool for size in sizes]
        if not alike or min(sizes) < 1:
            raise ConfigError(
                f"filters={tuple(filters)}, kernels={tuple(kernels)}, pools={tuple(pools)}, hidden={tuple(hidden)} on "
                f"an image of {item.shape}: one filter count, kernel and pool for each convolution and a dense layer "
                "are needed, all positive, and an image that they leave a pixel of"
            )
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.convolutions = nn.ModuleList(
            Convolution(before, after, kernel, padding=_pad(kernel, padded))
            for (before, after), kernel in zip(pairwise((channels, *filters)), kernels, strict=True)
        )
        self.pools, self.response = tuple(pools), response
        self.drop = Dropout(dropout)
        self.body = nn.Sequential(self.drop, dense(filters[-1] * sizes[0] * sizes[1], hidden, dropout))
        self.head = nn.Linear(hidden[-1], outputs)
        for name, parameter in self.named_parameters():
            if name.endswith("weight"):
                nn.init.kaiming_uniform_(parameter, nonlinearity="relu")
            else:
                nn.init.zeros_(parameter)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        return in_pieces(self._logits, inputs["image"])

    def _logits(self, image: Tensor) -> Tensor:
        x = self.normalise(image)
        for i, (layer, pool) in enumerate(zip(self.convolutions, self.pools, strict=True)):
            x = layer(self.drop(x) if i else x)
            if pool > 1:
                x = F.max_pool2d(x, pool)  # of what is not yet rectified: the same numbers for less work
            x = F.relu(x, inplace=True)
        if self.response:
            x = _response(x)
        logits: Tensor = self.head(self.body(x.flatten(1)))
        return logits


def _pad(kernel: int, padded: bool) -> int:
    """Empty pixels on each side of the image; an even filter leaves it a pixel smaller."""
    return (kernel - 1) // 2 if padded else 0


def _response(x: Tensor, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0) -> Tensor:
    """x / (k + alpha / size sum x^2)^beta, the sum over the `size` nearest filters.

    Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks" (2012), section
    3.3, with the constants given there, alpha being that of the sum. Written out, since `torch.nn.LocalResponseNorm`
    averages over three axes at once, which is slow on channels-last tensors and not of one form in every export.
    """
    square = x.square()
    around = F.pad(square, (0, 0, 0, 0, size // 2, size // 2))
    total = sum(around[:, i : i + x.shape[1]] for i in range(size))
    return x * (k + alpha * total) ** -beta


class ColorImageNetwork(JetConvolutionalNetwork):  # noqa: D101 it is the docstring of the base class
    __doc__ = JetConvolutionalNetwork.__doc__
    representations: ClassVar[tuple[str, ...]] = ("images_color", "images", "images_resnext", "pictures")
    paper: ClassVar[str] = "https://arxiv.org/abs/1612.01551"


VARIANTS = {
    "jet_cnn": JetConvolutionalNetwork,
    "jet_cnn_color": partial(
        ColorImageNetwork,
        filters=(64, 64, 64),
        kernels=(8, 4, 4),
        pools=(2, 2, 2),
        padded=False,
        response=False,
        hidden=(128,),
        dropout=0.25,
    ),
}
