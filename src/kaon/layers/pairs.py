"""The pairs of particles in each event: their features, and their values as attention biases."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from kaon.layers.attention import MASKED

__all__ = ["PAIR_FEATURES", "Pairs", "geometry", "pair_features"]

PAIR_FEATURES = ("log_kt", "log_z", "log_delta", "log_m2")
"""ln kT, ln z, ln Delta, ln m^2: kT = min(pT) Delta (GeV), z = min(pT) / sum(pT), m^2 of the pair (GeV^2)."""

_EPS = 1e-8


def geometry(p: Tensor) -> Tensor:
    """(E, px, py, pz, pT, rapidity, azimuth) of (..., 4) momenta (E, px, py, pz) in GeV: what `pair_features` reads."""
    E, px, py, pz = p.unbind(-1)
    # Weaver has the first bound only, and infinity or NaN for a massless particle flying exactly along -z.
    rapidity = 0.5 * torch.log((1 + 2 * pz / (E - pz).clamp(min=1e-20)).clamp(min=1e-20))
    return torch.stack((E, px, py, pz, torch.sqrt(px.square() + py.square()), rapidity, torch.atan2(py, px)), dim=-1)


def pair_features(one: Tensor, two: Tensor) -> Tensor:
    """(ln kT, ln z, ln Delta, ln m^2) of pairs, symmetric in the two.

    Qu, Li, Qian, https://arxiv.org/abs/2202.03772, eq. (3), with rapidities, and every argument of a logarithm at
    least 1e-8, as in the paper's code: a particle paired with itself has Delta = 1e-8. The mass is computed in the
    precision of the momenta, as there, so that of light pairs (below about 1e-3 of their energy in single precision)
    is rounding noise that the network learns to ignore.

    Args:
        one, two: (..., 7) of `geometry`; they broadcast.

    Returns:
        (..., 4).
    """
    pt1, y1, phi1 = one[..., 4:].unbind(-1)
    pt2, y2, phi2 = two[..., 4:].unbind(-1)
    dphi = (phi1 - phi2 + pi) % (2 * pi) - pi
    delta = torch.sqrt((y1 - y2).square() + dphi.square())
    softer = torch.minimum(pt1, pt2)
    E, px, py, pz = (one[..., :4] + two[..., :4]).unbind(-1)
    m2 = E.square() - (px.square() + py.square() + pz.square())
    columns = (softer * delta, softer / (pt1 + pt2).clamp(min=_EPS), delta, m2)
    return torch.stack(columns, dim=-1).clamp(min=_EPS).log()


@dataclass(frozen=True)
class Pairs:
    """The unordered pairs of real particles of some events, a particle paired with itself included, one a row.

    The rows of an event follow the lower triangle: row i (i + 1) / 2 + j of those with its first i + 1 particles.

    Args:
        event, i, j: of each pair, (pairs,), with i >= j.
        mask: (events, particles) bool, True for real particles, which come first.
    """

    event: Tensor
    i: Tensor
    j: Tensor
    mask: Tensor

    @classmethod
    def of(cls, mask: Tensor) -> Pairs:
        """All pairs, given `mask`, (events, particles) bool, real particles first."""
        length = mask.shape[1]
        i, j = torch.tril_indices(length, length, device=mask.device).unbind()
        event, k = mask[:, i].nonzero(as_tuple=True)
        return cls(event, i[k], j[k], mask)

    def __len__(self) -> int:
        return len(self.event)

    def features(self, momenta: Tensor) -> Tensor:
        """`pair_features` of momenta (events, particles, 4), as (pairs, 4)."""
        table = geometry(momenta)
        return pair_features(table[self.event, self.i], table[self.event, self.j])

    def as_bias(self, values: Tensor) -> Tensor:
        """(pairs, heads) -> (events, heads, particles, particles), symmetric, `MASKED` where one is padding."""
        spread: Any = _Spread.apply
        made: Tensor = spread(values, self)
        return made


class _Spread(torch.autograd.Function):
    """Rows to a symmetric matrix by gathering, and gradients back by gathering too.

    PyTorch would add gradients at random places of memory, which takes many times as long.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, pairs: Pairs) -> Tensor:
        ctx.pairs = pairs
        length = pairs.mask.shape[1]
        place = torch.arange(length, device=values.device)
        high, low = torch.maximum(place[:, None], place), torch.minimum(place[:, None], place)
        counts = pairs.mask.sum(1)
        rows = counts * (counts + 1) // 2
        row = (rows.cumsum(0) - rows)[:, None, None] + high * (high + 1) // 2 + low
        row = row.masked_fill(high >= counts[:, None, None], len(values))
        table = torch.cat([values, values.new_full((1, values.shape[1]), MASKED)])
        return table[row].permute(0, 3, 1, 2).contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        event, i, j = ctx.pairs.event, ctx.pairs.i, ctx.pairs.j
        both = gradient + gradient.transpose(-1, -2)
        return both[event, :, i, j] * (1 - 0.5 * (i == j)).to(both.dtype)[:, None], None
