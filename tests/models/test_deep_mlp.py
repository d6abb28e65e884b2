from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.models.deep_mlp import DeepMLP

DIGITS = InputSpec((Input("image", (1, 28, 28)),))
COLUMNS = InputSpec((Input("features", (7,), shift=(1.0,) * 7, scale=(0.5,) * 7),))


@pytest.mark.parametrize(
    ("spec", "depth", "width", "by_hand"),
    [
        (DIGITS, 1, 10, 785 * 10 + 11 * 10),
        (DIGITS, 5, 200, 785 * 200 + 4 * 201 * 200 + 201 * 10),
        (COLUMNS, 3, 4, 8 * 4 + 2 * 5 * 4 + 5 * 10),
    ],
)
def test_has_the_parameters_that_one_counts_by_hand(spec: InputSpec, depth: int, width: int, by_hand: int) -> None:
    assert DeepMLP(spec, 10, depth=depth, width=width).parameter_count == by_hand


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        ("sigmoid", lambda z: 1 / (1 + (-z).exp())),
        ("tanh", lambda z: (2 * z).exp().sub(1) / ((2 * z).exp() + 1)),
        ("relu", lambda z: z * (z > 0)),
        ("leaky_relu", lambda z: torch.where(z > 0, z, 0.01 * z)),
    ],
)
def test_is_the_formula(activation: str, function: nn.Module) -> None:
    torch.manual_seed(0)
    net = DeepMLP(COLUMNS, 3, depth=4, width=5, activation=activation)  # type: ignore[arg-type]  # parametrised
    x = torch.randn(6, 7)
    h = (x - 1) / 2
    *hidden, head = [m for m in net.modules() if isinstance(m, nn.Linear)]
    for layer in hidden:
        h = function(h @ layer.weight.T + layer.bias)
    torch.testing.assert_close(net({"features": x}), h @ head.weight.T + head.bias)


@pytest.mark.parametrize(("name", "variance"), [("glorot", 1 / 400), ("he", 2 / 400), ("small", 1 / 1200)])
def test_initial_weights_have_their_variance(name: str, variance: float) -> None:
    torch.manual_seed(1)
    net = DeepMLP(COLUMNS, 2, depth=3, width=400, initialisation=name)  # type: ignore[arg-type]  # parametrised
    for stage in list(net.stages)[1:]:
        weight, bias = stage[0].weight, stage[0].bias  # type: ignore[index]  # a Sequential
        assert float(weight.detach().var()) == pytest.approx(variance, rel=6 * math.sqrt(2 / 400**2))
        assert not bias.any()


def test_an_image_is_the_row_of_its_pixels() -> None:
    torch.manual_seed(0)
    net = DeepMLP(DIGITS, 2, depth=2, width=8)
    image = torch.rand(3, 1, 28, 28)
    torch.testing.assert_close(net.entrance({"image": image}), image.reshape(3, 784))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"depth": 0}, "from 1 upwards"),
        ({"width": 0}, "from 1 upwards"),
        ({"activation": "step"}, "allowed: sigmoid, tanh, relu, leaky_relu"),
        ({"initialisation": "zero"}, "allowed: glorot, he, small"),
    ],
)
def test_what_makes_no_sense_is_told(options: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        DeepMLP(COLUMNS, 2, **options)  # type: ignore[arg-type]  # wrong on purpose


def test_other_inputs_are_told() -> None:
    with pytest.raises(ConfigError, match=r"reads one input.*not \['constituents', 'mask'\]"):
        DeepMLP(InputSpec((Input("constituents", ("n", 3)), Input("mask", ("n",), dtype="bool"))), 2)
