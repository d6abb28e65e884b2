from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.models.real_mlp import Paced, ParametricSelu, PeriodicEmbedding, RealMLP, TangentLinear

SPEC = InputSpec((Input("features", (4,), shift=(1.0, 2.0, 3.0, 4.0), scale=(0.5, 1.0, 2.0, 4.0)),))


def test_is_the_published_sequence() -> None:
    torch.manual_seed(0)
    net, x = RealMLP(SPEC, 3, hidden=(5, 6)).eval(), torch.randn(7, 4)
    y = (x - torch.tensor([1.0, 2.0, 3.0, 4.0])) * torch.tensor([0.5, 1.0, 2.0, 4.0])
    y = y / torch.sqrt(1 + (y / 3) ** 2) * net.factor()
    assert isinstance(net.embed, PeriodicEmbedding)
    columns = []
    for i in range(4):
        waves = torch.cos(2 * math.pi * net.embed.frequency()[i] * y[:, i : i + 1] + net.embed.phase()[i])
        columns += [y[:, i : i + 1], waves @ net.embed.weight()[i] + net.embed.bias()[i]]
    y = torch.cat(columns, 1)
    for linear, activation in ((net.body[0], net.body[1]), (net.body[3], net.body[4])):
        assert isinstance(linear, TangentLinear)
        assert isinstance(activation, ParametricSelu)
        y = y @ linear.weight().T / math.sqrt(y.shape[1]) + linear.bias()
        y = y + activation.share() * (F.selu(y) - y)
    y = y @ net.head.weight().T / math.sqrt(6) + net.head.bias()
    torch.testing.assert_close(net({"features": x}), y)


@pytest.mark.parametrize("pace", [1.0, 40.0])
def test_a_pace_is_a_learning_rate_of_its_own(pace: float) -> None:
    torch.manual_seed(0)
    start, target = torch.randn(6), torch.randn(6)
    ours, theirs = Paced(start, pace), torch.nn.Parameter(start.clone())
    groups: list[dict[str, Any]] = [{"params": ours.parameters()}, {"params": [theirs], "lr": 1e-3 * pace}]
    optimizer = torch.optim.Adam(groups, 1e-3)
    for _ in range(30):
        optimizer.zero_grad()
        ((ours() - target).pow(4).sum() + (theirs - target).pow(4).sum()).backward()
        optimizer.step()
    torch.testing.assert_close(ours(), theirs.data, rtol=1e-4, atol=1e-5)


def test_layers_of_any_width_begin_with_unit_variance() -> None:
    torch.manual_seed(0)
    for before in (10, 1000):
        layer = TangentLinear(before, 500)
        made = layer(torch.randn(200, before)) - layer.bias()
        assert made.std().item() == pytest.approx(1, rel=0.1)


def test_far_outliers_are_clipped_to_three() -> None:
    net = RealMLP(SPEC, 2).eval()
    far, further = ({"features": torch.full((1, 4), x)} for x in (1e6, 1e9))
    torch.testing.assert_close(net(far), net(further), rtol=1e-3, atol=1e-3)
    assert bool(torch.isfinite(net({"features": torch.full((1, 4), 1e15)})).all())


def test_an_embedding_of_one_number_is_the_feature_itself() -> None:
    net = RealMLP(SPEC, 2, embedding=1, hidden=(5,))
    assert sum(p.numel() for p in net.embed.parameters()) == 0
    assert net.parameter_count == 4 + (4 + 1) * 5 + 5 + (5 + 1) * 2


def test_it_is_smaller_than_the_deep_network_of_the_benchmarks() -> None:
    wide = InputSpec((Input("features", (28,)),))
    matrices = 28 * 16 * 3 + 28 * 4 * 256 + 2 * 256**2 + 256 * 2
    assert RealMLP(wide, 2).parameter_count == pytest.approx(matrices, rel=0.02)
    assert matrices < 0.5 * (28 * 300 + 4 * 300**2)


def test_dropout_is_for_training_only() -> None:
    net, x = RealMLP(SPEC, 2), {"features": torch.randn(50, 4)}
    assert not torch.equal(net.train()(x), net(x))
    assert torch.equal(net.eval()(x), net(x))


@pytest.mark.parametrize(
    "options", [{"hidden": ()}, {"embedding": 0}, {"frequencies": 0}, {"sigma": 0.0}, {"sigma": np.nan}, {"dropout": 2}]
)
def test_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        RealMLP(SPEC, 2, **options)
