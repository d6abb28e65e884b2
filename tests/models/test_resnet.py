from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.models.resnet import ResNet


def spec(*shape: int, scale: float = 1.0) -> InputSpec:
    return InputSpec((Input("image", shape, scale=(scale,) * shape[-1]),))


@pytest.mark.parametrize(("n", "layers", "millions"), [(3, 20, 0.27), (5, 32, 0.46), (7, 44, 0.66), (9, 56, 0.85)])
def test_has_the_published_number_of_parameters(n: int, layers: int, millions: float) -> None:
    net = ResNet(spec(3, 32, 32), 10, n=n)
    assert round(net.parameter_count / 1e6, 2) == millions
    assert sum(isinstance(m, nn.Conv2d | nn.Linear) for m in net.modules()) == layers


def test_the_deepest_has_the_published_number_too() -> None:
    assert ResNet(spec(3, 32, 32), 10).parameter_count == 269_722
    assert round(ResNet(spec(3, 32, 32), 10, n=18).parameter_count / 1e6, 1) == 1.7


def small() -> ResNet:
    """Batch norms that are not the identity."""
    torch.manual_seed(0)
    net = ResNet(spec(2, 9, 10, scale=3.0), 3, n=2, widths=(4, 6, 9))
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_var is not None
            assert layer.running_mean is not None
            nn.init.uniform_(layer.weight, 0.5, 2)
            nn.init.uniform_(layer.running_var, 0.5, 2)
            nn.init.normal_(layer.bias)
            nn.init.normal_(layer.running_mean)
    return net


def shortcut(x: Tensor, channels: int, size: torch.Size) -> Tensor:
    """Every second pixel, and zeros for the channels there were not."""
    if x.shape[2:] != size:
        x = x[:, :, ::2, ::2]
    full = torch.zeros(len(x), channels, *x.shape[2:])
    full[:, : x.shape[1]] = x
    return full


@pytest.mark.parametrize("training", [False, True])
def test_is_the_chain_of_its_layers(training: bool) -> None:
    net, twin = small().train(training), small().train(training)

    def layer(made: nn.Module, x: Tensor, stride: int = 1) -> Tensor:
        y = F.conv2d(x, made.conv.weight, stride=stride, padding=1)  # type: ignore[union-attr, arg-type]
        normed: Tensor = made.norm(y)  # type: ignore[operator]
        return normed

    image = torch.rand(70, 2, 9, 10)
    x = layer(twin.stem, 3 * image).relu()
    for i, block in enumerate(twin.blocks):
        y = layer(block.first, x, 2 if i in (2, 4) else 1).relu()  # type: ignore[arg-type]
        y = layer(block.second, y)  # type: ignore[arg-type]
        x = (y + shortcut(x, y.shape[1], y.shape[2:])).relu()
    assert x.shape == (70, 9, 3, 3)
    found = net({"image": image}).detach()
    torch.testing.assert_close(found, twin.head(x.mean((2, 3))).detach(), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("options", [{"n": 0}, {"widths": ()}, {"widths": (8, 4)}, {"widths": (0, 4)}])
def test_sizes_that_do_not_fit_are_told(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="at least one block a stage"):
        ResNet(spec(3, 8, 8), 2, **options)  # type: ignore[arg-type]  # mixed options
