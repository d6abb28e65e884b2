"""ResNet for small photographs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import InputSpec
from kaon.data.space import Choice, Integer, Space
from kaon.errors import ConfigError
from kaon.layers.convolution import NormedConvolution
from kaon.layers.normalise import Normalise
from kaon.layers.pieces import in_pieces
from kaon.models.base import Net

__all__ = ["ResNet"]


class ResNet(Net):
    """6n + 2 layers: a 3x3 convolution, three stages of n blocks, the mean over all places, one linear layer.

    block(x) = ReLU(x + BN(W_2 * ReLU(BN(W_1 * x)))), with W of 3 x 3; the first block of the second and third stage
    halves the image, and its shortcut takes every second pixel and fills up the channels with zeros.

    He, Zhang, Ren, Sun, https://arxiv.org/abs/1512.03385, section 4.2. With n = 3 it is ResNet-20: 269,722 parameters
    for three channels and ten classes, 91.25% of CIFAR-10 right; n = 5, 7, 9, 18 are ResNet-32, 44, 56 and 110. Unlike
    there, the pixels are shifted and scaled by one fitted number each, where the paper subtracts the mean image.

    On a CPU it works on channels-last tensors, and in evaluation its batch norms are folded into the convolutions.

    Args:
        spec: `image` of shape (channels, height, width).
        outputs: number of classes.
        n: blocks of each stage.
        widths: channels of each stage.

    Raises:
        ConfigError: stages of no blocks, or widths that do not grow.
    """

    representations: ClassVar[tuple[str, ...]] = ("images", "images_w", "images_color", "images_resnext", "pictures")
    paper: ClassVar[str] = "https://arxiv.org/abs/1512.03385"
    search: ClassVar[Mapping[str, Space]] = {
        "n": Integer(1, 9),
        "widths": Choice(((16, 32, 64), (32, 64, 128), (64, 128, 256))),
    }

    def __init__(self, spec: InputSpec, outputs: int, *, n: int = 3, widths: Sequence[int] = (16, 32, 64)) -> None:
        super().__init__(spec, outputs)
        if n < 1 or min(widths, default=0) < 1 or list(widths) != sorted(widths):
            raise ConfigError(
                f"n={n}, widths={tuple(widths)}: at least one block a stage is needed, and channels that do not become "
                "fewer from stage to stage"
            )
        item = spec["image"]
        channels = int(item.shape[0])
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.stem = NormedConvolution(channels, widths[0], 3)
        befores = [widths[0], *widths[:-1]]
        self.blocks = nn.Sequential(
            *(
                Block(width if i else before, width, 2 if stage and not i else 1)
                for stage, (before, width) in enumerate(zip(befores, widths, strict=True))
                for i in range(n)
            )
        )
        self.head = nn.Linear(widths[-1], outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        # Batch norms of a training need the whole batch; also one without a gradient.
        image = inputs["image"]
        return self._logits(image) if self.training else in_pieces(self._logits, image)

    def _logits(self, image: Tensor) -> Tensor:
        x = F.relu(self.stem(self.normalise(image)), inplace=True)
        logits: Tensor = self.head(self.blocks(x).mean((2, 3)))
        return logits


class Block(nn.Module):
    """ReLU(shortcut(x) + two 3x3 convolutions with a ReLU between them), each convolution with its batch norm.

    Args:
        before: channels of the input.
        width: channels of the output, not fewer.
        stride: of the first convolution and of the shortcut, which has no parameters (option A of the paper).
    """

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.first = NormedConvolution(before, width, 3, stride)
        self.second = NormedConvolution(width, width, 3)
        self.stride, self.more = stride, width - before

    def forward(self, x: Tensor) -> Tensor:
        """(batch, before, height, width) -> (batch, width, height', width')."""
        y: Tensor = self.second(F.relu(self.first(x), inplace=True))
        if self.stride > 1:
            x = x[:, :, :: self.stride, :: self.stride]
        if self.more:
            x = F.pad(x, (0, 0, 0, 0, 0, self.more))
        return F.relu(y + x, inplace=True)


VARIANTS = {"resnet": ResNet}
