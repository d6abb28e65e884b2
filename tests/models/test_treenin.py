from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from kaon.data import Events
from kaon.extras import available
from kaon.models.treenin import TreeNiN
from kaon.represent.trees import Trees

if not available("fastjet"):
    pytest.skip("fastjet is not installed", allow_module_level=True)


def test_has_the_published_number_of_parameters(jets: Events) -> None:
    assert TreeNiN(Trees().fit(jets).spec, 2).parameter_count == 33_901
    assert 2 * 8 * 50 + 151 * 50 + 5 * 2 * 51 * 50 + 51 == 33_901


def recursion(net: TreeNiN, x: Tensor, children: Any, node: int, role: str) -> Tensor:
    """The equations, one node after the other."""
    left, right = children[node]
    if left:
        roles = ("first", "second") if role == "root" else ("", "")
        below = [recursion(net, x, children, c, r) for c, r in zip((left, right), roles, strict=True)]
        u = net.embed["inner"](x[node]).relu()
        h = (net.combine.weight @ torch.cat([*below, u]) + net.combine.bias).relu()
    else:
        h = net.embed["leaf"](x[node]).relu()
    for layer in net.within[role or ("inner" if left else "leaf")].modules():
        if isinstance(layer, nn.Linear):
            h = (layer.weight @ h + layer.bias).relu()
    return h


@pytest.mark.parametrize("algorithm", ["kt", "anti-kt"])
def test_is_the_equations(make_jets: Any, algorithm: str) -> None:
    jets = make_jets(7, sizes=[1, 2, 3, 5, 12, 30, 4])
    fitted = Trees(algorithm)
    inputs = {k: torch.from_numpy(v) for k, v in fitted.fit_transform(jets).inputs.items()}
    torch.manual_seed(0)
    net = TreeNiN(fitted.spec, 2)
    x = net.normalise(inputs["features"])
    roots = [recursion(net, x[i], inputs["children"][i].tolist(), 0, "root") for i in range(len(jets))]
    expected = net.head(torch.stack(roots)).sigmoid()[:, 0]
    torch.testing.assert_close(net(inputs).softmax(1)[:, 1], expected)


def test_every_role_has_weights_of_its_own(make_jets: Any) -> None:
    # Which jets feel the change of a role's weights tells where they are used; these have 1, 2, 3 and 4 constituents.
    jets = make_jets(4, sizes=[1, 2, 3, 6])
    fitted = Trees()
    inputs = {k: torch.from_numpy(v) for k, v in fitted.fit_transform(jets).inputs.items()}
    torch.manual_seed(0)
    net = TreeNiN(fitted.spec, 3)
    used = {"root": 4, "first": 3, "second": 3, "leaf": 2}
    for role, count in used.items():
        gradients = []
        for jet in range(4):
            logits = net({k: v[jet : jet + 1] for k, v in inputs.items()})
            weights = list(net.within[role].parameters())
            found = torch.autograd.grad(logits.sum(), weights, allow_unused=True)
            gradients.append(any(g is not None and bool(g.any()) for g in found))
        assert sum(gradients) == count, role
