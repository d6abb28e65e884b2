from __future__ import annotations

import pytest
import torch
from torch import nn

from kaon.data import Events, Input, InputSpec
from kaon.errors import ConfigError
from kaon.extras import available
from kaon.models.nsubjettiness import NSubjettinessNetwork
from kaon.registry import lookup, origin


@pytest.mark.parametrize(
    ("model", "bodies", "parameters"), [("nsubjettiness_6", 6, 56_302), ("nsubjettiness_8", 8, 57_502)]
)
def test_parameters_are_those_of_the_basis_with_mass_and_pt(
    model: str, bodies: int, parameters: int, jets: Events
) -> None:
    if not available("fastjet"):
        pytest.skip("fastjet is not installed")
    kind = lookup("kaon.models", model)
    (name,) = origin(kind).representations
    fitted = lookup("kaon.represent", name)().fit(jets)
    assert fitted.spec["features"].width == 3 * bodies - 4 + 2
    inputs = 3 * bodies - 4 + 2
    assert parameters == (inputs + 1) * 200 + 201 * 200 + 201 * 50 + 51 * 50 + 51 * 2
    assert kind(fitted.spec, 2).parameter_count == parameters


def test_is_the_layers_it_says() -> None:
    torch.manual_seed(0)
    net = NSubjettinessNetwork(InputSpec((Input("features", (5,), shift=(1.0,) * 5, scale=(2.0,) * 5),)), 3).eval()
    x = torch.randn(7, 5)
    y = (x - 1) * 2
    linear = [m for m in net.body if isinstance(m, nn.Linear)]
    for layer in linear[:-1]:
        y = (y @ layer.weight.T + layer.bias).relu()
    torch.testing.assert_close(net({"features": x}), y @ linear[-1].weight.T + linear[-1].bias)
    assert [m.p for m in net.body if isinstance(m, nn.Dropout)] == [0.2, 0.2, 0.1, 0.1]


def test_every_layer_needs_its_rate() -> None:
    with pytest.raises(ConfigError, match="give one rate for each layer"):
        NSubjettinessNetwork(InputSpec((Input("features", (5,)),)), 2, hidden=(10,))
