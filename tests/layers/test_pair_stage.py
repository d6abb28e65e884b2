from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from kaon.layers import pair_stage
from kaon.layers.pair_stage import PairStage, moments


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pair_stage.ROWS, "cpu", 7)


def random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def test_moments_of_pieces_are_those_of_the_whole() -> None:
    x = 1e3 + torch.randn(40, 3)
    mean, variance = moments(x)
    torch.testing.assert_close(mean, x.double().mean(0).float())
    torch.testing.assert_close(variance, x.double().var(0, correction=0).float(), rtol=1e-3, atol=0)


@pytest.mark.parametrize("activate", [True, False])
def test_is_batch_norm_gelu_and_linear_with_their_gradients(activate: bool) -> None:
    torch.manual_seed(0)
    y, gamma, beta, weight = random(40, 3), random(3), random(3), random(5, 3)
    leaves = [t.requires_grad_() for t in (y, gamma, beta, weight)]

    def plain(y: Tensor, gamma: Tensor, beta: Tensor, weight: Tensor) -> Tensor:
        z = F.batch_norm(y, None, None, gamma, beta, training=True, eps=1e-3)
        return F.linear(F.gelu(z) if activate else z, weight)

    made, mean, variance = PairStage.apply(  # type: ignore[no-untyped-call]  # of torch
        y, *moments(y.detach()), gamma, beta, weight, torch.zeros(5).double(), 1e-3, activate, torch.float64
    )
    expected = plain(*leaves)
    torch.testing.assert_close(made, expected)
    torch.testing.assert_close(mean, expected.mean(0))
    torch.testing.assert_close(variance, expected.var(0, correction=0))
    factor = random(40, 5)
    torch.testing.assert_close(
        torch.autograd.grad((made * factor).sum(), leaves), torch.autograd.grad((expected * factor).sum(), leaves)
    )
