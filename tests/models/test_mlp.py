from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from kaon.data import Input, InputSpec
from kaon.models.mlp import MLP

SPEC = InputSpec((Input("features", (4,), shift=(1.0, 2.0, 3.0, 4.0), scale=(0.5, 1.0, 2.0, 4.0)),))


def test_is_the_equation_on_standardised_features() -> None:
    torch.manual_seed(0)
    net, x = MLP(SPEC, 3, hidden=(5, 6)), torch.randn(7, 4)
    layers = [m for m in net.modules() if isinstance(m, nn.Linear)]
    y = (x - torch.tensor([1.0, 2.0, 3.0, 4.0])) * torch.tensor([0.5, 1.0, 2.0, 4.0])
    for layer in layers[:-1]:
        y = (y @ layer.weight.T + layer.bias).relu()
    torch.testing.assert_close(net({"features": x}), y @ layers[-1].weight.T + layers[-1].bias)


@pytest.mark.parametrize("hidden", [(), (8,), (128, 128, 128)])
def test_parameters_are_the_weights_and_biases_of_its_layers(hidden: tuple[int, ...]) -> None:
    widths = (4, *hidden, 2)
    expected = sum((a + 1) * b for a, b in pairwise(widths))
    assert MLP(SPEC, 2, hidden=hidden).parameter_count == expected


def test_without_hidden_layers_it_is_logistic_regression() -> None:
    net, x = MLP(SPEC, 2, hidden=()), torch.randn(3, 4)
    zero = net({"features": torch.zeros(1, 4)})
    torch.testing.assert_close(net({"features": 2 * x}) - zero, 2 * (net({"features": x}) - zero))


def test_dropout_is_for_training_only() -> None:
    net, x = MLP(SPEC, 2, dropout=0.5), {"features": torch.randn(50, 4)}
    assert not torch.equal(net.train()(x), net(x))
    assert torch.equal(net.eval()(x), net(x))


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_stages_are_the_hidden_layers(dropout: float) -> None:
    torch.manual_seed(0)
    net = MLP(InputSpec((Input("features", (3,), shift=(1.0,) * 3),)), 2, hidden=(5, 4, 6), dropout=dropout).eval()
    x = torch.randn(7, 3)
    assert [layer[0].out_features for layer in net.stages] == [5, 4, 6]  # type: ignore[index]  # a Sequential's
    code = net.entrance({"features": x})
    for stage in net.stages:
        code = stage(code)
    torch.testing.assert_close(net.head(code), net({"features": x}))
    assert not MLP(net.spec, 2, hidden=()).stages
