from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from kaon.layers.edge_messages import edge_messages


def example(jets: int, n: int, hidden: int, steps: bool) -> list[Any]:
    torch.manual_seed(1)
    sizes = [(jets, n, hidden), (jets, n, hidden), (jets, n, n, 2)]
    weights = [(2, hidden), (hidden, hidden), (hidden,), (hidden,), (1,)]
    if steps:
        weights += [(hidden, hidden), (hidden,), (hidden,)]
    return [torch.randn(*size, dtype=torch.float64, requires_grad=True) for size in sizes + weights]


def pairs(jets: int, n: int) -> Tensor:
    mask = torch.arange(n) < torch.tensor([n, n - 2])[:jets, None]
    return (mask[:, :, None] & mask[:, None] & ~torch.eye(n, dtype=torch.bool)).double()


def run(nodes: list[Any], pair: Tensor, dtype: torch.dtype, weights: list[Any]) -> tuple[Tensor, ...]:
    a, b, u = nodes
    return edge_messages(a, b, u, pair, dtype, *weights)


def plain(a: Tensor, b: Tensor, u: Tensor, pair: Tensor, *weights: Tensor) -> list[Tensor]:
    """The equations, written down with a loop over the pairs of a jet."""
    w_u, w_2, b_2, w_m, b_m, *rest = weights
    jets, n, hidden = a.shape
    total, s = [], []
    for jet in range(jets):
        for i in range(n):
            sums = torch.zeros(hidden, dtype=a.dtype)
            for j in range(n):
                y = (a[jet, i] + b[jet, j] + u[jet, i, j] @ w_u).relu()
                m = (w_2 @ y + b_2).relu()
                m = m * torch.sigmoid(w_m @ m + b_m) * pair[jet, i, j]
                sums = sums + m
                if rest:
                    s.append(rest[2] @ (rest[0] @ m + rest[1]).relu() * pair[jet, i, j])
            total.append(sums)
    made = [torch.stack(total).view(jets, n, hidden)]
    return [*made, torch.stack(s).view(jets, n, n)] if rest else made


@pytest.mark.parametrize("steps", [True, False])
def test_values_and_gradients_are_those_of_the_equations(steps: bool) -> None:
    tensors, pair = example(2, 4, 6, steps), pairs(2, 4)
    made = run(tensors[:3], pair, torch.float64, tensors[3:])
    expected = plain(*tensors[:3], pair, *tensors[3:])
    assert len(made) == len(expected)
    outer = [torch.randn_like(t) for t in made]
    for one, two in zip(made, expected, strict=True):
        torch.testing.assert_close(one, two)
    found, wanted = (torch.autograd.grad(results, tensors, outer) for results in (made, expected))
    for one, two in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, two)


@pytest.mark.parametrize("steps", [True, False])
def test_the_gradient_that_comes_in_is_left_alone(steps: bool) -> None:
    tensors = example(2, 1, 6, steps)
    made = run(tensors[:3], torch.ones(2, 1, 1).double(), torch.float64, tensors[3:])
    outer = [torch.ones_like(t) for t in made]
    torch.autograd.grad(made, tensors, outer)
    assert all((g == 1).all() for g in outer)


def test_without_gradients_it_is_the_same() -> None:
    tensors, pair = example(2, 4, 6, True), pairs(2, 4)
    made = run(tensors[:3], pair, torch.float64, tensors[3:])
    with torch.no_grad():
        again = run(tensors[:3], pair, torch.float64, tensors[3:])
    assert all(torch.equal(one, two) for one, two in zip(made, again, strict=True))


def test_lower_precision_gives_results_and_gradients_in_the_inputs_own() -> None:
    tensors, pair = [t.detach().float().requires_grad_() for t in example(2, 4, 6, True)], pairs(2, 4).float()
    exact = run(tensors[:3], pair, torch.float32, tensors[3:])
    rough = run(tensors[:3], pair, torch.bfloat16, tensors[3:])
    for one, two in zip(rough, exact, strict=True):
        assert one.dtype == torch.float32
        assert (one - two).abs().mean() < 0.05 * two.abs().mean()
    assert all(g.dtype == torch.float32 for g in torch.autograd.grad(rough[0].sum() + rough[1].sum(), tensors))


def test_nothing_is_no_trouble() -> None:
    tensors = example(1, 1, 6, True)
    empty = [t[:0] for t in tensors[:3]]
    made = run(empty, torch.zeros(0, 1, 1).double(), torch.float64, tensors[3:])
    assert [t.shape for t in made] == [(0, 1, 6), (0, 1, 1)]
    torch.autograd.grad(made[0].sum() + made[1].sum(), tensors)
