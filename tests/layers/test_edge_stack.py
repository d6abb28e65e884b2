from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from kaon.layers import edge_stack as module
from kaon.layers.edge_stack import edge_stack, edge_stack_inference, first_moments
from kaon.layers.neighbours import Graph, graph
from kaon.layers.packed import pack

WIDTHS = (5, 6, 4)
EPS = 1e-5


@pytest.fixture
def edges() -> Graph:
    torch.manual_seed(0)
    mask = torch.arange(9) < torch.tensor([0, 1, 2, 3, 7, 9, 9])[:, None]
    packed = pack(mask, exact=4)
    return graph(torch.randn(len(packed), 2), packed, 4)


@pytest.fixture(params=[1, 2, 3])
def parts(edges: Graph, request: pytest.FixtureRequest) -> tuple[Tensor, Tensor, list[tuple[Tensor, Tensor, Tensor]]]:
    """u, v and the layers, as leaves in double precision."""
    kind = {"dtype": torch.float64, "requires_grad": True}
    u = torch.randn(edges.nodes, WIDTHS[0], **kind)  # type: ignore[call-overload]  # mixed keywords
    v = torch.randn(edges.nodes + 1, WIDTHS[0], **kind)  # type: ignore[call-overload]  # mixed keywords
    layers = [
        (torch.randn(b, a, **kind), torch.randn(b, **kind), torch.randn(b, **kind))  # type: ignore[call-overload]  # mixed keywords
        for a, b in pairwise(WIDTHS[: request.param])
    ]
    return u, v, layers


def owners(edges: Graph) -> Tensor:
    made = torch.full((len(edges.neighbours),), -1)
    for s in edges.stretches:
        count = (s.stop - s.start) * s.degree
        made[s.edge : s.edge + count] = torch.arange(s.start, s.stop).repeat_interleave(s.degree)
    assert (made >= 0).all()
    return made


def plainly(u: Tensor, v: Tensor, edges: Graph, layers: list[tuple[Tensor, Tensor, Tensor]], fixed: bool) -> Tensor:
    """The same, edge by edge, by PyTorch's own operations."""
    owner = owners(edges)
    h = F.relu(u[owner] + v[edges.neighbours])
    for weight, gamma, beta in layers:
        z = h @ weight.T
        mean, variance = (torch.zeros(()), torch.ones(())) if fixed else (z.mean(0), z.var(0, unbiased=False))
        h = F.relu(gamma * (z - mean) * torch.rsqrt(variance + EPS) + beta)
    count = torch.bincount(owner, minlength=edges.nodes).clamp(min=1)
    return h.new_zeros(edges.nodes, h.shape[1]).index_add(0, owner, h) / count[:, None]


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("cache", [1, 1 << 20])
def test_values_and_gradients_are_those_of_the_plain_formulation(
    parts: tuple[Tensor, Tensor, list[tuple[Tensor, Tensor, Tensor]]],
    edges: Graph,
    fixed: bool,
    cache: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_CACHE", cache)  # one node at a time, or all
    u, v, layers = parts
    given = [(torch.zeros(len(w)).double(), torch.ones(len(w)).double()) for w, _, _ in layers] if fixed else None
    made, statistics = edge_stack(u, v, edges, layers, EPS, given)
    expected = plainly(u, v, edges, layers, fixed)
    torch.testing.assert_close(made, expected)
    assert len(statistics) == len(layers)
    leaves = [u, v, *(t for layer in layers for t in layer)]
    direction = torch.randn_like(made)
    own = torch.autograd.grad(made, leaves, direction)
    theirs = torch.autograd.grad(expected, leaves, direction)
    for one, two in zip(own, theirs, strict=True):
        torch.testing.assert_close(one, two)


def test_inference_is_the_stack_with_its_statistics_folded(
    parts: tuple[Tensor, Tensor, list[tuple[Tensor, Tensor, Tensor]]], edges: Graph
) -> None:
    u, v, layers = parts
    expected, statistics = edge_stack(u, v, edges, layers, EPS)
    folded = []
    for (weight, gamma, beta), (mean, variance) in zip(layers, statistics, strict=True):
        scale = gamma * torch.rsqrt(variance + EPS)
        folded.append(((scale[:, None] * weight).detach(), (beta - scale * mean).detach()))
    torch.testing.assert_close(edge_stack_inference(u.detach(), v.detach(), edges, folded), expected.detach())


def test_moments_of_the_first_layer_are_those_over_all_edges(edges: Graph) -> None:
    u = torch.randn(edges.nodes, 3, dtype=torch.float64, requires_grad=True)
    v = torch.randn(edges.nodes + 1, 3, dtype=torch.float64, requires_grad=True)
    z = u[owners(edges)] + v[edges.neighbours] + 100
    mean, variance = first_moments(u + 50, v + 50, edges)
    torch.testing.assert_close(mean, z.mean(0))
    torch.testing.assert_close(variance, z.var(0, unbiased=False))
    direction = torch.randn(2, 3, dtype=torch.float64)
    own = torch.autograd.grad((direction * torch.stack([mean, variance])).sum(), (u, v))
    theirs = torch.autograd.grad((direction * torch.stack([z.mean(0), z.var(0, unbiased=False)])).sum(), (u, v))
    for one, two in zip(own, theirs, strict=True):
        torch.testing.assert_close(one, two)


def test_half_precision_stays_close(
    parts: tuple[Tensor, Tensor, list[tuple[Tensor, Tensor, Tensor]]], edges: Graph
) -> None:
    u, v, layers = parts
    u, v = u.detach().float().requires_grad_(), v.detach().float().requires_grad_()
    single = [tuple(t.detach().float().requires_grad_() for t in layer) for layer in layers]
    results = []
    for dtype in (torch.float32, torch.bfloat16):
        made, _ = edge_stack(u, v, edges, single, EPS, dtype=dtype)  # type: ignore[arg-type]  # mixed types
        results.append((made.float(), *torch.autograd.grad(made.float().sum(), (u, v))))
    for exact, rough in zip(*results, strict=True):
        assert rough.dtype is torch.float32
        assert (exact - rough).abs().mean() < 0.05 * exact.abs().mean() + 0.01


def test_no_edges_at_all() -> None:
    edges = Graph(2, torch.zeros(0, dtype=torch.int64), ())
    u, v = torch.randn(2, 3, requires_grad=True), torch.randn(3, 3, requires_grad=True)
    layer = (torch.randn(4, 3, requires_grad=True), torch.ones(4, requires_grad=True), torch.zeros(4))
    made, _ = edge_stack(u, v, edges, [layer], EPS)
    assert made.tolist() == [[0] * 4] * 2
    gradients = torch.autograd.grad(made.sum(), [u, v, *layer[:2]])
    assert not any(g.any() for g in gradients)
    mean, variance = first_moments(u, v, edges)
    assert not mean.any()
    assert not variance.any()
