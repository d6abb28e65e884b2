"""Convolutions on images that stay channels-last in memory, which is what a CPU is quick on."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.layers.export import exporting

__all__ = ["Convolution", "NormedConvolution"]


def _convolve(x: Tensor, weight: Tensor, bias: Tensor | None, layer: nn.Conv2d) -> Tensor:
    """The convolution of a layer with other weights, on channels-last tensors.

    Of an image of one channel PyTorch cannot tell in which order it lies in memory, and takes the slower one; an empty
    second channel settles it.
    """
    if exporting():
        return F.conv2d(x, weight, bias, layer.stride, layer.padding, groups=layer.groups)
    if x.shape[1] == 1:
        one_more = (0, 0, 0, 0, 0, 1)
        x, weight = F.pad(x, one_more), F.pad(weight, one_more).contiguous(memory_format=torch.channels_last)
    x = x.contiguous(memory_format=torch.channels_last)
    return F.conv2d(x, weight, bias, layer.stride, layer.padding, groups=layer.groups)


class Convolution(nn.Conv2d):
    """`torch.nn.Conv2d` on channels-last tensors: 1.3 times as quick on a CPU in float32, and twice in bfloat16.

    Its arguments, with padding by zeros and without dilation. The output is channels-last too, so that what follows
    stays so.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width) -> (batch, filters, height', width')."""
        return _convolve(x, self.weight, self.bias, self)


class NormedConvolution(nn.Module):
    """A convolution without bias, then a batch norm; one convolution with bias in evaluation.

    The weights are normal with variance 2 / (filters x size^2), of He et al., https://arxiv.org/abs/1502.01852.

    Args:
        before: channels of the input.
        width: filters.
        size: pixels on a side of a filter; the image is padded by half as many.
        stride: pixels between places of the filter.
        groups: of channels that do not see each other.
    """

    def __init__(self, before: int, width: int, size: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = Convolution(before, width, size, stride, padding=size // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(width)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """(batch, before, height, width) -> (batch, width, height', width')."""
        if self.training:
            normed: Tensor = self.norm(self.conv(x))
            return normed
        norm, conv = self.norm, self.conv
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        weight, bias = conv.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale
        return _convolve(x, weight, bias, conv)
