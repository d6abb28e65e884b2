"""ResNeXt: a deep residual network with grouped convolutions on a jet image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import InputSpec
from kaon.data.space import Choice, Real, Space
from kaon.errors import ConfigError
from kaon.layers.convolution import NormedConvolution
from kaon.layers.normalise import Normalise
from kaon.layers.pieces import in_pieces
from kaon.models.base import Net

__all__ = ["ResNeXt"]


class ResNeXt(Net):
    """ResNeXt-50 with a quarter of the channels: 7x7 convolution, four stages of bottlenecks, average, one layer.

    Xie et al., https://arxiv.org/abs/1611.05431, made smaller for jet images by Qu and Gouskos,
    https://arxiv.org/abs/1902.08570, section 4. 1,457,314 parameters for one channel and two classes. Unlike the
    network for photographs it has no max-pooling after the first layer, since an image of 64 x 64 is small already.
    Unlike there, the image is scaled by one fitted number, which the first batch norm divides out again.

    On a CPU it works on channels-last tensors, and in evaluation its batch norms are folded into the convolutions.

    Args:
        spec: `image` of shape (channels, eta, phi).
        outputs: number of classes.
        depths: blocks of each stage.
        widths: channels of each stage; inside a block half as many.
        cardinality: groups of the 3x3 convolutions.
        dropout: before the last layer.

    Raises:
        ConfigError: stages of no blocks, or widths that the groups do not divide.
    """

    representations: ClassVar[tuple[str, ...]] = ("images_resnext", "images", "images_w", "images_color", "pictures")
    paper: ClassVar[str] = "https://arxiv.org/abs/1902.08570"
    search: ClassVar[Mapping[str, Space]] = {
        "cardinality": Choice((8, 16, 32)),
        "dropout": Real(0.0, 0.7),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        depths: Sequence[int] = (3, 4, 6, 3),
        widths: Sequence[int] = (64, 128, 256, 512),
        cardinality: int = 32,
        dropout: float = 0.5,
    ) -> None:
        super().__init__(spec, outputs)
        if len(depths) != len(widths) or min(depths, default=0) < 1 or any(w % (2 * cardinality) for w in widths):
            raise ConfigError(
                f"depths={tuple(depths)}, widths={tuple(widths)}: one of each for every stage is needed, at least one "
                f"block, and widths that are multiples of 2 x cardinality = {2 * cardinality}"
            )
        item = spec["image"]
        channels, *_ = item.shape
        assert isinstance(channels, int)
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.stem = NormedConvolution(channels, widths[0], 7, stride=2)
        blocks: list[nn.Module] = []
        before = widths[0]
        for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
            for i in range(depth):
                blocks.append(Bottleneck(before, width, cardinality, 2 if stage and not i else 1, project=not i))
                before = width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(before, outputs))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        # Batch norms of a training need the whole batch; also one without a gradient.
        image = inputs["image"]
        return self._logits(image) if self.training else in_pieces(self._logits, image)

    def _logits(self, image: Tensor) -> Tensor:
        x = F.relu(self.stem(self.normalise(image)))
        x = self.blocks(x).mean((2, 3))
        logits: Tensor = self.head(x)
        return logits


class Bottleneck(nn.Module):
    """relu(shortcut(x) + 1x1(relu(grouped 3x3(relu(1x1(x)))))), each convolution with its batch norm.

    Args:
        before: channels of the input.
        width: channels of the output.
        groups: of the 3x3 convolution.
        stride: of the 3x3 convolution and of the shortcut.
        project: the shortcut is a 1x1 convolution, as it is in the first block of each stage, the first stage too.
    """

    def __init__(self, before: int, width: int, groups: int, stride: int, project: bool) -> None:
        super().__init__()
        inner = width // 2
        self.reduce = NormedConvolution(before, inner, 1)
        self.grouped = NormedConvolution(inner, inner, 3, stride, groups)
        self.expand = NormedConvolution(inner, width, 1)
        self.shortcut = NormedConvolution(before, width, 1, stride) if project else None

    def forward(self, x: Tensor) -> Tensor:
        """(batch, before, eta, phi) -> (batch, width, eta', phi')."""
        y: Tensor = F.relu(self.reduce(x), inplace=True)
        y = F.relu(self.grouped(y), inplace=True)
        y = self.expand(y)
        y += x if self.shortcut is None else self.shortcut(x)
        return F.relu(y, inplace=True)


VARIANTS = {"resnext": ResNeXt}
