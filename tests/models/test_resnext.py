from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import Events, Input, InputSpec
from kaon.errors import ConfigError
from kaon.layers.convolution import NormedConvolution
from kaon.models.resnext import ResNeXt
from kaon.registry import lookup

SMALL = InputSpec((Input("image", (2, 16, 16), scale=(3.0,) * 16),))


def test_has_the_published_number_of_parameters(jets: Events) -> None:
    net = ResNeXt(lookup("kaon.represent", "images_resnext")().fit(jets).spec, 2)
    assert net.parameter_count == 1_457_314
    assert len(net.blocks) == 3 + 4 + 6 + 3
    assert 1 + 3 * len(net.blocks) + 1 == 50, "layers of a ResNeXt-50"


def small() -> ResNeXt:
    """Two stages, with batch norms that are not the identity."""
    torch.manual_seed(0)
    net = ResNeXt(SMALL, 3, depths=(2, 1), widths=(16, 32), cardinality=4)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for values in (layer.weight, layer.running_var):
                assert values is not None
                nn.init.uniform_(values, 0.5, 2)
            for values in (layer.bias, layer.running_mean):
                assert values is not None
                nn.init.normal_(values)
    return net


def grouped(x: Tensor, weight: Tensor, stride: int, groups: int) -> Tensor:
    """A grouped convolution as one convolution for each slice of the channels."""
    pieces = zip(x.chunk(groups, 1), weight.chunk(groups, 0), strict=True)
    return torch.cat([F.conv2d(a, w, stride=stride, padding=weight.shape[-1] // 2) for a, w in pieces], 1)


def layer(made: NormedConvolution, x: Tensor, training: bool) -> Tensor:
    stride, norm = made.conv.stride[0], made.norm
    y = grouped(x.contiguous(), made.conv.weight, stride, made.conv.groups)
    if training:
        mean, var = y.mean((0, 2, 3)), y.var((0, 2, 3), unbiased=False)
    else:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        mean, var = norm.running_mean, norm.running_var
    shape = (1, -1, 1, 1)
    unit = (y - mean.reshape(shape)) / (var.reshape(shape) + norm.eps).sqrt()
    return unit * norm.weight.reshape(shape) + norm.bias.reshape(shape)


@pytest.mark.parametrize("training", [False, True])
def test_is_the_chain_of_its_layers(training: bool) -> None:
    net = small().train(training)
    net.head[0].eval()  # dropout draws random numbers
    image = torch.rand(5, 2, 16, 16)
    x = layer(net.stem, 3 * image, training).relu()
    assert x.shape[-2:] == (8, 8)
    for block in net.blocks:
        y = layer(block.reduce, x, training).relu()  # type: ignore[arg-type]  # untyped parts of a module
        y = layer(block.grouped, y, training).relu()  # type: ignore[arg-type]  # untyped parts of a module
        y = layer(block.expand, y, training)  # type: ignore[arg-type]  # untyped parts of a module
        x = (y + (x if block.shortcut is None else layer(block.shortcut, x, training))).relu()  # type: ignore[arg-type]  # untyped parts of a module
    assert x.shape == (5, 32, 4, 4)
    expected = net.head[1](x.mean((2, 3)))
    torch.testing.assert_close(net({"image": image}), expected, atol=1e-4, rtol=1e-4)


def test_sizes_that_do_not_fit_are_told() -> None:
    for wrong in ({"depths": (1,)}, {"depths": (1, 0)}, {"widths": (16, 31)}):
        with pytest.raises(ConfigError, match="cardinality = 8"):
            ResNeXt(SMALL, 2, **{"depths": (1, 1), "widths": (16, 32), "cardinality": 4} | wrong)  # type: ignore[arg-type]  # untyped parts of a module
