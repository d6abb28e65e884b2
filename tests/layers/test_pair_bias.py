from __future__ import annotations

import copy
from itertools import chain

import pytest
import torch
from torch import nn

from kaon.layers import pair_stage
from kaon.layers.pair_bias import PairBias


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pair_stage.ROWS, "cpu", 11)


def pair_bias() -> PairBias:
    torch.manual_seed(0)
    net = PairBias(4, (6, 5), 3)
    for parameter in net.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return net.double()


def plain(net: PairBias) -> nn.Sequential:
    """The same layers, called one after the other by PyTorch."""
    layers, norms = list(copy.deepcopy(net.layers)), list(copy.deepcopy(net.norms))
    turns = chain.from_iterable(([layer, norm, nn.GELU()] for layer, norm in zip(layers, norms[1:], strict=True)))
    return nn.Sequential(norms[0], *list(turns)[:-1])


def test_training_is_that_of_plain_layers() -> None:
    net = pair_bias()
    peer = plain(net)
    x = torch.randn(50, 4, dtype=torch.float64)
    factor = torch.randn(50, 3, dtype=torch.float64)
    found, expected = net(x), peer(x)
    torch.testing.assert_close(found, expected)
    (found * factor).sum().backward()
    (expected * factor).sum().backward()
    pick = [
        *((net.norms[i], peer[k]) for i, k in enumerate((0, 2, 5, 8))),
        *((net.layers[i], peer[k]) for i, k in enumerate((1, 4, 7))),
    ]
    for own, theirs in pick:
        torch.testing.assert_close(own.weight.grad, theirs.weight.grad)
        torch.testing.assert_close(own.bias.grad, theirs.bias.grad)
        for (name, one), two in zip(own.named_buffers(), theirs.buffers(), strict=True):
            torch.testing.assert_close(one, two, msg=name)
    torch.testing.assert_close(net.eval()(x), peer.eval()(x))


def test_few_or_no_pairs_are_defined_in_training() -> None:
    net = pair_bias().train()
    assert net(torch.zeros(0, 4).double()).shape == (0, 3)
    last = net.norms[-1]
    assert isinstance(last, nn.BatchNorm1d)
    torch.testing.assert_close(net(torch.randn(1, 4).double()), last.bias[None])
    assert all(torch.isfinite(buffer).all() for buffer in net.buffers())


def test_bfloat16_computes_products_only() -> None:
    net, x = pair_bias().float(), torch.randn(300, 4)
    exact = net(x)
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(x)
    assert rough.dtype is torch.float32
    assert 0 < (rough - exact).abs().mean() < 0.05 * exact.std()
    rough.sum().backward()
    assert all(p.grad is not None and p.grad.dtype is torch.float32 for p in net.parameters())
