from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kaon.layers.neighbours import graph, nearest
from kaon.layers.packed import pack


def by_hand(x: Tensor, mask: Tensor, k: int) -> list[list[set[int]]]:
    """Neighbours of each real constituent of each jet, by sorting its distances to all others."""
    made = []
    for points, real in zip(x.double(), mask, strict=True):
        rows = []
        for i in range(len(points)):
            others = [j for j in range(len(points)) if j != i and real[j]]
            others.sort(key=lambda j: float((points[i] - points[j]).square().sum()))
            rows.append(set(others[:k]) if real[i] else set())
        made.append(rows)
    return made


@pytest.fixture
def cloud(request: pytest.FixtureRequest) -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    mask = torch.rand(12, 15) < torch.linspace(0, 1.1, 12)[:, None]
    return torch.randn(12, 15, request.param), mask


@pytest.mark.parametrize("cloud", [2, 7], indirect=True)
@pytest.mark.parametrize("k", [1, 4, 20])
def test_both_forms_find_what_sorting_finds(cloud: tuple[Tensor, Tensor], k: int) -> None:
    x, mask = cloud
    expected = by_hand(x, mask, k)
    index, there = nearest(x, mask, k)
    packed = pack(mask, exact=k)
    edges = graph(packed.take(x), packed, k)
    found: dict[int, set[int]] = {}
    for s in edges.stretches:
        part = edges.neighbours[s.edge : s.edge + (s.stop - s.start) * s.degree].view(-1, s.degree)
        found |= {node: set(part[node - s.start].tolist()) for node in range(s.start, s.stop)}
    rows = packed.rows.tolist()
    for node, row in enumerate(rows):
        jet, place = divmod(row, x.shape[1])
        assert set(index[jet, place][there[jet, place]].tolist()) == expected[jet][place]
        assert {rows[other] for other in found.get(node, set())} == {jet * x.shape[1] + p for p in expected[jet][place]}
        assert len(found.get(node, set())) == min(k, int(mask[jet].sum()) - 1), "nobody twice"
    assert sum(map(len, found.values())) == len(edges.neighbours)


def test_missing_neighbours_can_be_filled() -> None:
    packed = pack(torch.tensor([[True, True, False], [True, False, False]]), exact=3)
    edges = graph(torch.randn(3, 2), packed, 3, fill=True)
    assert edges.neighbours.view(3, 3).tolist() == [[3, 3, 3], [2, 3, 3], [1, 3, 3]]
    assert [(s.start, s.stop, s.degree) for s in edges.stretches] == [(0, 3, 3)]


def test_equal_and_undefined_places_give_neighbours_of_the_same_jet() -> None:
    mask = torch.ones(2, 6, dtype=torch.bool)
    mask[0, 4:] = False
    for value in (0.0, torch.nan, torch.inf, 1e30):
        x = torch.zeros(2, 6, 2)
        x[0] = value
        packed = pack(mask, exact=3)
        edges = graph(packed.take(x), packed, 3)
        owner = packed.owner[edges.neighbours].view(-1, 3)
        assert (owner == packed.owner[:, None]).all()
        assert nearest(x, mask, 3)[1][mask].all()


def test_single_constituents_have_no_edges() -> None:
    mask = torch.zeros(3, 4, dtype=torch.bool)
    mask[:2, 1] = True
    packed = pack(mask, exact=2)
    edges = graph(torch.randn(2, 2), packed, 2)
    assert (edges.nodes, len(edges.neighbours), edges.stretches) == (2, 0, ())
    assert not nearest(torch.randn(3, 4, 2), mask, 2)[1][mask].any()
