"""A stack of 3x3 convolutions of any depth, as wide as a given number of parameters allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal, TypeAlias

from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.data.space import Integer, Space
from kaon.errors import ConfigError
from kaon.layers.convolution import Convolution
from kaon.layers.normalise import Normalise
from kaon.layers.pieces import in_pieces
from kaon.models.base import Net

__all__ = ["ConvolutionalStack", "count", "fitted_widths", "halvings"]

Activation: TypeAlias = Literal["sigmoid", "tanh", "relu", "leaky_relu"]

ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
}
WIDTH = 32


def count(widths: Sequence[int], channels: int, cells: int, outputs: int) -> int:
    """Parameters of a stack of 3x3 convolutions whose last maps, unrolled, go into the logits.

    Args:
        widths: filters of each convolution.
        channels: of the image.
        cells: pixels of each of the last maps.
        outputs: number of classes.

    >>> count((2,), 1, 4, 3)  # 2 (9 + 1) + 3 (2 * 4 + 1)
    47
    """
    convolutions = sum((9 * before + 1) * after for before, after in zip((channels, *widths), widths, strict=False))
    return convolutions + (widths[-1] * cells + 1) * outputs


def fitted_widths(parameters: int, depth: int, channels: int, cells: int, outputs: int) -> tuple[int, ...]:
    """Filters of each convolution, as equal as can be, with which the stack has nearly so many parameters.

    The first convolutions may have one filter more than the others. Two neighbouring choices differ by about a part
    2 / (depth x width) of all parameters, and the nearer one is taken.

    Raises:
        ConfigError: one filter each is more already.

    >>> fitted_widths(10_000, 4, 1, 16, 3), count(fitted_widths(10_000, 4, 1, 16, 3), 1, 16, 3)
    ((19, 18, 18, 18), 10021)
    """

    def made(steps: int) -> tuple[int, ...]:
        width, more = divmod(steps, depth)
        return (width + 1,) * more + (width,) * (depth - more)

    def size(steps: int) -> int:
        return count(made(steps), channels, cells, outputs)

    low, high = depth, 2 * depth
    if size(low) > parameters:
        raise ConfigError(
            f"parameters={parameters} cannot be reached with depth={depth}: one filter a convolution makes "
            f"{size(low)}; give more parameters, or a smaller depth"
        )
    while size(high) <= parameters:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if size(middle) <= parameters else (low, middle)
    return made(min((low, high), key=lambda steps: abs(size(steps) - parameters)))


def halvings(depth: int, pools: int) -> list[int]:
    """How often the image is halved after each convolution: the `pools` halvings lie evenly, one behind the last.

    >>> halvings(1, 3), halvings(4, 3), halvings(8, 3)
    ([3], [1, 1, 0, 1], [0, 1, 0, 0, 1, 0, 0, 1])
    """
    places = [max(1, k * depth // pools) for k in range(1, pools + 1)]
    return [places.count(i) for i in range(1, depth + 1)]


class ConvolutionalStack(Net):
    """`depth` convolutions of 3x3 with `pools` 2x2 max-poolings among them; the last maps go into the logits.

    After the experiments of Goodfellow et al., https://arxiv.org/abs/1312.6082, on accuracy against depth. Unlike
    there, the number of parameters may be held fixed (`parameters`), there are no dense layers behind the
    convolutions, and wherever the poolings lie, the last maps have the same size, so that depth is all that differs.
    Initial weights are those of He (https://arxiv.org/abs/1502.01852) for ReLU and leaky ReLU, of Glorot for sigmoid
    and tanh; biases begin at zero.

    Its convolutions are `stages`, which `kaon.learn.pretraining` can train one by one.

    Args:
        spec: `image` of shape (channels, height, width).
        outputs: number of classes.
        depth: convolutions.
        width: filters of each; 32 if neither this nor `parameters` is given.
        parameters: instead of `width`, how many parameters there shall be; see `fitted_widths` for how nearly.
        pools: halvings of the image, evenly among the convolutions, see `halvings`.
        activation: sigmoid, tanh, relu or leaky_relu.

    Raises:
        ConfigError: numbers that make no sense or exclude each other, or an image too small for the poolings.
    """

    representations: ClassVar[tuple[str, ...]] = ("images", "images_w", "images_color", "images_resnext", "pictures")
    paper: ClassVar[str] = "https://arxiv.org/abs/1312.6082"
    search: ClassVar[Mapping[str, Space]] = {
        "depth": Integer(2, 12),
        "width": Integer(16, 128, log=True),
        "pools": Integer(1, 3),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        depth: int = 4,
        width: int | None = None,
        parameters: int | None = None,
        pools: int = 3,
        activation: Activation = "relu",
    ) -> None:
        super().__init__(spec, outputs)
        item = spec["image"]
        channels, height, across = (int(size) for size in item.shape)
        if activation not in ACTIVATIONS:
            raise ConfigError(f"activation={activation!r}; allowed: {', '.join(ACTIVATIONS)}")
        if width is not None and parameters is not None:
            raise ConfigError(f"width={width} and parameters={parameters} exclude each other; give one of the two")
        if depth < 1 or (width is not None and width < 1) or pools < 0 or min(height, across) < 2**pools:
            raise ConfigError(
                f"depth={depth}, width={width}, pools={pools} on an image of {item.shape}: depth and width are at "
                "least 1, and each pooling halves the image, of which a pixel must be left"
            )
        cells = (height >> pools) * (across >> pools)
        self.widths = (
            (width or WIDTH,) * depth
            if parameters is None
            else fitted_widths(parameters, depth, channels, cells, outputs)
        )
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.stages = nn.ModuleList(
            # Pooling what is not yet activated gives the same numbers for a quarter of the work.
            nn.Sequential(
                Convolution(before, after, 3, padding=1),
                *([nn.MaxPool2d(2**halved)] if halved else []),
                ACTIVATIONS[activation](),
            )
            for before, after, halved in zip(
                (channels, *self.widths), self.widths, halvings(depth, pools) if pools else [0] * depth, strict=False
            )
        )
        self.head = nn.Linear(self.widths[-1] * cells, outputs)
        for name, parameter in self.named_parameters():
            if not name.endswith("weight"):
                nn.init.zeros_(parameter)
            elif activation in ("relu", "leaky_relu") and "head" not in name:
                nn.init.kaiming_normal_(parameter, nonlinearity="relu")
            else:
                nn.init.xavier_uniform_(parameter)

    def entrance(self, inputs: dict[str, Tensor]) -> Tensor:
        """What the first convolution reads, (batch, channels, height, width)."""
        image: Tensor = self.normalise(inputs["image"])
        return image

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        return in_pieces(self._logits, inputs["image"], size=256)

    def _logits(self, image: Tensor) -> Tensor:
        x = self.normalise(image)
        for stage in self.stages:
            x = stage(x)
        logits: Tensor = self.head(x.flatten(1))
        return logits


VARIANTS = {"conv_stack": ConvolutionalStack}
