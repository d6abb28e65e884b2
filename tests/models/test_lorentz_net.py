from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from kaon.data import Events, Input, InputSpec
from kaon.layers.groups import PackedGroups
from kaon.layers.minkowski import boost, inner, psi, square
from kaon.models.lorentz_net import SLICE, AnalyticNorm, LorentzBlock, LorentzNet

SPEC = InputSpec((Input("momenta", ("constituents", 4)), Input("mask", ("constituents",), "bool")))
COUNTS = torch.tensor([6, 3, 0, 1, 5])


def made(**options: float | bool) -> LorentzNet:
    torch.manual_seed(0)
    return LorentzNet(SPEC, 2, **options)  # type: ignore[arg-type]  # options of several types


def momenta(jets: int, count: int, seed: int = 0, mass: float = 0.14) -> Tensor:
    p = 10 * torch.randn(jets, count, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return torch.cat([(p.square().sum(-1, keepdim=True) + mass**2).sqrt(), p], -1)


def jets_of_counts() -> tuple[Tensor, Tensor]:
    mask = torch.arange(6) < COUNTS[:, None]
    return momenta(5, 6) * mask[..., None], mask


def turned(angle: float) -> Tensor:
    """Rotation about the beam."""
    c, s = math.cos(angle), math.sin(angle)
    return torch.tensor([[1, 0, 0, 0], [0, c, -s, 0], [0, s, c, 0], [0, 0, 0, 1]], dtype=torch.float64)


def test_has_the_published_number_of_parameters() -> None:
    assert made().parameter_count == 223_568
    assert made(beams=True).parameter_count == 224_072


def test_a_block_is_its_equations_with_a_batch_norm_over_real_pairs_and_constituents() -> None:
    # The published form: concatenated inputs of every pair, ordinary layers and ordinary batch norms.
    torch.manual_seed(0)
    block = LorentzBlock(8, 1, 0.005, last=False).double()
    assert block.step_in is not None
    assert block.step_out is not None
    nn.init.normal_(block.step_out.weight)
    p, mask = jets_of_counts()
    groups = PackedGroups(mask, cells=50)
    x, scalars = groups.pack(p), torch.randn(int(mask.sum()), 1, dtype=torch.float64)
    h = torch.randn(len(x), 8, dtype=torch.float64)
    plain = {name: nn.BatchNorm1d(8).double() for name in ("edge", "node")}
    owner = groups.owner
    i, j = ((owner[:, None] == owner) & ~torch.eye(len(x), dtype=torch.bool)).nonzero().T
    for mode in (True, True, False):
        block.train(mode)
        for norm in plain.values():
            norm.train(mode)
        found = block(h, x, scalars, groups)
        u = torch.stack([psi(square(x[i] - x[j])), psi(inner(x[i], x[j]))], 1)
        m = plain["edge"](block.edge_in(torch.cat([h[i], h[j], u], 1))).relu()
        m = block.edge_out(m).relu()
        m = m * torch.sigmoid(block.gate(m))
        step = block.step_out(block.step_in(m).relu()) * (x[i] - x[j])
        others = (groups.counts - 1)[owner].clamp(min=1)[:, None]
        moved = torch.zeros_like(x).index_add(0, i, step) / others
        z = torch.cat([h, torch.zeros_like(h).index_add(0, i, m), scalars], 1)
        expected = h + block.node_out(plain["node"](block.node_in(z)).relu()), x + 0.005 * moved
        for one, two in zip(found, expected, strict=True):
            torch.testing.assert_close(one, two)
        wanted = torch.autograd.grad(expected[0].sin().sum() + expected[1].sin().sum(), list(block.parameters())[:1])
        gradient = torch.autograd.grad(found[0].sin().sum() + found[1].sin().sum(), list(block.parameters())[:1])
        torch.testing.assert_close(gradient, wanted)
    for name, norm in (("edge", block.edge_norm), ("node", block.node_norm)):
        torch.testing.assert_close(norm.running_mean, plain[name].running_mean)
        torch.testing.assert_close(norm.running_var, plain[name].running_var)
        assert norm.num_batches_tracked == 2


def test_the_vectors_of_a_block_turn_with_the_jet_and_its_scalars_stay() -> None:
    torch.manual_seed(0)
    block = LorentzBlock(8, 1, 0.5, last=False).double().eval()
    assert block.step_out is not None
    nn.init.normal_(block.step_out.weight)
    p, mask = jets_of_counts()
    groups = PackedGroups(mask, cells=50)
    x, frame = groups.pack(p), momenta(1, 1, seed=3, mass=5)[0]
    h, scalars = torch.randn(len(x), 8, dtype=torch.float64), square(x)[:, None]
    still, moving = block(h, x, scalars, groups), block(h, boost(x, frame), scalars, groups)
    assert (still[1] - x).abs().max() > 0.1, "the vectors are moved"
    torch.testing.assert_close(moving[0], still[0])
    torch.testing.assert_close(moving[1], boost(still[1], frame))


def test_beams_leave_rotations_about_them_and_nothing_else() -> None:
    net = made(beams=True).double().eval()
    p, mask = jets_of_counts()

    def logits(p: Tensor) -> Tensor:
        found: Tensor = net({"momenta": p, "mask": mask})
        return found

    torch.testing.assert_close(logits(p @ turned(1.0).T), logits(p))
    assert not torch.allclose(logits(boost(p, momenta(1, 1, seed=3))), logits(p), atol=1e-4)
    without = made().double().eval()
    moved = without({"momenta": boost(p, momenta(1, 1, seed=3)), "mask": mask})
    torch.testing.assert_close(moved, without({"momenta": p, "mask": mask}))


def test_a_jet_is_the_same_in_a_batch_of_any_size() -> None:
    net, (p, mask) = made(n_hidden=8, n_layers=2).eval(), jets_of_counts()
    many = SLICE // 5 + 10
    inputs = {"momenta": p.float().repeat(many, 1, 1), "mask": mask.repeat(many, 1)}
    with torch.no_grad():
        expected = net({"momenta": p.float(), "mask": mask}).repeat(many, 1)
        torch.testing.assert_close(net(inputs), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("counts", [[0, 0], [1], [1, 1, 0]])
def test_jets_without_pairs_can_be_trained_on(counts: list[int]) -> None:
    net, mask = made(n_hidden=8, n_layers=2), torch.arange(2) < torch.tensor(counts)[:, None]
    before = [norm.running_mean.clone() for norm in net.modules() if isinstance(norm, AnalyticNorm)]
    logits = net({"momenta": momenta(len(counts), 2).float() * mask[..., None], "mask": mask})
    assert torch.isfinite(logits).all()
    torch.autograd.grad(logits.sum(), list(net.parameters()), allow_unused=True)
    assert torch.equal(net.blocks[0].edge_norm.running_mean, before[0]), "no pairs teach nothing"  # type: ignore[union-attr, arg-type]


def test_learns_masses(jets: Events) -> None:
    # Two massless particles at a small or a large angle: only their common mass tells them apart.
    torch.manual_seed(0)
    target = torch.arange(64) % 2
    angle = torch.where(target == 1, 0.8, 0.3) * (1 + 0.1 * torch.rand(64))
    axis = momenta(64, 1, mass=0)[:, 0, 1:].float()
    side = torch.linalg.cross(axis, torch.randn(64, 3))
    side = side / side.norm(dim=1, keepdim=True) * axis.norm(dim=1, keepdim=True)
    other = torch.cos(angle)[:, None] * axis + torch.sin(angle)[:, None] * side
    p = 50 * torch.stack([axis, other], 1) / axis.norm(dim=1)[:, None, None]
    inputs = {"momenta": torch.cat([p.norm(dim=2, keepdim=True), p], 2), "mask": torch.ones(64, 2, dtype=torch.bool)}
    net = made(n_hidden=16, n_layers=2, dropout=0)
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(inputs), target).backward()  # type: ignore[no-untyped-call]  # of torch
        optimizer.step()
    assert (net.eval()(inputs).argmax(1) == target).float().mean() > 0.95
