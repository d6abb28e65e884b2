from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.models.resnet_fast import FastResNet, Layer, decorrelating


def spec(*shape: int, scale: float = 1.0) -> InputSpec:
    return InputSpec((Input("image", shape, scale=(scale,) * shape[-1]),))


def test_has_the_published_number_of_parameters() -> None:
    found = FastResNet(spec(3, 32, 32), 10)
    # That of airbench94 in its paper, whose first filters are fixed too.
    assert round(found.parameter_count / 1e6, 2) == 1.97
    widths = (24, 64, 256, 256)
    inside = sum(9 * a * b + 9 * b * b + 2 * b for a, b in pairwise(widths))
    assert found.parameter_count == 24 + inside + 2570


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_first_filters_turn_a_patch_without_stretching_it(channels: int) -> None:
    filters = decorrelating(channels).flatten(1).double()
    torch.testing.assert_close(filters @ filters.T, torch.eye(4 * channels).double(), atol=1e-6, rtol=0)
    assert len(set(filters[0].round(decimals=6).tolist())) == 1, "the first is the mean"


def test_they_decorrelate_what_varies_smoothly() -> None:
    torch.manual_seed(0)
    drawn = torch.randn(200, 3, 24, 24)
    drawn[:, 1:] = 0.9 * drawn[:, :1] + 0.2 * drawn[:, 1:]  # channels are alike, as those of photographs
    smooth = F.avg_pool2d(drawn, 9, stride=1)
    patches = F.unfold(smooth, 2).transpose(1, 2).reshape(-1, 12)
    turned = F.conv2d(smooth, decorrelating(3)).movedim(1, -1).reshape(-1, 12)

    def correlation(x: Tensor) -> float:
        return float((torch.corrcoef(x.T) - torch.eye(12)).abs().mean())

    assert correlation(turned) < 0.2 * correlation(patches)


def test_a_layer_starts_as_the_identity_and_its_bias_learns_faster() -> None:
    torch.manual_seed(0)
    layer = Layer(4, 6).train()
    x = torch.randn(50, 4, 8, 8)
    torch.testing.assert_close(layer.conv(x)[:, :4], x)
    y = layer(x)
    torch.testing.assert_close(y.mean((0, 2, 3)), torch.zeros(6), atol=1e-6, rtol=0)
    torch.testing.assert_close(y.std((0, 2, 3), correction=0), torch.ones(6), atol=1e-4, rtol=0)
    slope = torch.randn(6)
    (gradient,) = torch.autograd.grad((slope[:, None, None] * y).mean((0, 2, 3)).sum(), layer.bias)
    with torch.no_grad():
        layer.bias.sub_(0.01 * gradient)
    torch.testing.assert_close(layer(x).mean((0, 2, 3)), -64 * 0.01 * slope, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("training", [False, True])
def test_is_the_chain_of_its_layers(depth: int, training: bool) -> None:
    def small() -> FastResNet:
        torch.manual_seed(0)
        net = FastResNet(spec(2, 12, 11, scale=3.0), 3, widths=(20, 5), depth=depth)
        for m in net.modules():
            if isinstance(m, nn.BatchNorm2d):
                assert m.running_var is not None
                assert m.running_mean is not None
                nn.init.uniform_(m.running_var, 0.5, 2)
                nn.init.normal_(m.running_mean)
        for name, parameter in net.named_parameters():
            if name.endswith("bias"):
                nn.init.normal_(parameter)
        return net.train(training)

    net, twin = small(), small()
    image = torch.rand(70, 2, 12, 11)
    z = twin.patches.norm(F.conv2d(3 * image, decorrelating(2)))
    x = F.gelu(torch.cat((z, -z), 1) + twin.patches.bias[None, :, None, None])
    for group in twin.groups:
        start = None
        for i, layer in enumerate(group.layers):  # type: ignore[arg-type]  # untyped parts
            y = F.conv2d(x, layer.conv.weight, padding=1)
            y = layer.norm(y if i else F.max_pool2d(y, 2)) + 8 * layer.bias[None, :, None, None]
            x = F.gelu(y + start if i == 2 else y)
            start = start if i else x
    assert x.shape == (70, 5, 2, 2)
    expected = twin.head(x.flatten(2).max(2).values) / 9
    torch.testing.assert_close(net({"image": image}).detach(), expected.detach(), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("options", [{"widths": ()}, {"widths": (4, 0)}, {"depth": 0}, {"widths": (4,) * 4}])
def test_an_image_that_does_not_fit_is_told(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"more than \d+ pixels a side"):
        FastResNet(spec(3, 12, 12), 2, **options)  # type: ignore[arg-type]  # mixed options
