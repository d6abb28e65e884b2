from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from kaon.data import Events
from kaon.extras import available
from kaon.models.recnn import RecNN
from kaon.represent.trees import Trees

if not available("fastjet"):
    pytest.skip("fastjet is not installed", allow_module_level=True)


def test_has_the_published_number_of_parameters(jets: Events) -> None:
    assert RecNN(Trees().fit(jets).spec, 2).parameter_count == 13_101
    assert 8 * 50 + 151 * 50 + 51 * 50 + 51 * 50 + 51 == 13_101


def recursion(net: RecNN, x: Tensor, children: Any, node: int) -> Tensor:
    """The equations, one node after the other."""
    u = (net.embed.weight @ x[node] + net.embed.bias).relu()
    left, right = children[node]
    if not left:
        return u
    below = [recursion(net, x, children, child) for child in (left, right)]
    return (net.combine.weight @ torch.cat([*below, u]) + net.combine.bias).relu()


@pytest.mark.parametrize("algorithm", ["kt", "anti-kt"])
def test_is_the_equations(make_jets: Any, algorithm: str) -> None:
    jets = make_jets(7, sizes=[1, 2, 3, 5, 12, 30, 4])
    fitted = Trees(algorithm)
    inputs = {k: torch.from_numpy(v) for k, v in fitted.fit_transform(jets).inputs.items()}
    torch.manual_seed(0)
    net = RecNN(fitted.spec, 2)
    x = net.normalise(inputs["features"])
    roots = [recursion(net, x[i], inputs["children"][i].tolist(), 0) for i in range(len(jets))]
    expected = net.head(torch.stack(roots)).sigmoid()[:, 0]
    torch.testing.assert_close(net(inputs).softmax(1)[:, 1], expected)


def test_sides_are_not_the_same_and_no_jet_is_told_from_no_constituents(make_jets: Any) -> None:
    jets = make_jets(6, sizes=[6, 9, 4, 3, 2, 0])
    fitted = Trees()
    inputs = {k: torch.from_numpy(v) for k, v in fitted.fit_transform(jets).inputs.items()}
    torch.manual_seed(0)
    net = RecNN(fitted.spec, 3)
    turned = net(inputs | {"children": inputs["children"].flip(-1)})
    moved = (turned - net(inputs)).abs().amax(1)
    assert (moved[:5] > 1e-6).all(), "left and right have weights of their own"
    torch.testing.assert_close(net(inputs)[5], net.head(torch.zeros(net.h)))
