from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.models.shape_cnn import ShapeCNN


def spec(*shape: int, scale: float = 1.0) -> InputSpec:
    return InputSpec((Input("image", shape, scale=(scale,) * shape[-1]),))


def test_has_the_published_number_of_parameters() -> None:
    assert ShapeCNN(spec(1, 32, 32), 3).parameter_count == 3_437_283
    convolutions = 320 + 9_248 + 18_496 + 36_928 + 73_856 + 147_584
    assert convolutions + 2_098_176 + 1_049_600 + 3_075 == 3_437_283, "as its notebook lists them by layer"


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 9, 14)])
def test_is_the_chain_of_its_layers(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    net = ShapeCNN(spec(*shape, scale=2.0), 4, filters=(5, 6), hidden=(7, 8)).eval()
    image = torch.rand(70, *shape)  # more than one piece
    x = 2 * image
    for i, layer in enumerate(net.convolutions):
        x = F.conv2d(x, layer.weight, layer.bias, padding=1).relu()  # type: ignore[arg-type]  # untyped parts
        x = F.max_pool2d(x, 2) if i % 2 else x
    assert x.shape[2:] == (shape[1] // 4, shape[2] // 4)
    x = net.body[3](net.body[0](x.flatten(1)).relu()).relu()
    torch.testing.assert_close(net({"image": image}).detach(), net.head(x), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_dropout_between_convolutions_acts_in_training_only() -> None:
    torch.manual_seed(0)
    net = ShapeCNN(spec(1, 8, 8), 2, filters=(4,), hidden=(8,), dropout=0.5, dense_dropout=0.0)
    image = {"image": torch.rand(1, 1, 8, 8).expand(50, 1, 8, 8)}
    assert float(net(image).std(0).min()) > 0
    assert float(net.eval()(image).std(0).max()) < 1e-6


@pytest.mark.parametrize("options", [{"filters": ()}, {"filters": (4,) * 4}, {"hidden": ()}, {"hidden": (0,)}])
def test_an_image_that_does_not_fit_is_told(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="at least one pair"):
        ShapeCNN(spec(1, 12, 12), 2, **options)  # type: ignore[arg-type]  # mixed options
