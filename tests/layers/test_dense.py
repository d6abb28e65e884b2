from __future__ import annotations

import torch
from torch import nn

from kaon.layers.dense import dense, two_logits


def test_is_linear_layers_with_relu_between() -> None:
    torch.manual_seed(0)
    stack = dense(3, (5, 2))
    x = torch.randn(7, 3)
    first, _, second, _ = stack
    assert isinstance(first, nn.Linear)
    assert isinstance(second, nn.Linear)
    expected = x
    for layer in (first, second):
        expected = (expected @ layer.weight.T + layer.bias).clamp(min=0)
    torch.testing.assert_close(stack(x), expected)


def test_without_hidden_layers_it_does_nothing() -> None:
    x = torch.randn(4, 3)
    assert torch.equal(dense(3, ())(x), x)


def test_dropout_acts_in_training_only_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    stack = dense(1, (20_000,), dropout=0.25)
    x = torch.ones(1, 1)
    kept = stack.eval()(x)
    torch.testing.assert_close(kept, dense_without_dropout(stack, x))
    dropped = stack.train()(x)
    lost = (dropped == 0) & (kept > 0)
    assert abs(lost.sum() / (kept > 0).sum() - 0.25) < 0.03
    torch.testing.assert_close(dropped[dropped > 0], kept[dropped > 0] / 0.75)


def dense_without_dropout(stack: nn.Sequential, x: torch.Tensor) -> torch.Tensor:
    return nn.Sequential(*(layer for layer in stack if not isinstance(layer, nn.Dropout)))(x)  # type: ignore[no-any-return]


def test_two_logits_are_one_sigmoid() -> None:
    x = torch.linspace(-30, 30, 61)[:, None]
    probability = two_logits(x).softmax(1)
    torch.testing.assert_close(probability[:, 1:], x.sigmoid())
    torch.testing.assert_close(probability.sum(1), torch.ones(61))
