from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.models.jet_cnn import JetConvolutionalNetwork
from kaon.registry import lookup


def spec(*shape: int, scale: float = 2.0) -> InputSpec:
    return InputSpec((Input("image", shape, scale=(scale,) * shape[-1]),))


def test_parameters_counted_by_hand() -> None:
    convolutions = 11 * 11 * 32 + 32 + 2 * (3 * 3 * 32 * 32 + 32)
    assert convolutions + 32 * 64 + 64 + 64 * 2 + 2 == 24_642, "25 pixels pooled by 2, 3 and 3 are 12, 4 and 1"
    assert lookup("kaon.models", "jet_cnn")(spec(1, 25, 25), 2).parameter_count == 24_642
    convolutions = 8 * 8 * 3 * 64 + 64 + 2 * (4 * 4 * 64 * 64 + 64)
    assert convolutions + 64 * 128 + 128 + 128 * 2 + 2 == 152_130, "33 pixels become 26-13, 10-5, 2-1"
    assert lookup("kaon.models", "jet_cnn_color")(spec(3, 33, 33), 2).parameter_count == 152_130


@pytest.mark.parametrize(("name", "shape"), [("jet_cnn", (1, 25, 25)), ("jet_cnn_color", (3, 33, 40))])
def test_is_the_chain_of_its_layers(name: str, shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    net = lookup("kaon.models", name)(spec(*shape), 3).eval()
    image = torch.rand(70, *shape)  # more than one piece
    x = 2 * image
    for layer, pool in zip(net.convolutions, net.pools, strict=True):
        x = F.max_pool2d(F.conv2d(x, layer.weight, layer.bias, padding=layer.padding).relu(), pool)
    if net.response:  # torch's alpha is divided by the number of filters
        x = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)(x)
    linear = next(layer for layer in net.body.modules() if isinstance(layer, nn.Linear))
    expected = net.head(linear(x.flatten(1)).relu())
    torch.testing.assert_close(net({"image": image}).detach(), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kernel", [3, 4])
@pytest.mark.parametrize("padded", [True, False])
def test_the_dense_layer_fits_what_the_convolutions_leave(kernel: int, padded: bool) -> None:
    net = JetConvolutionalNetwork(
        spec(1, 12, 17), 2, filters=(3, 4), kernels=(kernel, kernel), pools=(2, 1), padded=padded, response=False
    ).eval()
    assert net({"image": torch.rand(2, 1, 12, 17)}).shape == (2, 2)


@pytest.mark.parametrize(
    "options", [{"filters": (4, 4)}, {"filters": (), "kernels": (), "pools": ()}, {"kernels": (11, 3, 0)},
                {"pools": (4, 4, 4)}, {"hidden": ()}, {"padded": False}]
)  # fmt: skip
def test_an_image_that_does_not_fit_is_told(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="an image that they leave a pixel of"):
        JetConvolutionalNetwork(spec(1, 20, 20), 2, **options)  # type: ignore[arg-type]  # mixed options
