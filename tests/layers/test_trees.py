from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kaon.layers.trees import climb


class Counting:
    """A cell whose states can be told by hand: it writes down what it saw."""

    def leaf(self, x: Tensor, level: int, second: Tensor) -> Tensor:
        return torch.cat([x, torch.full_like(x, level), second.to(x.dtype)], dim=1)

    def own(self, x: Tensor) -> Tensor:
        return 10 * x

    def join(self, children: Tensor, own: Tensor, level: int, second: Tensor) -> Tensor:
        first, other = children[:, :1], children[:, 3:4]
        return torch.cat([first + 2 * other + own, torch.full_like(own, level), second.to(own.dtype)], dim=1)


def by_hand(x: Any, children: Any, node: int, depth: int = 0, second: int = 0) -> float:
    left, right = children[node]
    if not left:
        return float(x[node])
    return by_hand(x, children, left, depth + 1) + 2 * by_hand(x, children, right, depth + 1, 1) + 10 * float(x[node])


def random_trees(sizes: list[int], nodes: int, seed: int = 0) -> dict[str, Tensor]:
    """Random binary trees of so many leaves, whose nodes lie in any order behind the root."""
    random = np.random.default_rng(seed)
    children, depth = np.zeros((len(sizes), nodes, 2), np.int64), np.zeros((len(sizes), nodes), np.int64)
    mask = np.arange(nodes) < np.maximum(2 * np.array(sizes) - 1, 0)[:, None]
    for jet, leaves in enumerate(sizes):
        free = list(1 + random.permutation(max(2 * leaves - 2, 0)))
        open_leaves = [0]
        for _ in range(leaves - 1):
            node = open_leaves.pop(int(random.integers(len(open_leaves))))
            pair = [free.pop(), free.pop()]
            children[jet, node] = pair
            depth[jet, pair] = depth[jet, node] + 1
            open_leaves += pair
    return {name: torch.from_numpy(a) for name, a in (("children", children), ("depth", depth), ("mask", mask))}


def plain_loop(condition: Any, body: Any, carried: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    while condition(*carried):
        carried = body(*carried)
    return carried


SIZES = [1, 0, 2, 9, 3, 20, 1, 0]


@pytest.mark.parametrize("nodes", [39, 45])
@pytest.mark.parametrize("form", ["packed", "looped"])
def test_is_the_recursion(nodes: int, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trees = random_trees(SIZES, nodes)
    x = torch.randint(-3, 4, (len(SIZES), nodes, 1)).double()
    if form == "looped":  # the form of an exported graph, with a loop of Python in the place of ONNX's
        monkeypatch.setattr("torch._higher_order_ops.while_loop", plain_loop)
        monkeypatch.setattr("torch.compiler.is_exporting", lambda: True)
    found = climb(Counting(), x, trees, 3)
    expected = [by_hand(x[i, :, 0], trees["children"][i].tolist(), 0) if n else 0 for i, n in enumerate(SIZES)]
    torch.testing.assert_close(found[:, 0], torch.tensor(expected, dtype=torch.float64))
    assert (found[:, 1:] == 0).all(), "a root is at level 0 and nobody's second child"


def test_indices_of_32_bits_do() -> None:
    trees = random_trees(SIZES, 39)
    x = torch.rand(len(SIZES), 39, 1).double()
    short = {name: values if name == "mask" else values.int() for name, values in trees.items()}
    torch.testing.assert_close(climb(Counting(), x, short, 3), climb(Counting(), x, trees, 3), rtol=0, atol=0)


def test_cells_are_told_level_and_side() -> None:
    seen: list[tuple[str, int, list[float], list[bool]]] = []

    class Noting(Counting):
        def leaf(self, x: Tensor, level: int, second: Tensor) -> Tensor:
            seen.append(("leaf", level, x[:, 0].tolist(), second[:, 0].tolist()))
            return super().leaf(x, level, second)

        def join(self, children: Tensor, own: Tensor, level: int, second: Tensor) -> Tensor:
            seen.append(("join", level, (own[:, 0] / 10).tolist(), second[:, 0].tolist()))
            return super().join(children, own, level, second)

    # 0 -> (1, 2), 2 -> (3, 4), 4 -> (5, 6)
    children = torch.tensor([[[1, 2], [0, 0], [3, 4], [0, 0], [5, 6], [0, 0], [0, 0]]])
    depth = torch.tensor([[0, 1, 1, 2, 2, 3, 3]])
    inputs = {"children": children, "depth": depth, "mask": torch.ones(1, 7, dtype=torch.bool)}
    climb(Noting(), torch.arange(7.0)[None, :, None], inputs, 3)
    assert [entry for entry in seen if entry[2]] == [
        ("leaf", 1, [1.0], [False]),
        ("leaf", 2, [3.0, 5.0, 6.0], [False] * 3),
        ("join", 2, [4.0], [False]),
        ("join", 1, [2.0], [True]),
        ("join", 0, [0.0], [False]),
    ]


@pytest.mark.parametrize("sizes", [[], [0, 0], [1]])
def test_batches_of_nothing_are_zero(sizes: list[int]) -> None:
    trees = random_trees(sizes, 1) if sizes else {k: v[:0] for k, v in random_trees([1], 1).items()}
    found = climb(Counting(), torch.ones(len(sizes), 1, 1), trees, 3)
    assert found.shape == (len(sizes), 3)
    assert (found[:, 0] == torch.tensor([float(n) for n in sizes])).all()
