from __future__ import annotations

import pytest
import torch

from kaon.errors import ConfigError
from kaon.layers.dropout import Dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.93])
def test_drops_its_share_and_keeps_the_mean(p: float) -> None:
    torch.manual_seed(0)
    count = 400_001  # four numbers a draw do not come out even
    found = Dropout(p)(torch.ones(count))
    dropped = (found == 0).double().mean()
    assert abs(dropped - p) < 5 * (p * (1 - p) / count) ** 0.5
    assert abs(found.double().mean() - 1) < 5 * (p / (1 - p) / count) ** 0.5
    assert len(found.unique()) == 2


def test_neighbours_are_independent() -> None:
    torch.manual_seed(0)
    found = Dropout(0.5)(torch.ones(400_000)) - 1
    for lag in (1, 2, 3, 4, 5):
        assert abs((found[lag:] * found[:-lag]).mean()) < 5 / 400_000**0.5


def test_the_gradient_goes_where_the_values_went() -> None:
    x = torch.randn(3, 50, requires_grad=True)
    found = Dropout(0.3)(x)
    found.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad * x, found)


def test_follows_from_the_seed_and_rests_in_evaluation() -> None:
    x = torch.randn(7, 9)
    found = []
    for _ in range(2):
        torch.manual_seed(3)
        found.append(Dropout(0.2)(x))
    assert torch.equal(*found)
    assert Dropout(0.2).eval()(x) is x
    assert Dropout(0.0)(x) is x
    assert Dropout(0.2)(x.bfloat16()).dtype is torch.bfloat16
    assert Dropout(0.2)(x[:0]).shape == (0, 9)
    assert "p=0.2" in repr(Dropout(0.2))


def test_a_probability_next_to_one_leaves_a_few() -> None:
    torch.manual_seed(0)
    count = 1_000_000
    found = Dropout(1 - 1e-9)(torch.ones(count))
    kept = int((found != 0).sum())
    assert abs(kept - count / 2**16) < 5 * (count / 2**16) ** 0.5
    assert found.max() == 2**16


@pytest.mark.parametrize("p", [-0.1, 1.0])
def test_a_probability_is_needed(p: float) -> None:
    with pytest.raises(ConfigError, match="probability"):
        Dropout(p)
