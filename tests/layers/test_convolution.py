from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.layers.convolution import Convolution, NormedConvolution


@pytest.mark.parametrize(("channels", "groups", "stride", "padding"), [(1, 1, 1, 0), (1, 1, 2, 1), (6, 3, 1, 2)])
def test_is_the_sum_over_the_window_whatever_lies_in_memory(
    channels: int, groups: int, stride: int, padding: int
) -> None:
    torch.manual_seed(0)
    layer = Convolution(channels, 6, 3, stride, padding, groups=groups)
    image = torch.randn(4, channels, 9, 8)
    windows = F.unfold(image, 3, padding=padding, stride=stride)  # (batch, channels x 9, places)
    weight = torch.zeros(6, channels, 3, 3)
    for i in range(6):  # a filter sees the channels of its group
        first = i // (6 // groups) * (channels // groups)
        weight[i, first : first + channels // groups] = layer.weight[i].detach()
    assert layer.bias is not None
    expected = weight.flatten(1) @ windows + layer.bias[:, None]
    found = layer(image)
    assert found.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found.flatten(2), expected)


@pytest.mark.parametrize("channels", [1, 2])
def test_filters_are_trained_as_in_the_usual_order_in_memory(channels: int) -> None:
    torch.manual_seed(0)
    layer = Convolution(channels, 5, 3, padding=1)
    image = torch.rand(3, channels, 12, 12)
    expected = torch.autograd.grad(nn.Conv2d.forward(layer, image).square().sum(), layer.weight)[0]
    (found,) = torch.autograd.grad(layer(image).square().sum(), layer.weight)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-4)


def drawn(layer: NormedConvolution) -> NormedConvolution:
    """With a batch norm that is not the identity."""
    norm = layer.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    for values in (norm.weight, norm.running_var):
        nn.init.uniform_(values, 0.5, 2)
    for values in (norm.bias, norm.running_mean):
        nn.init.normal_(values)
    return layer


@pytest.mark.parametrize(("channels", "size", "stride"), [(1, 3, 1), (3, 3, 2), (3, 1, 2)])
@pytest.mark.parametrize("training", [False, True])
def test_a_normed_convolution_is_a_convolution_and_a_batch_norm(
    channels: int, size: int, stride: int, training: bool
) -> None:
    torch.manual_seed(0)
    layer = drawn(NormedConvolution(channels, 4, size, stride)).train(training)
    image = torch.randn(5, channels, 8, 8)
    y: Tensor = F.conv2d(image, layer.conv.weight, stride=stride, padding=size // 2)
    norm = layer.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, var = (y.mean((0, 2, 3)), y.var((0, 2, 3), False)) if training else (norm.running_mean, norm.running_var)
    shape = (1, -1, 1, 1)
    unit = (y - mean.reshape(shape)) / (var.reshape(shape) + norm.eps).sqrt()
    expected = unit * norm.weight.reshape(shape) + norm.bias.reshape(shape)
    torch.testing.assert_close(layer(image), expected, atol=1e-5, rtol=1e-5)
    assert layer(image).shape[-2:] == (8 // stride, 8 // stride)


@torch.no_grad()
def test_what_passes_many_layers_keeps_its_size() -> None:
    torch.manual_seed(0)
    x = torch.randn(20, 64, 16, 16)
    for _ in range(6):
        x = NormedConvolution(64, 64, 3).conv(x).relu()
    inner = float(x[:, :, 6:10, 6:10].square().mean())  # which no padding has reached
    assert 0.7 < inner < 1.4, "six layers of half or twice the size would be far off"
