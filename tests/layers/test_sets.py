from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from kaon.layers.sets import masked_sum


def plain(function: Callable[[Tensor], Tensor], x: Tensor, mask: Tensor, weight: Tensor | None) -> Tensor:
    """The definition, event by event."""
    rows = []
    for i in range(len(x)):
        values = [function(x[i, j]) * (1 if weight is None else weight[i, j]) for j in range(x.shape[1]) if mask[i, j]]
        rows.append(sum(values, torch.zeros_like(function(x[0, 0]))))
    return torch.stack(rows)


@pytest.fixture
def sample() -> tuple[nn.Module, Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 4)).double()
    mask = torch.rand(6, 10) < 0.5
    mask[2] = False
    return net, torch.randn(6, 10, 3, dtype=torch.float64), mask, torch.rand(6, 10, dtype=torch.float64)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("exported", [False, True])
def test_agrees_with_the_definition_in_both_forms(
    sample: tuple[nn.Module, Tensor, Tensor, Tensor],
    weighted: bool,
    exported: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net, x, mask, weight = sample
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: exported)
    used = weight if weighted else None
    found = masked_sum(net, x, mask, used)
    torch.testing.assert_close(found, plain(net, x, mask, used), rtol=1e-12, atol=1e-12)
    assert found.dtype == torch.float64, "double precision is kept"
    assert (found[2] == 0).all(), "an event without constituents"


def test_gradients_are_those_of_the_definition(sample: tuple[nn.Module, Tensor, Tensor, Tensor]) -> None:
    net, x, mask, weight = sample
    x.requires_grad_()
    grads = [torch.autograd.grad(f(net, x, mask, weight).square().sum(), x)[0] for f in (masked_sum, plain)]
    torch.testing.assert_close(grads[0], grads[1])
    assert (grads[0][~mask] == 0).all()


def test_padding_is_never_looked_at(sample: tuple[nn.Module, Tensor, Tensor, Tensor]) -> None:
    net, x, mask, weight = sample
    dirty = torch.where(mask[..., None], x, torch.nan)
    torch.testing.assert_close(masked_sum(net, dirty, mask, weight), masked_sum(net, x, mask, weight))


def test_sums_in_single_precision_although_the_network_has_less() -> None:
    # A soft constituent beside a hard one: in bfloat16, 1 + 0.001 is 1.
    x, mask = torch.ones(1, 2, 1), torch.ones(1, 2, dtype=torch.bool)
    found = masked_sum(lambda t: t.to(torch.bfloat16), x, mask, torch.tensor([[1.0, 0.001]]))
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(1.001, rel=1e-6)


def test_no_events_and_only_empty_ones() -> None:
    net = nn.Linear(3, 4)
    assert masked_sum(net, torch.zeros(0, 5, 3), torch.zeros(0, 5, dtype=torch.bool)).shape == (0, 4)
    empty = masked_sum(net, torch.zeros(2, 5, 3), torch.zeros(2, 5, dtype=torch.bool))
    assert torch.equal(empty, torch.zeros(2, 4))
