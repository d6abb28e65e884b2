from __future__ import annotations

import torch
from torch import Tensor

from kaon.layers.pieces import in_alike_pieces, in_pieces


def test_pieces_are_put_together_in_order_and_only_where_nothing_is_learned() -> None:
    seen: list[int] = []

    def square(x: Tensor) -> Tensor:
        seen.append(len(x))
        return x * x

    x = torch.arange(10.0)[:, None]
    with torch.no_grad():
        torch.testing.assert_close(in_pieces(square, x, 4), x * x)
        assert in_pieces(square, x[:0], 4).shape == (0, 1)
    assert seen == [4, 4, 2, 0]
    torch.testing.assert_close(in_pieces(square, x, 4), x * x)
    assert seen[4:] == [10]


def test_pieces_of_events_of_similar_length_are_put_together_in_order() -> None:
    seen: list[list[int]] = []

    def count(mask: Tensor, x: Tensor) -> Tensor:
        seen.append(mask.sum(1).tolist())
        return (x * mask).sum(1)

    mask = torch.arange(5) < torch.tensor([3, 0, 5, 1, 4])[:, None]
    x = torch.arange(25.0).view(5, 5)
    with torch.no_grad():
        torch.testing.assert_close(in_alike_pieces(count, mask, x, size=2), (x * mask).sum(1))
        assert in_alike_pieces(count, mask[:0], x[:0], size=2).shape == (0,)
    assert seen == [[0, 1], [3, 4], [5], []]
    torch.testing.assert_close(in_alike_pieces(count, mask, x, size=2), (x * mask).sum(1))
    assert seen[4:] == [[3, 0, 5, 1, 4]]
