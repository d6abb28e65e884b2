from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.models.deep_net import VARIANTS, DeepNetwork

SPEC = InputSpec((Input("features", (28,), shift=(1.0,) * 28, scale=(0.5,) * 28),))
DEEP: dict[str, Any] = dict(VARIANTS)


def linears(net: nn.Module) -> list[nn.Linear]:
    return [m for m in net.modules() if isinstance(m, nn.Linear)]


def test_is_the_equation() -> None:
    torch.manual_seed(0)
    net, x = DeepNetwork(SPEC, 2), torch.randn(7, 28)
    y = (x - 1) * 0.5
    *hidden, last = linears(net)
    for layer in hidden:
        y = torch.tanh(y @ layer.weight.T + layer.bias)
    y = y @ last.weight.T + last.bias
    torch.testing.assert_close(net({"features": x}), torch.cat([torch.zeros(7, 1), y], 1))


@pytest.mark.parametrize(("name", "layers"), [("nn", 1), ("dn", 5), ("dn_dropout", 5)])
def test_sizes_are_those_of_the_paper(name: str, layers: int) -> None:
    net = DEEP[name](SPEC, 2)
    assert [layer.out_features for layer in linears(net)] == [300] * layers + [1]
    assert net.parameter_count == 29 * 300 + (layers - 1) * 301 * 300 + 301


def test_initial_weights_are_those_of_the_paper() -> None:
    torch.manual_seed(0)
    first, *inner, last = linears(DeepNetwork(SPEC, 2))
    for layer, sigma in ((first, 0.1), *((layer, 0.05) for layer in inner), (last, 0.001)):
        weight = layer.weight.detach()
        # Five standard deviations of the estimates.
        assert weight.std().item() == pytest.approx(sigma, rel=5 / math.sqrt(2 * weight.numel()))
        assert abs(weight.mean().item()) < 5 * sigma / math.sqrt(weight.numel())
        assert not layer.bias.any()


def test_relu_keeps_the_size_of_what_goes_through() -> None:
    torch.manual_seed(0)
    net = DeepNetwork(SPEC, 2, activation="relu").eval()
    hidden = net.body(torch.randn(500, 28))
    assert 0.5 < hidden.square().mean().item() < 2, "initial weights of He et al.: E[x^2] is kept"


def test_dropout_is_in_the_last_hidden_layer_and_for_training_only() -> None:
    torch.manual_seed(0)
    net, x = DEEP["dn_dropout"](SPEC, 2), torch.randn(400, 28)
    assert torch.equal(net.eval()(inputs := {"features": x}), net(inputs))
    whole = net.body(x)
    dropped = net.train().body(x)
    lost = dropped == 0
    assert lost.float().mean().item() == pytest.approx(0.5, abs=0.01)
    torch.testing.assert_close(dropped[~lost], 2 * whole[~lost])


@pytest.mark.parametrize("options", [{"hidden": ()}, {"hidden": (0,)}, {"activation": "sigmoid"}, {"dropout": 1.0}])
def test_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        DeepNetwork(SPEC, 2, **options)


def test_a_table_is_needed() -> None:
    with pytest.raises(ConfigError, match="shape"):
        DeepNetwork(InputSpec((Input("features", ("constituents", 3)),)), 2)
