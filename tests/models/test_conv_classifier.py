from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.models.conv_classifier import ConvClassifier


def spec(*shape: int, scale: float = 1.0) -> InputSpec:
    return InputSpec((Input("image", shape, scale=(scale,) * shape[-1]),))


def test_has_the_published_number_of_parameters() -> None:
    assert ConvClassifier(spec(1, 28, 28), 10).parameter_count == 1_199_882
    assert 320 + 18_496 + 1_179_776 + 1_290 == 1_199_882, "as the lecture lists them by layer"


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 9, 14)])
def test_is_the_chain_of_its_layers(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    net = ConvClassifier(spec(*shape, scale=2.0), 4, filters=(5, 6), hidden=7).eval()
    image = torch.rand(70, *shape)  # more than one piece
    x = 2 * image
    for layer in net.convolutions:
        x = F.conv2d(x, layer.weight, layer.bias).relu()  # type: ignore[arg-type]  # untyped parts of a module
    x = F.max_pool2d(x, 2)
    assert x.shape[2:] == ((shape[1] - 4) // 2, (shape[2] - 4) // 2)
    x = net.body[1](x.flatten(1)).relu()
    torch.testing.assert_close(net({"image": image}).detach(), net.head(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("options", [{"filters": ()}, {"filters": (4, 0)}, {"filters": (4,) * 6}, {"hidden": 0}])
def test_an_image_that_does_not_fit_is_told(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="at least one convolution"):
        ConvClassifier(spec(1, 12, 12), 2, **options)  # type: ignore[arg-type]  # mixed options
