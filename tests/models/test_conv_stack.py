from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.models.conv_stack import ConvolutionalStack, count, fitted_widths, halvings


def spec(channels: int = 1, height: int = 32, width: int = 32) -> InputSpec:
    return InputSpec((Input("image", (channels, height, width), scale=(2.0,) * width),))


def test_has_the_parameters_that_one_counts_by_hand() -> None:
    # Four convolutions of 16 filters on one channel, 32 x 32 halved three times, three classes.
    by_hand = (9 + 1) * 16 + 3 * (9 * 16 + 1) * 16 + (4 * 4 * 16 + 1) * 3
    assert by_hand == 7891
    assert ConvolutionalStack(spec(), 3, depth=4, width=16).parameter_count == 7891


@pytest.mark.parametrize("depth", [1, 2, 3, 5, 8, 16])
@pytest.mark.parametrize("parameters", [8_000, 100_000])
def test_depth_does_not_change_the_number_of_parameters(depth: int, parameters: int) -> None:
    net = ConvolutionalStack(spec(3), 5, depth=depth, parameters=parameters)
    assert net.parameter_count == count(net.widths, 3, 16, 5)
    assert net.parameter_count == pytest.approx(parameters, rel=2 / (depth * net.widths[0]))
    assert max(net.widths) - min(net.widths) <= 1


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 7])
def test_no_other_widths_come_nearer(depth: int) -> None:
    def miss(widths: tuple[int, ...]) -> int:
        return abs(count(widths, 2, 9, 4) - 5000)

    steps = [((w + 1,) * k + (w,) * (depth - k)) for w in range(1, 120) for k in range(depth)]
    assert miss(fitted_widths(5000, depth, 2, 9, 4)) == min(map(miss, steps))


@pytest.mark.parametrize("depth", range(1, 14))
@pytest.mark.parametrize("pools", [1, 2, 3])
def test_every_depth_halves_the_image_as_often(depth: int, pools: int) -> None:
    made = halvings(depth, pools)
    assert len(made) == depth
    assert sum(made) == pools
    assert made[-1] > 0
    assert max(made) <= -(-pools // depth) + 1, "spread evenly"


@pytest.mark.parametrize(("channels", "height", "width"), [(1, 28, 28), (3, 33, 17)])
def test_is_the_chain_of_its_layers(channels: int, height: int, width: int) -> None:
    torch.manual_seed(0)
    net = ConvolutionalStack(spec(channels, height, width), 3, depth=5, width=6)
    image = torch.rand(4, channels, height, width)
    x = 2 * image
    convolutions = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    for layer, halved in zip(convolutions, halvings(5, 3), strict=True):
        x = F.conv2d(x, layer.weight, layer.bias, padding=1).relu()
        for _ in range(halved):
            x = F.max_pool2d(x, 2)
    expected = net.head(x.contiguous().flatten(1))
    torch.testing.assert_close(net({"image": image}), expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_the_signal_keeps_its_size_in_any_depth() -> None:
    torch.manual_seed(0)
    image = torch.randn(16, 1, 16, 16)
    net = ConvolutionalStack(spec(1, 16, 16), 2, depth=12, width=24, pools=0)
    x = first = net.stages[0](image)
    for stage in list(net.stages)[1:]:
        x = stage(x)
    ratio = float(x.square().mean() / first.square().mean())
    assert 0.01 < ratio < 100  # the border's zeros take some; PyTorch's own weights would leave 6^-11


def test_stages_are_what_the_head_reads() -> None:
    net = ConvolutionalStack(spec(), 3, depth=3, width=4, activation="tanh")
    image = torch.rand(2, 1, 32, 32)
    x = net.entrance({"image": image})
    for stage in net.stages:
        x = stage(x)
    torch.testing.assert_close(net.head(x.flatten(1)), net({"image": image}))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"width": 8, "parameters": 9000}, "exclude each other"),
        ({"depth": 0}, "at least 1"),
        ({"width": 0}, "at least 1"),
        ({"pools": 6}, "a pixel must be left"),
        ({"pools": -1}, "a pixel must be left"),
        ({"activation": "gelu"}, "allowed: sigmoid, tanh, relu, leaky_relu"),
        ({"depth": 40, "parameters": 100}, "cannot be reached with depth=40"),
    ],
)
def test_what_makes_no_sense_is_told(options: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        ConvolutionalStack(spec(), 3, **options)  # type: ignore[arg-type]  # wrong on purpose
