"""Runs a program on a batch of jets with equally many particles."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from kaon.substructure.energy_flow.program import Apply, Core, Hadamard, Multiply, Program, Side, Theta

__all__ = ["run"]


def run(program: Program, z: Tensor, theta: Tensor) -> Tensor:
    """The polynomials of connected graphs.

    Args:
        program: for these graphs.
        z: (jets, particles).
        theta: (jets, particles, particles).

    Returns:
        (jets, graphs).
    """
    matrices: dict[int, Tensor] = {}
    vectors = z.new_empty(len(z), program.vectors, z.shape[1])
    weighted = torch.empty_like(vectors)  # the same times z
    vectors[:, 0], weighted[:, 0] = 1, z
    filled, first = 1, z[:, None]

    def add(made: Tensor) -> None:
        nonlocal filled
        fresh = slice(filled, filled + made.shape[1])
        vectors[:, fresh] = made
        torch.mul(made, first, out=weighted[:, fresh])
        filled = fresh.stop

    def side(given: Side) -> Tensor:
        return matrices[given[0]].mT if given[1] else matrices[given[0]]

    def select(table: Tensor, places: tuple[int, ...]) -> Tensor:
        return table.index_select(1, _index(places, table.device))

    for level in program.levels:
        new = []
        for step, forgotten in level.steps:
            match step:
                case Apply(given, chosen):
                    x = first if chosen == (0,) else select(weighted, chosen)
                    # Row vector times matrix: three times faster than matrix times vector.
                    new.append(torch.bmm(x, side((given[0], not given[1]))))
                case Hadamard(number, left, right):
                    matrices[number] = side(left) * side(right)
                case Multiply(number, left, vector, right):
                    matrices[number] = torch.bmm(side(left), weighted[:, vector, :, None] * side(right))
                case Theta(number):
                    matrices[number] = theta
                case Core(number, parts, chosen):
                    matrices[number] = _core([(i, j, side(s)) for i, j, s in parts], [weighted[:, c] for c in chosen])
            for number in forgotten:
                del matrices[number]
        add(torch.cat(new, 1))
        for firsts, seconds in level.products:
            add(select(vectors, firsts) * select(vectors, seconds))
    # All products of a few with all is quicker than picking out the pairs.
    products = torch.bmm(select(vectors, program.few), weighted.mT).flatten(1)
    return select(products, program.pairs)


@lru_cache(maxsize=2**12)
def _index(places: tuple[int, ...], device: torch.device) -> Tensor:
    return torch.tensor(places, dtype=torch.int64, device=device)


def _core(parts: list[tuple[int, int, Tensor]], weights: list[Tensor]) -> Tensor:
    """Sum over the inner vertices of a core.

    Args:
        parts: (i, j, matrix between the vertices i and j), 0 and 1 being the terminals.
        weights: z times the vector of each of the vertices 2, 3, ..., (jets, particles).

    Returns:
        (jets, particles, particles).
    """
    given = {(i, j): matrix for i, j, matrix in parts}
    clique = {(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)}
    if set(given) == clique and given[0, 2] is given[1, 2] and given[0, 3] is given[1, 3]:
        return _diamond(given[0, 2], given[0, 3], weights[0][:, :, None] * given[2, 3] * weights[1][:, None, :])
    factors: list[tuple[tuple[int, ...], Tensor]] = [((i, j), matrix) for i, j, matrix in parts]
    factors += [((i,), weight) for i, weight in enumerate(weights, 2)]
    left = set(range(2, 2 + len(weights)))
    while left:
        spread = {v: {u for axes, _ in factors if v in axes for u in axes} - {v} for v in left}
        v = min(left, key=lambda v: (len(spread[v]), v))
        used = sorted((f for f in factors if v in f[0]), key=lambda f: len(f[0]))
        kept = tuple(sorted(spread[v]))
        terms = ",".join("j" + "".join(_LETTERS[u] for u in axes) for axes, _ in used)
        made = torch.einsum(f"{terms}->j{''.join(_LETTERS[u] for u in kept)}", *(tensor for _, tensor in used))
        factors = [f for f in factors if v not in f[0]] + [(kept, made)]
        left.remove(v)
    made = factors[0][1]
    for _, tensor in factors[1:]:
        made = made * tensor
    return made


_LETTERS = "abcdefghiklmnopqrstuvwxyz"


def _diamond(x: Tensor, y: Tensor, w: Tensor) -> Tensor:
    """sum_cd x_ac x_bc w_cd y_ad y_bd, all (jets, particles, particles); symmetric in a and b.

    With a four-clique's opposite edges as w and (a, b), the only step that costs M^4: one half of the pairs is made,
    as matrix products over a few rows a at a time, which stay in the cache.
    """
    made = torch.empty_like(w)
    particles = w.shape[1]
    for start in range(0, particles, _ROWS):
        rows, rest = slice(start, start + _ROWS), slice(start, None)
        q = x[:, rows, None, :] * x[:, None, rest, :]  # (jets, a, b, c)
        r = q if x is y else y[:, rows, None, :] * y[:, None, rest, :]
        t = torch.bmm(q.flatten(1, 2), w).view_as(q)
        block = t.mul_(r).sum(-1)
        made[:, rows, rest], made[:, rest, rows] = block, block.mT
    return made


_ROWS = 4
