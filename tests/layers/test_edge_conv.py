from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.layers.edge_conv import EdgeConv, batch_norm
from kaon.layers.neighbours import Graph, graph, nearest
from kaon.layers.packed import Packed, pack

K = 3


def setting(width: int) -> tuple[EdgeConv, Tensor, Tensor, Packed, Graph]:
    torch.manual_seed(3)
    layer = EdgeConv(width, (6, 5)).double()
    for norm in layer.modules():
        if isinstance(norm, nn.BatchNorm1d):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            nn.init.normal_(norm.running_mean)
            nn.init.uniform_(norm.running_var, 0.5, 2)
            nn.init.normal_(norm.weight)
            nn.init.normal_(norm.bias)
    mask = torch.arange(8) < torch.tensor([0, 1, 2, 5, 8])[:, None]
    x = torch.randn(5, 8, width, dtype=torch.float64) * mask[..., None]
    packed = pack(mask, exact=K)
    return layer, x, mask, packed, graph(packed.take(x), packed, K)


def edge_by_edge(layer: EdgeConv, x: Tensor, edges: Graph) -> Tensor:
    """The definition: concatenate (x_i, x_j - x_i), all layers on each edge."""
    owner = torch.cat([torch.arange(s.start, s.stop).repeat_interleave(s.degree) for s in edges.stretches])
    h = torch.cat([x[owner], x[edges.neighbours] - x[owner]], dim=1)
    for linear, norm in zip([layer.first, *layer.rest], layer.norms, strict=True):
        h = F.relu(norm(linear(h)))
    count = torch.bincount(owner, minlength=len(x)).clamp(min=1)
    around = h.new_zeros(len(x), h.shape[1]).index_add(0, owner, h) / count[:, None]
    plain = x if layer.shortcut is None else layer.shortcut_norm(layer.shortcut(x))
    return F.relu(plain + around)


@pytest.mark.parametrize("width", [4, 5])
@pytest.mark.parametrize("train", [True, False])
def test_it_is_what_it_says_with_gradients_and_statistics(width: int, train: bool) -> None:
    one, x, _, packed, edges = setting(width)
    two = setting(width)[0]
    for layer in (one, two):
        layer.train(train)
    assert (one.shortcut is None) == (width == 5)
    given = packed.take(x).requires_grad_()
    made, expected = one(given, edges), edge_by_edge(two, given, edges)
    torch.testing.assert_close(made, expected)
    direction = torch.randn_like(made)
    own = torch.autograd.grad(made, [given, *one.parameters()], direction)
    theirs = torch.autograd.grad(expected, [given, *two.parameters()], direction)
    for a, b in zip(own, theirs, strict=True):
        torch.testing.assert_close(a, b)
    for (name, a), b in zip(one.state_dict().items(), two.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, msg=name)


@pytest.mark.parametrize("width", [4, 5])
def test_without_gradients_and_padded_it_is_the_same(width: int) -> None:
    layer, x, mask, packed, edges = setting(width)
    layer.eval()
    expected = layer(packed.take(x), edges)
    with torch.no_grad():
        torch.testing.assert_close(layer(packed.take(x), edges), expected.detach())
        padded = layer.padded(x, *nearest(x, mask, K))
    torch.testing.assert_close(packed.take(padded), expected.detach())


def test_one_row_is_normalised_by_what_was_learned() -> None:
    norm = nn.BatchNorm1d(2)
    assert torch.isfinite(batch_norm(norm, torch.randn(1, 2))).all()
    assert norm.num_batches_tracked == 0
    x = torch.randn(4, 2)
    torch.testing.assert_close(batch_norm(norm, x), (x - x.mean(0)) / (x.var(0, unbiased=False) + norm.eps).sqrt())


def test_edges_in_half_precision_leave_nodes_in_single() -> None:
    layer, x, _, packed, edges = setting(4)
    layer.float()
    made = layer(packed.take(x).float(), edges, torch.bfloat16)
    assert made.dtype is torch.float32
    exact = layer(packed.take(x).float(), edges)
    assert 0 < (made - exact).abs().mean() < 0.05 * exact.abs().mean()
