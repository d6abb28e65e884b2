from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.interpret.filters import first_filters
from kaon.layers.convolution import NormedConvolution
from kaon.models.base import Net
from kaon.registry import variants

if TYPE_CHECKING:
    from .conftest import MakeNet


def test_filters_of_a_convolution_are_its_weights(make_net: MakeNet) -> None:
    first = nn.Conv2d(2, 4, (3, 5))
    found = first_filters(make_net(first, nn.ReLU(), nn.Conv2d(4, 5, 3)))
    assert found.kind == "convolution"
    np.testing.assert_array_equal(found.weights, first.weight.detach().numpy())


def test_filters_of_a_dense_layer_have_the_shape_of_the_picture(make_net: MakeNet) -> None:
    dense = nn.Linear(2 * 12 * 14, 6)
    net = make_net(nn.Flatten(), dense, nn.ReLU())
    found = first_filters(net)
    assert (found.kind, found.weights.shape) == ("dense", (6, 2, 12, 14))
    image = torch.rand(1, 2, 12, 14)
    seen = np.tensordot(found.weights, image[0].numpy(), 3)
    np.testing.assert_allclose(seen, (net.layers[:2](image) - dense.bias)[0].detach().numpy(), rtol=1e-5, atol=1e-5)


def test_a_batch_norm_that_is_folded_in_scales_the_filters(make_net: MakeNet) -> None:
    normed = NormedConvolution(2, 4, 3)
    net = make_net(normed)
    assert normed.norm.running_var is not None
    normed.norm.running_var.copy_(torch.tensor([1.0, 4.0, 9.0, 16.0]))
    found = first_filters(net.train()).weights
    weight = normed.conv.weight * normed.norm.weight[:, None, None, None]
    expected = weight.detach() / torch.tensor([1.0, 2.0, 3.0, 4.0])[:, None, None, None]
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_that_were_filled_up_are_left_out(channels: int) -> None:
    net = variants("kaon.models")["cnn"](InputSpec((Input("image", (channels, 20, 20)),)), 2, filters=(4, 4))
    found = first_filters(net).weights
    np.testing.assert_array_equal(found, net.convolutions[0].weight.detach().numpy())


class Average(Net):
    """Reads an image, but not with filters."""

    def __init__(self) -> None:
        super().__init__(InputSpec((Input("image", (3, 4, 4)),)), 2)
        self.head = nn.Linear(3, 2)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        logits: Tensor = self.head(inputs["image"].mean((2, 3)))
        return logits


def test_a_first_layer_that_is_no_picture_is_refused() -> None:
    with pytest.raises(ConfigError, match="3 channels nor a dense layer of 48 pixels"):
        first_filters(Average())
