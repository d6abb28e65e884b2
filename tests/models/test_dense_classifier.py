from __future__ import annotations

import pytest
import torch

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.models.dense_classifier import DenseClassifier


def spec(*shape: int, scale: float = 1.0) -> InputSpec:
    return InputSpec((Input("image", shape, shift=(0.5,) * shape[-1], scale=(scale,) * shape[-1]),))


@pytest.mark.parametrize(("pixels", "classes", "published"), [(28, 10, 669_706), (32, 3, 788_995)])
@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_has_the_published_number_of_parameters(pixels: int, classes: int, published: int, dropout: float) -> None:
    assert DenseClassifier(spec(1, pixels, pixels), classes, dropout=dropout).parameter_count == published


def test_is_the_chain_of_its_layers_on_all_pixels() -> None:
    torch.manual_seed(0)
    net = DenseClassifier(spec(3, 5, 4, scale=2.0), 3, hidden=(8, 6)).eval()
    image = torch.rand(7, 3, 5, 4)
    first, second = net.body[0], net.body[3]
    x = (image.flatten(1) - 0.5) * 2
    x = (x @ first.weight.T + first.bias).relu()  # type: ignore[operator]  # parts of a Sequential
    x = (x @ second.weight.T + second.bias).relu()  # type: ignore[operator]
    torch.testing.assert_close(net({"image": image}), net.head(x))


@torch.no_grad()
def test_hidden_units_are_left_out_in_training_only() -> None:
    torch.manual_seed(0)
    net = DenseClassifier(spec(1, 6, 6), 2, hidden=(400,), dropout=0.5)
    image = {"image": torch.rand(1, 1, 6, 6).expand(100, 1, 6, 6)}
    assert float(net(image).std(0).min()) > 0
    assert float(net.eval()(image).std(0).max()) < 1e-6


@pytest.mark.parametrize("hidden", [(), (8, 0)])
def test_hidden_layers_that_are_none_are_told(hidden: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="at least one layer is needed"):
        DenseClassifier(spec(1, 6, 6), 2, hidden=hidden)
