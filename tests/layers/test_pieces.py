from __future__ import annotations

import torch
from torch import Tensor

from kaon.layers.pieces import in_pieces


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
