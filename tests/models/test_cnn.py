from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from kaon.data import Events, Input, InputSpec
from kaon.errors import ConfigError
from kaon.models.cnn import ConvolutionalNetwork
from kaon.represent.images import JetImages


def spec(channels: int = 1, pixels: int = 40, scale: float = 1.0) -> InputSpec:
    return InputSpec((Input("image", (channels, pixels, pixels), scale=(scale,) * pixels),))


def test_has_the_published_number_of_parameters(jets: Events) -> None:
    assert ConvolutionalNetwork(JetImages().fit(jets).spec, 2).parameter_count == 609_666
    convolutions = 16 * 128 + 128 + 16 * 128 * 64 + 64 + 2 * (16 * 64 * 64 + 64)
    assert convolutions + 64 * 8 * 8 * 64 + 64 + 64 * 256 + 256 + 256 * 256 + 256 + 256 * 2 + 2 == 609_666


@pytest.mark.parametrize(("channels", "pixels"), [(1, 40), (3, 33), (2, 25)])
def test_is_the_chain_of_its_layers(channels: int, pixels: int) -> None:
    torch.manual_seed(0)
    net = ConvolutionalNetwork(spec(channels, pixels, scale=2.0), 3)
    image = torch.rand(4, channels, pixels, pixels)
    x = 2 * image
    for i, layer in enumerate(net.convolutions):
        x = layer(x.contiguous()).relu()
        x = F.max_pool2d(x, 2) if i in (1, 3) else x
    expected = net.head(net.body(x.contiguous().flatten(1)))
    torch.testing.assert_close(net({"image": image}), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("options", [{"filters": (8, 8, 8)}, {"filters": ()}, {"filters": (4,) * 10}, {"kernel": 0}])
def test_an_image_that_does_not_fit_is_told(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="an even number of convolutions"):
        ConvolutionalNetwork(spec(pixels=12), 2, **options)  # type: ignore[arg-type]  # mixed options
