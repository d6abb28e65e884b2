"""A convolutional network that learns small photographs in few passes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import InputSpec
from kaon.data.space import Choice, Integer, Space
from kaon.errors import ConfigError
from kaon.layers.convolution import Convolution
from kaon.layers.normalise import Normalise
from kaon.layers.pieces import in_pieces
from kaon.models.base import Net

__all__ = ["FastResNet", "decorrelating"]


class FastResNet(Net):
    """Decorrelated 2x2 patches, three groups of 3x3 convolutions with a 2x2 max-pooling each, the maximum, one layer.

    A group is x -> g(BN(pool(W_1 * x))) -> g(BN(W_2 * x)), with g = GELU; with a third convolution, and more, there is
    a shortcut around all but the first.

    Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", https://arxiv.org/abs/2404.00498 (airbench), of the line
    that began with Page's ResNet-9 for DAWNBench. Chosen because it reaches 94% with the fewest operations of that line
    (3.6e14 in ten passes), and operations are what a processor is short of. With `depth` 2 it is airbench94, where a
    filter starts as the identity of a channel, so that each layer sets out as a residual one does, with nothing learned
    on top; with 3 and `widths` (128, 512, 512) it is airbench96, which has shortcuts too.

    What makes it quick: the first filters are fixed and decorrelate a patch's pixels, batch norms have no scales, and
    their biases learn 64 times as fast as the weights under SGD (here they are 8 times a parameter, which makes both
    its gradient and the effect of a step 8 times as large). The logits start small, divided by 9. Train it with SGD, a
    high learning rate, label smoothing 0.2, flips and crops.

    Unlike there, the first filters are not the eigenvectors of the training images' patches, which a model does not see
    when it is made, but the cosine transform of space and channels, nearly the same for photographs (Ahmed, Natarajan,
    Rao, https://doi.org/10.1109/T-C.1974.223784), followed by a batch norm without parameters. The last layer has a
    bias, and the last pooling takes the maximum of whatever is left, so that images may have any size from 9 pixels on.

    On a CPU it works on channels-last tensors, and in evaluation its batch norms are folded into the convolutions.

    Args:
        spec: `image` of shape (channels, height, width).
        outputs: number of classes.
        widths: channels of each group.
        depth: convolutions of each group.

    Raises:
        ConfigError: no groups, no convolutions, or an image too small for so many poolings.
    """

    representations: ClassVar[tuple[str, ...]] = ("images", "images_w", "images_color", "images_resnext", "pictures")
    paper: ClassVar[str] = "https://arxiv.org/abs/2404.00498"
    search: ClassVar[Mapping[str, Space]] = {
        "widths": Choice(((32, 128, 128), (64, 128, 256), (64, 256, 256), (128, 384, 384), (128, 512, 512))),
        "depth": Integer(1, 3),
    }

    def __init__(
        self, spec: InputSpec, outputs: int, *, widths: Sequence[int] = (64, 256, 256), depth: int = 2
    ) -> None:
        super().__init__(spec, outputs)
        item = spec["image"]
        channels, *sizes = (int(size) for size in item.shape)
        if min(widths, default=0) < 1 or depth < 1 or min(sizes) <= 1 << len(widths):
            raise ConfigError(
                f"widths={tuple(widths)}, depth={depth} on an image of {item.shape}: at least one group of one "
                f"convolution is needed, and an image of more than {1 << len(widths)} pixels a side"
            )
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.patches = Patches(channels)
        befores = (8 * channels, *widths[:-1])
        self.groups = nn.Sequential(*(Group(a, b, depth) for a, b in zip(befores, widths, strict=True)))
        self.head = nn.Linear(widths[-1], outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        # Batch norms of a training need the whole batch; also one without a gradient.
        image = inputs["image"]
        return self._logits(image) if self.training else in_pieces(self._logits, image)

    def _logits(self, image: Tensor) -> Tensor:
        x = self.groups(self.patches(self.normalise(image)))
        logits: Tensor = self.head(x.amax((2, 3))) / 9
        return logits


def decorrelating(channels: int) -> Tensor:
    """Orthonormal filters whose outputs on photographs are nearly uncorrelated: (4 channels, channels, 2, 2).

    The products of the cosine transforms (type II) of the channels, the rows and the columns of a 2 x 2 patch.
    """

    def cosines(n: int) -> Tensor:
        k, i = torch.arange(n)[:, None], torch.arange(n)
        return math.sqrt(2 / n) * torch.cos(math.pi / n * (i + 0.5) * k) / torch.where(k == 0, math.sqrt(2), 1)

    return torch.einsum("ac,bh,dw->abdchw", cosines(channels), cosines(2), cosines(2)).flatten(0, 2)


class Patches(nn.Module):
    """What decorrelating filters see, normalised, with either sign: GELU((z, -z) + b)."""

    filters: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("filters", decorrelating(channels), persistent=False)
        # Directions that hardly vary are mostly noise, and not blown up to the size of the others.
        self.norm = nn.BatchNorm2d(4 * channels, eps=5e-4, momentum=0.4, affine=False)
        self.bias = nn.Parameter(torch.zeros(8 * channels))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width) -> (batch, 8 channels, height - 1, width - 1)."""
        z = self.norm(F.conv2d(x, self.filters.to(x.dtype)))
        return F.gelu(torch.cat((z, -z), 1) + self.bias[:, None, None])


class Group(nn.Module):
    """Convolutions with batch norm and GELU, the first with a 2x2 max-pooling.

    Args:
        before: channels of the input.
        width: channels of the output.
        depth: convolutions; the second and those after it have a shortcut around them if they are more than one.
    """

    def __init__(self, before: int, width: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(width if i else before, width) for i in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, before, height, width) -> (batch, width, height // 2, width // 2)."""
        first, *more = self.layers
        x = F.gelu(first(x, pooling=2))
        start = x
        for layer in more[:-1]:
            x = F.gelu(layer(x))
        for layer in more[-1:]:
            x = F.gelu(layer(x) + start if len(more) > 1 else layer(x))
        return x


class Layer(nn.Module):
    """A 3x3 convolution that starts as the identity, and a batch norm whose only parameter is its bias.

    Args:
        before: channels of the input.
        width: filters; those beyond `before` start at random.
    """

    gain: ClassVar[float] = 8.0
    """The bias is so many times a parameter, and SGD changes it by gain^2 times its gradient."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.conv = Convolution(before, width, 3, padding=1, bias=False)
        nn.init.dirac_(self.conv.weight[:before].detach())
        self.norm = nn.BatchNorm2d(width, momentum=0.4, affine=False)
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor, pooling: int = 1) -> Tensor:
        """(batch, before, height, width) -> (batch, width, height // pooling, width // pooling)."""
        norm, bias = self.norm, self.gain * self.bias
        if self.training:
            x = self.conv(x)
            x = norm(F.max_pool2d(x, pooling) if pooling > 1 else x)
            return x + bias.to(x.dtype)[:, None, None]
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = torch.rsqrt(norm.running_var + norm.eps)
        x = F.conv2d(x, self.conv.weight * scale[:, None, None, None], bias - norm.running_mean * scale, padding=1)
        return F.max_pool2d(x, pooling) if pooling > 1 else x


VARIANTS = {"resnet_fast": FastResNet}
