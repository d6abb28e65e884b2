"""LorentzNet: messages between all pairs of constituents, equivariant under the Lorentz group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.data.space import Choice, Integer, Real, Space
from kaon.layers.edge_messages import edge_messages
from kaon.layers.groups import PackedGroups
from kaon.layers.minkowski import boost, inner, jet_frame, psi, square, wide
from kaon.layers.pieces import in_alike_pieces
from kaon.models.base import Net

__all__ = ["LorentzNet"]

CELLS = 4096
"""Pairs computed at a time on a CPU: their hidden numbers stay in its cache."""

SLICE = 512
"""Jets a forward pass in evaluation: bounds its memory, whatever the batch."""

BEAMS = ((2**0.5, 0.0, 0.0, 1.0), (2**0.5, 0.0, 0.0, -1.0))
"""Two particles of mass 1 along the beam, as in the public code."""


class LorentzNet(Net):
    """Graph network with Minkowski norms and products of all pairs, and vectors that are moved by their differences.

    Gong, Meng, Zhang, Qu, Li, Qian, Du, Ma, Liu, https://arxiv.org/abs/2201.08187, eqs. (3.2) to (3.5): in each block

        m_ij = phi_e(h_i, h_j, psi(|x_i - x_j|^2), psi(<x_i, x_j>)),    w_ij = sigmoid(phi_m(m_ij)),
        x_i <- x_i + c mean_j phi_x(w_ij m_ij) (x_i - x_j),    h_i <- h_i + phi_h(h_i, sum_j w_ij m_ij, s_i),

    and a classifier on the mean of h. 223,568 parameters for two classes; with `beams` the public code's 224,072.

    Unlike there: the beams are an option, since with them only rotations about the beam are a symmetry; the mean is
    over real constituents, not over padding; the steps of x are not clamped at 100 GeV, which would break the symmetry;
    the momenta are boosted to the jet's rest frame first, which changes nothing but the rounding. The first layer of
    phi_e and its batch norm, whose mean and variance over all pairs follow from sums over constituents, are computed
    once a constituent, and what belongs to pairs is computed again in the backward pass instead of kept.

    Args:
        spec: `momenta` of shape (constituents, 4), (E, px, py, pz) in GeV, and `mask`.
        outputs: number of classes.
        n_hidden: width of all layers.
        n_layers: blocks.
        c_weight: the constant c.
        dropout: in the classifier.
        beams: add two beam particles, told apart from the constituents by their scalars.
        scale: GeV in the network's unit of momentum.
    """

    representations: ClassVar[tuple[str, ...]] = ("four_momenta", "particles")
    symmetries: ClassVar[frozenset[str]] = frozenset({"permutation", "lorentz"})
    paper: ClassVar[str] = "https://arxiv.org/abs/2201.08187"
    search: ClassVar[Mapping[str, Space]] = {
        "n_hidden": Choice((36, 72, 144)),
        "n_layers": Integer(3, 8),
        "c_weight": Real(1e-4, 1e-1, log=True),
        "dropout": Real(0.0, 0.4),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        n_hidden: int = 72,
        n_layers: int = 6,
        c_weight: float = 5e-3,
        dropout: float = 0.2,
        beams: bool = False,
        scale: float = 1.0,
    ) -> None:
        super().__init__(spec, outputs)
        self.scale, self.beams = scale, beams
        scalars = 2 if beams else 1
        self.embedding = nn.Linear(scalars, n_hidden)
        self.blocks = nn.ModuleList(
            LorentzBlock(n_hidden, scalars, c_weight, last=i == n_layers - 1) for i in range(n_layers)
        )
        self.head = nn.Sequential(
            nn.Linear(n_hidden, n_hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(n_hidden, outputs)
        )

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        momenta, mask = inputs["momenta"], inputs["mask"]
        # Batch norms of a training need the whole batch; also one without a gradient.
        return in_alike_pieces(self.logits, mask, momenta, size=len(mask) if self.training else SLICE)

    def logits(self, mask: Tensor, momenta: Tensor) -> Tensor:
        """Logits of one slice, (batch, outputs)."""
        x, mask, is_beam = self.particles(momenta, mask)
        groups = PackedGroups(mask, CELLS if x.device.type == "cpu" else 64 * CELLS)
        x, is_beam = groups.pack(x), groups.pack(is_beam)
        # With beams, masses in one of two places; else the squared mass, as in the public code.
        mass2 = square(x)[:, None]
        scalars = psi(mass2.abs().sqrt() * torch.cat([1 - is_beam, is_beam], 1) if self.beams else mass2)
        h = self.embedding(scalars)
        for block in self.blocks:
            h, x = block(h, x, scalars, groups)
        count = groups.counts.clamp(min=1)[:, None]
        logits: Tensor = self.head(groups.unsort(groups.sums(h.to(x.dtype)) / count))
        return logits

    def particles(self, momenta: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Momenta in the jet's frame, (batch, particles, 4), their mask, and 1 for beams, (batch, particles, 1)."""
        frame = jet_frame(momenta, mask)
        p = wide(momenta) / self.scale
        beam = torch.zeros_like(mask[:, :0])
        if self.beams:
            beam = torch.ones_like(mask[:, :1]).expand(-1, 2)
            p = torch.cat([p.new_tensor(BEAMS).expand(len(p), 2, 4), p], 1)
            mask = torch.cat([beam, mask], 1)
        is_beam = torch.cat([beam, torch.zeros_like(momenta[..., 0], dtype=torch.bool)], 1)
        return boost(p, frame).to(momenta.dtype), mask, is_beam[..., None].to(momenta.dtype)


class LorentzBlock(nn.Module):
    """One Lorentz group equivariant block."""

    def __init__(self, hidden: int, scalars: int, c_weight: float, *, last: bool) -> None:
        super().__init__()
        self.c_weight = c_weight
        self.edge_in = nn.Linear(2 * hidden + 2, hidden, bias=False)
        self.edge_norm = AnalyticNorm(hidden)
        self.edge_out = nn.Linear(hidden, hidden)
        self.gate = nn.Linear(hidden, 1)
        self.node_in = nn.Linear(2 * hidden + scalars, hidden)
        self.node_norm = AnalyticNorm(hidden)
        self.node_out = nn.Linear(hidden, hidden)
        self.step_in: nn.Linear | None = None
        self.step_out: nn.Linear | None = None
        if not last:  # nobody looks at the vectors after the last block
            self.step_in, self.step_out = nn.Linear(hidden, hidden), nn.Linear(hidden, 1, bias=False)
            nn.init.xavier_uniform_(self.step_out.weight, gain=1e-3)

    def forward(self, h: Tensor, x: Tensor, scalars: Tensor, groups: PackedGroups) -> tuple[Tensor, Tensor]:
        """Scalars (particles, hidden) and vectors (particles, 4) of the next block."""
        received, moved = self.exchange(h, x, groups)
        z = self.node_in(torch.cat([h, received, scalars], 1)).to(x.dtype)
        scale, shift = self.node_norm.over_rows(z)
        return h + self.node_out((z * scale + shift).relu()), x + self.c_weight * moved

    def exchange(self, h: Tensor, x: Tensor, groups: PackedGroups) -> tuple[Tensor, Tensor]:
        """Sum of the messages, (particles, hidden), and mean of the steps, (particles, 4)."""
        hidden = self.edge_out.in_features
        dtype = _compute_dtype(x)
        with torch.autocast(x.device.type, enabled=False):
            h = h.to(x.dtype)
            w_i, w_j, w_u = torch.split(self.edge_in.weight, [hidden, hidden, 2], 1)
            a, b = h @ w_i.t(), h @ w_j.t()
            vectors = groups.split(x)
            pairs = [_pairs(mask, x.dtype) for mask in groups.masks]
            edges: Iterable[Tensor] = map(_products, vectors, pairs)
            if self.training:
                edges = list(edges)
                scale, shift = self.edge_norm.over_pairs(a, b, edges, w_u, groups)
            else:
                scale, shift = self.edge_norm.running()
            weights = [(w_u * scale[:, None]).t(), self.edge_out.weight, self.edge_out.bias]
            weights += [self.gate.weight[0], self.gate.bias]
            if self.step_in is not None and self.step_out is not None:
                weights += [self.step_in.weight, self.step_in.bias, self.step_out.weight[0]]
            sums, steps = [], []
            parts = (groups.split(a * scale + shift), groups.split(b * scale), edges, pairs, vectors)
            for a_g, b_g, u, pair, p in zip(*parts, strict=True):
                total, *step = edge_messages(a_g, b_g, u, pair, dtype, *weights)
                sums.append(total)
                if step:
                    count = pair.sum(2, keepdim=True).clamp(min=1)
                    steps.append((p * step[0].sum(2, keepdim=True) - step[0] @ p) / count)
            return groups.join(sums), groups.join(steps) if steps else torch.zeros_like(x)


class AnalyticNorm(nn.BatchNorm1d):
    """Batch normalisation as a factor and a term, from a mean and a variance that are found by any means."""

    running_mean: Tensor
    running_var: Tensor

    def running(self) -> tuple[Tensor, Tensor]:
        """Factor and term in evaluation, (features,) each."""
        return self._affine(self.running_mean, self.running_var)

    def over_rows(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Factor and term for (rows, features)."""
        if not self.training or len(x) == 0:
            return self.running()
        variance, mean = torch.var_mean(x, 0, correction=0)
        return self._training(mean, variance, len(x))

    def over_pairs(
        self, a: Tensor, b: Tensor, edges: Sequence[Tensor], w: Tensor, groups: PackedGroups
    ) -> tuple[Tensor, Tensor]:
        """Factor and term for z_ij = a_i + b_j + w u_ij over all ordered pairs of different constituents of a jet.

        With all three centred, the mean of z^2 needs sums over constituents only:

            sum_ij z_ij^2 = sum_i n_i (a_i^2 + b_i^2) + w UU w + 2 sum_jets (sum_i a_i)(sum_j b_j) - 2 sum_i a_i b_i
                            + 2 sum_i (a_i + b_i) w U_i,    U_i = sum_j u_ij,  UU = sum_ij u_ij u_ij^T,

        where u_ij = u_ji, and n_i is the number of the others.

        Args:
            a: (constituents, features).
            b: (constituents, features).
            edges: for each group u (jets, n, n, 2), zero where there is no pair.
            w: (features, 2).
            groups: the jets.
        """
        others = (groups.counts - 1).clamp(min=0)[groups.owner, None].to(a.dtype)
        total = others.sum()
        if not total:
            return self.running()
        u_sum = groups.join([u.sum(2) for u in edges])
        u_mean = u_sum.sum(0) / total
        uu = sum((u.flatten(0, 2).t() @ u.flatten(0, 2) for u in edges), w.new_zeros(2, 2))
        uu = uu - total * torch.outer(u_mean, u_mean)
        a_mean, b_mean = (others * a).sum(0) / total, (others * b).sum(0) / total
        a, b, u_sum = a - a_mean, b - b_mean, u_sum - others * u_mean
        squares = (others * (a.square() + b.square())).sum(0) + ((w @ uu) * w).sum(1)
        crossed = (groups.sums(a) * groups.sums(b)).sum(0) - (a * b).sum(0) + ((a + b) * (u_sum @ w.t())).sum(0)
        variance = ((squares + 2 * crossed) / total).clamp(min=0)
        return self._training(a_mean + b_mean + w @ u_mean, variance, float(total))

    def _training(self, mean: Tensor, variance: Tensor, count: float) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            assert self.momentum is not None
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
            unbiased = variance * count / max(count - 1, 1)
            self.running_var.lerp_(unbiased.to(self.running_var.dtype), self.momentum)
            assert self.num_batches_tracked is not None
            self.num_batches_tracked += 1
        return self._affine(mean, variance)

    def _affine(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        scale = self.weight * (variance + self.eps).rsqrt()
        return scale, self.bias - mean * scale


def _compute_dtype(x: Tensor) -> torch.dtype:
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def _pairs(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """1 for pairs of two different real constituents, (jets, n, n)."""
    different = ~torch.eye(mask.shape[1], dtype=torch.bool, device=mask.device)
    return (mask[:, :, None] & mask[:, None] & different).to(dtype)


def _products(x: Tensor, pair: Tensor) -> Tensor:
    """psi(|x_i - x_j|^2) and psi(<x_i, x_j>) of all pairs, (jets, n, 4) -> (jets, n, n, 2)."""
    return (
        torch.stack([psi(square(x[:, :, None] - x[:, None])), psi(inner(x[:, :, None], x[:, None]))], -1)
        * pair[..., None]
    )


VARIANTS = {"lorentz_net": LorentzNet}
