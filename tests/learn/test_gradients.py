from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import Input, InputSpec
from kaon.errors import DataError
from kaon.learn.gradients import factor, layer_gradients, sigmoid_bound
from kaon.models.base import Net
from kaon.models.conv_stack import ConvolutionalStack
from kaon.models.deep_mlp import DeepMLP

COLUMNS = InputSpec((Input("features", (4,)),))


class Chain(Net):
    """Layers of one unit without bias: the logits are (0, w_n s(w_{n-1} s(... w_1 x)))."""

    def __init__(self, weights: list[float]) -> None:
        super().__init__(InputSpec((Input("features", (1,)),)), 2)
        self.layers = nn.ModuleList(nn.Linear(1, 1, bias=False) for _ in weights)
        for layer, weight in zip(self.layers, weights, strict=True):
            nn.init.constant_(layer.weight, weight)  # type: ignore[arg-type]  # a Linear's

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        x = inputs["features"]
        for i, layer in enumerate(self.layers):
            x = layer(x.sigmoid() if i else x)
        return torch.cat([torch.zeros_like(x), x], 1)


def test_a_chain_of_single_units_is_the_product_of_its_weights_and_slopes() -> None:
    weights, x = [0.7, -1.3, 0.9, 2.0, -0.4], 0.6
    found = layer_gradients(Chain(weights), {"features": torch.tensor([[x]])}, torch.tensor([1]))
    z, before = [], x
    for w in weights:
        z.append(w * before)
        before = 1 / (1 + math.exp(-z[-1]))
    fed = [x] + [1 / (1 + math.exp(-value)) for value in z[:-1]]
    slope = [s * (1 - s) for s in fed[1:]]
    # L = log(1 + e^-y) with y = z_n, so that dL/dy = s(y) - 1.
    outer = 1 / (1 + math.exp(-z[-1])) - 1
    expected = [abs(outer * math.prod(weights[k + 1 :]) * math.prod(slope[k:]) * fed[k]) for k in range(len(weights))]
    np.testing.assert_allclose(found.norms, expected, rtol=1e-5)
    assert found.names == tuple(f"layers.{k}" for k in range(5))


def test_the_bound_of_sigmoids_holds_and_is_reached_at_zero() -> None:
    torch.manual_seed(0)
    for weights in torch.randn(20, 6).tolist():
        norms = layer_gradients(Chain(weights), {"features": torch.ones(1, 1)}, torch.tensor([0])).norms
        fed = 1.0  # outputs of sigmoids, and the input here, are at most 1
        bound = sigmoid_bound(6, [abs(w) for w in weights[:0:-1]])[::-1]
        assert (norms <= fed * bound * (1 + 1e-6)).all()
    # Weights of one, all z near zero: a tiny x, and behind it a bias that takes the 1/2 of the sigmoid away.
    z = torch.zeros(5, requires_grad=True)
    value = z[0]
    for k in range(1, 5):
        value = value.sigmoid() - 0.5 + z[k]
    (slopes,) = torch.autograd.grad(value, z)
    np.testing.assert_allclose(slopes.numpy()[::-1], sigmoid_bound(5), rtol=1e-6)


def test_sigmoids_lose_a_quarter_and_relus_keep_their_gradient() -> None:
    inputs, target = (
        {"features": torch.randn(200, 4, generator=torch.Generator().manual_seed(0))},
        torch.arange(200) % 2,
    )
    made = {}
    for activation, initialisation in (("sigmoid", "glorot"), ("tanh", "glorot"), ("relu", "he")):
        torch.manual_seed(0)
        net = DeepMLP(COLUMNS, 2, depth=12, width=60, activation=activation, initialisation=initialisation)  # type: ignore[arg-type]  # from a list
        made[activation] = factor(layer_gradients(net, inputs, target).norms[1:-1])
    assert 0.15 < made["sigmoid"] < 0.3, "at most 1/4 for weights of norm one, which these have on average"
    assert 0.6 < made["tanh"] < 1.5
    assert 0.6 < made["relu"] < 1.5


def test_agrees_with_finite_differences() -> None:
    torch.manual_seed(3)
    net = ConvolutionalStack(InputSpec((Input("image", (1, 8, 8)),)), 3, depth=3, width=3, activation="tanh").double()
    inputs, target = {"image": torch.randn(5, 1, 8, 8).double()}, torch.arange(5) % 3
    found = layer_gradients(net, inputs, target)
    weights = [m.weight for m in net.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(found.norms) == len(weights) == 4
    for norm, weight in zip(found.norms, weights, strict=True):
        slopes = []
        with torch.no_grad():
            flat = weight.view(-1)
            for i in range(len(flat)):
                losses = []
                for step in (1e-4, -2e-4):
                    flat[i] += step
                    losses.append(float(F.cross_entropy(net(inputs).float(), target)))
                flat[i] += 1e-4
                slopes.append((losses[0] - losses[1]) / 2e-4)
        # The loss itself is in single precision.
        assert norm == pytest.approx(np.linalg.norm(slopes), abs=1e-2)


def test_nothing_is_left_behind() -> None:
    net = DeepMLP(COLUMNS, 2, depth=2, width=3).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with torch.no_grad():
        layer_gradients(net, {"features": torch.randn(5, 4)}, torch.zeros(5, dtype=torch.int64))
    assert net.training
    assert all(p.grad is None for p in net.parameters())
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_bad_batches_are_told() -> None:
    net = DeepMLP(COLUMNS, 2, depth=2, width=3)
    with pytest.raises(DataError, match="the batch is empty"):
        layer_gradients(net, {"features": torch.zeros(0, 4)}, torch.zeros(0, dtype=torch.int64))
    with pytest.raises(DataError, match=r"the gradient of .*head is not finite"):
        layer_gradients(net, {"features": torch.full((2, 4), float("nan"))}, torch.zeros(2, dtype=torch.int64))


def test_the_factor_is_that_of_a_geometric_series() -> None:
    for value in (0.25, 1.0, 3.0):
        norms = 5.0 * value ** np.arange(7)[::-1].astype(float)
        assert factor(norms) == pytest.approx(value)
    assert math.isnan(factor(np.array([1.0])))
    assert math.isnan(factor(np.array([1.0, 0.0, 2.0])))
