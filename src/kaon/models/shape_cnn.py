"""A convolutional network for geometrical shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import InputSpec
from kaon.data.space import Choice, Real, Space
from kaon.errors import ConfigError
from kaon.layers.convolution import Convolution
from kaon.layers.dropout import Dropout
from kaon.layers.initialise import glorot
from kaon.layers.normalise import Normalise
from kaon.layers.pieces import in_pieces
from kaon.models.base import Net

__all__ = ["ShapeCNN"]


class ShapeCNN(Net):
    """Three pairs of padded 3x3 convolutions with a 2x2 max-pooling after each, then two wide dense layers.

    Wolter, "Deep Neural Networks" (2019), notebook `figure_cnn` of https://github.com/marcinwolter/DNN_examples:
    circles, squares and triangles in 32 x 32 pixels. 3,437,283 parameters for one channel and three classes. Dropout
    stands inside each pair, and before and after the dense layers. Initial weights are uniform, of Glorot, as in Keras.
    Unlike there, the pixels are shifted and scaled by one fitted number each, and the norm of the dense layers' weights
    has no upper limit: weight decay does that work here.

    Args:
        spec: `image` of shape (channels, height, width).
        outputs: number of classes.
        filters: of both convolutions of each pair.
        hidden: widths of the dense layers.
        dropout: probability inside the pairs, and before the first dense layer.
        dense_dropout: probability after each dense layer.

    Raises:
        ConfigError: no pairs, no dense layer, or an image too small for so many poolings.
    """

    representations: ClassVar[tuple[str, ...]] = ("images", "images_w", "images_color", "images_resnext", "pictures")
    paper: ClassVar[str] = "https://github.com/marcinwolter/DNN_examples"
    search: ClassVar[Mapping[str, Space]] = {
        "filters": Choice(((16, 32, 64), (32, 64, 128), (64, 128, 256))),
        "hidden": Choice(((128,), (512,), (512, 512), (1024, 1024))),
        "dropout": Real(0.0, 0.4),
        "dense_dropout": Real(0.0, 0.6),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        filters: Sequence[int] = (32, 64, 128),
        hidden: Sequence[int] = (1024, 1024),
        dropout: float = 0.2,
        dense_dropout: float = 0.3,
    ) -> None:
        super().__init__(spec, outputs)
        item = spec["image"]
        channels, *sizes = (int(size) for size in item.shape)
        height, width = (size >> len(filters) for size in sizes)
        if min(*filters, *hidden, height, width) < 1 or not filters or not hidden:
            raise ConfigError(
                f"filters={tuple(filters)}, hidden={tuple(hidden)} on an image of {item.shape}: at least one pair of "
                "convolutions and one dense layer are needed, and an image that halving after each pair leaves a "
                "pixel of"
            )
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.dropout = Dropout(dropout)
        widths = (channels, *(size for size in filters for _ in range(2)))
        self.convolutions = nn.ModuleList(Convolution(a, b, 3, padding=1) for a, b in pairwise(widths))
        flat = filters[-1] * height * width
        blocks: list[nn.Module] = []
        for size in hidden:
            blocks += [nn.Linear(flat, size), nn.ReLU(), Dropout(dense_dropout)]
            flat = size
        self.body = nn.Sequential(*blocks)
        self.head = nn.Linear(flat, outputs)
        glorot(self)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        return in_pieces(self._logits, inputs["image"])

    def _logits(self, image: Tensor) -> Tensor:
        x = self.normalise(image)
        for i, layer in enumerate(self.convolutions):
            x = layer(x)
            # Pooling what is not yet rectified gives the same numbers for a quarter of the work.
            x = F.relu(F.max_pool2d(x, 2) if i % 2 else x, inplace=True)
            x = x if i % 2 else self.dropout(x)
        logits: Tensor = self.head(self.body(self.dropout(x.flatten(1))))
        return logits


VARIANTS = {"shape_cnn": ShapeCNN}
