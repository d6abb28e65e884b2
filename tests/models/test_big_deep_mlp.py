from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.models.big_deep_mlp import BigDeepMLP, ScaledTanh


def spec(*shape: int, scale: float = 1.0) -> InputSpec:
    return InputSpec((Input("image", shape, scale=(scale,) * shape[-1]),))


def test_has_the_published_number_of_parameters() -> None:
    framed = BigDeepMLP(spec(1, 29, 29), 10)
    weights = sum(p.numel() for p in framed.parameters() if p.ndim == 2)
    assert round(weights / 1e6, 2) == 12.11
    expected = sum((a + 1) * b for a, b in pairwise((784, 2500, 2000, 1500, 1000, 500, 10)))
    assert BigDeepMLP(spec(1, 28, 28), 10).parameter_count == expected == 11_972_510


def test_the_activation_maps_one_onto_one_and_is_steepest_curved_there() -> None:
    x = torch.linspace(-4, 4, 8001, dtype=torch.float64)
    y = ScaledTanh()(x)
    torch.testing.assert_close(y, 1.7159 * (1 - 2 / (torch.exp(4 / 3 * x) + 1)))
    assert float(ScaledTanh()(torch.ones(()))) == pytest.approx(1, abs=1e-4)
    second = y[2:] - 2 * y[1:-1] + y[:-2]  # LeCun et al. chose a and b so that it is largest at 1
    assert abs(float(x[1:-1][second.argmin()])) == pytest.approx(1, abs=0.02)


def test_is_the_chain_of_its_layers() -> None:
    torch.manual_seed(0)
    net = BigDeepMLP(spec(2, 4, 3, scale=2.0), 3, hidden=(6, 5))
    image = torch.rand(7, 2, 4, 3)
    x = 2 * image.flatten(1)
    for layer in (net.body[0], net.body[2]):
        x = 1.7159 * torch.tanh(0.666667 * layer(x))
    torch.testing.assert_close(net({"image": image}), net.head(x), atol=1e-5, rtol=1e-5)


def test_initial_weights_are_uniform() -> None:
    torch.manual_seed(0)
    net = BigDeepMLP(spec(1, 10, 10), 2, hidden=(300,), initial=0.1)
    weights = torch.cat([p.detach().flatten() for p in net.parameters()])
    assert float(weights.abs().max()) <= 0.1
    assert float(weights.std()) == pytest.approx(0.1 / math.sqrt(3), rel=0.02)


@pytest.mark.parametrize("options", [{"hidden": ()}, {"hidden": (4, 0)}, {"initial": 0.0}])
def test_sizes_that_are_none_are_told(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="at least one layer is needed"):
        BigDeepMLP(spec(1, 6, 6), 2, **options)  # type: ignore[arg-type]  # mixed options
