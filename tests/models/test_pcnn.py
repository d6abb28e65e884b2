from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import Events, Input, InputSpec
from kaon.models.pcnn import ParticleCNN, RealNorm
from kaon.represent.point_cloud import PointCloud


def make(features: int = 7, **options: Any) -> ParticleCNN:
    torch.manual_seed(0)
    item = Input("features", ("constituents", features))
    return ParticleCNN(InputSpec((item, Input("mask", ("constituents",), "bool"))), 2, **options)


def batch(counts: list[int], features: int = 7, length: int | None = None) -> dict[str, Tensor]:
    torch.manual_seed(1)
    mask = torch.arange(length or max(counts)) < torch.tensor(counts)[:, None]
    return {"features": torch.randn(*mask.shape, features) * mask[..., None], "mask": mask}


def test_has_the_published_number_of_parameters(jets: Events) -> None:
    assert make(4).parameter_count == 348_106
    assert ParticleCNN(PointCloud().fit(jets).spec, 2).parameter_count == 348_400


def one_by_one(net: ParticleCNN, inputs: dict[str, Tensor], training: bool) -> Tensor:
    """Each jet as a sequence of its own length; norms with the moments of all real constituents."""
    jets = [x[m].T[None] for x, m in zip(inputs["features"], inputs["mask"], strict=True)]

    def norm(made: RealNorm, parts: list[Tensor]) -> list[Tensor]:
        inner = made.norm
        every = torch.cat(parts, 2)[0]
        mean, var = every.mean(1), every.var(1, unbiased=False)
        if not training:
            assert inner.running_mean is not None
            assert inner.running_var is not None
            mean, var = inner.running_mean, inner.running_var
        scale = inner.weight / (var + inner.eps).sqrt()
        out = [(x - mean[:, None]) * scale[:, None] + inner.bias[:, None] for x in parts]
        return [x.relu() for x in out] if made.relu else out

    def convolve(made: nn.Conv2d, parts: list[Tensor]) -> list[Tensor]:
        weight = made.weight[:, :, 0]
        return [F.conv1d(x, weight, stride=made.stride[1], padding=weight.shape[2] // 2) for x in parts]

    x = convolve(net.first, norm(net.first_norm, jets))
    unit: Any
    for unit in net.units:
        y = norm(unit.norms[0], x)
        x = x if unit.shortcut is None else convolve(unit.shortcut, y)
        y = convolve(unit.two, norm(unit.norms[1], convolve(unit.one, y)))
        x = [a + b for a, b in zip(x, y, strict=True)]
    pooled = torch.cat([x.mean(2) for x in norm(net.last_norm, x)])
    logits: Tensor = net.head(pooled)
    return logits


@pytest.mark.parametrize("training", [False, True])
def test_is_the_network_of_each_jet_alone(training: bool) -> None:
    net = make(dropout=0.0)
    for _ in range(3):
        net.train()(batch([30, 20, 25]))  # batch norms that are not the identity
    inputs = batch([*range(1, 18), 40], length=50)
    expected = one_by_one(net, inputs, training)
    found = net.train(training)(inputs)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_padding_changes_nothing_in_training_either() -> None:
    short, long = (batch([3, 9, 5], length=length) for length in (9, 23))
    long["features"][:, :9] = short["features"]
    outcome = []
    for inputs in (short, long):
        net = make(dropout=0.0).train()
        torch.autograd.backward(net(inputs).square().sum())
        outcome.append([p.grad for p in net.parameters()] + list(net.buffers()))
    for one, two in zip(*outcome, strict=True):
        torch.testing.assert_close(one, two)


def test_the_order_is_part_of_the_input(jets: Events) -> None:
    fitted = PointCloud()
    arrays = fitted.fit_transform(jets).inputs
    net = ParticleCNN(fitted.spec, 2).eval()
    inputs = {name: torch.from_numpy(np.array(values[:20])) for name, values in arrays.items()}
    softest_first = {name: values.clone() for name, values in inputs.items()}
    for row, count in enumerate(inputs["mask"].sum(1).tolist()):
        softest_first["features"][row, :count] = inputs["features"][row, :count].flip(0)
    assert (net(inputs) - net(softest_first)).abs().max() > 1e-4


@pytest.mark.parametrize("counts", [[1], [0, 0], [0, 1], [1, 2, 3]])
def test_a_training_step_on_next_to_nothing_is_finite(counts: list[int]) -> None:
    net = make().train()
    logits = net(batch(counts, length=4))
    torch.autograd.backward(logits.square().sum())
    assert torch.isfinite(logits).all()
    for value in (*net.parameters(), *net.buffers()):
        assert torch.isfinite(value).all()
        assert value.grad is None or torch.isfinite(value.grad).all()
