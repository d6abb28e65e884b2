from __future__ import annotations

import pytest
import torch

from kaon.data import Input, InputSpec
from kaon.models.goat import GoaT


def spec_of(taggers: int) -> InputSpec:
    return InputSpec((Input("features", (taggers,), features=tuple(f"logit_{i}" for i in range(taggers))),))


@pytest.mark.parametrize(("taggers", "parameters"), [(14, 26_846), (22, 27_886)])
def test_size(taggers: int, parameters: int) -> None:
    # (F + 1) 128 + 129 * 128 + 129 * 64 + 65 * 2 + 2 F
    assert GoaT(spec_of(taggers), 2).parameter_count == parameters == 25_026 + 130 * taggers
    assert 25_000 <= parameters <= 35_000  # the first and the last version of the paper


def test_without_its_network_it_is_a_linear_combination() -> None:
    torch.manual_seed(0)
    net = GoaT(spec_of(3), 2).eval()
    torch.nn.init.zeros_(net.head.weight)
    torch.nn.init.zeros_(net.head.bias)
    x, y = torch.randn(2, 5, 3)
    found = net({"features": 2 * x - y})
    torch.testing.assert_close(found, 2 * net({"features": x}) - net({"features": y}))
    assert bool((found != 0).all())
