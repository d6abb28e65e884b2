"""Lorentz boost network: learned particles, each seen from the rest frame of another learned one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import InputSpec
from kaon.data.space import Choice, Integer, Real, Space
from kaon.layers.dense import dense
from kaon.layers.minkowski import boost, square, timelike, wide
from kaon.models.base import Net

__all__ = ["LBN"]

_TINY = 1e-12
"""Smallest pT^2 (GeV^2), so that directions and gradients of nothing are finite. Added, ONNX tools would drop it."""


class LBN(Net):
    """M combinations of the constituents, boosted into the rest frames of M others; features of them; a dense network.

    Erdmann, Geiser, Rath, Rieger, https://arxiv.org/abs/1812.09722, eqs. (2.1) to (2.5). With weights W for particles
    and frames, of which the absolute value is taken, particle_m = sum_n |W_mn| p_n is boosted into the rest frame of
    frame_m = sum_n |W'_mn| p_n. The features are E, pT, eta, phi and m of each boosted particle, and the cosine of the
    angle between any two. 706,274 parameters for two classes (published for top tagging: 705k).

    The sizes are not published in full; chosen are the 60 hardest constituents, 20 particles, and five layers of 384.
    Unlike there, energies, momenta and masses enter as logarithms, and a frame lighter than a fiftieth of its energy
    (a single massless constituent has no rest frame) counts as that heavy. Boosts are in double precision.

    Args:
        spec: `momenta` of shape (constituents, 4), (E, px, py, pz) in GeV, and `mask`.
        outputs: number of classes.
        N: constituents; the first, which are the hardest, are kept, and a shorter jet is filled up with zeros.
        M: particles, and rest frames.
        hidden: widths of the dense layers.
        dropout: in the dense layers.
    """

    representations: ClassVar[tuple[str, ...]] = ("four_momenta", "particles")
    paper: ClassVar[str] = "https://arxiv.org/abs/1812.09722"
    search: ClassVar[Mapping[str, Space]] = {
        "M": Integer(8, 40),
        "hidden": Choice(((128,) * 3, (256,) * 3, (384,) * 5)),
        "dropout": Real(0.0, 0.3),
    }

    upper: Tensor

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        N: int = 60,
        M: int = 20,
        hidden: Sequence[int] = (384,) * 5,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(spec, outputs)
        self.N, self.M = N, M
        self.particles = nn.Parameter(torch.rand(M, N))
        self.frames = nn.Parameter(torch.rand(M, N))
        self.register_buffer("upper", torch.triu_indices(M, M, 1), persistent=False)
        width = 5 * M + M * (M - 1) // 2
        self.norm = nn.BatchNorm1d(width, affine=False)
        self.body = dense(width, hidden, dropout)
        self.head = nn.Linear(hidden[-1], outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        momenta = inputs["momenta"]
        with torch.autocast(momenta.device.type, enabled=False):
            x = self.features(self.boosted(momenta, inputs["mask"]), momenta.dtype)
            x = self.norm(x) if len(x) > 1 or not self.training else x
        logits: Tensor = self.head(self.body(x))
        return logits

    def boosted(self, momenta: Tensor, mask: Tensor) -> Tensor:
        """The particles in their frames, (batch, M, 4) in GeV and double precision."""
        p = wide(F.pad(momenta * mask[..., None].to(momenta.dtype), (0, 0, 0, self.N))[:, : self.N])
        particles, frames = (weight.abs().to(p.dtype) @ p for weight in (self.particles, self.frames))
        return boost(particles, timelike(frames, 0.02))

    def features(self, p: Tensor, dtype: torch.dtype) -> Tensor:
        """(batch, M, 4) -> (batch, 5 M + M (M - 1) / 2); masses, which are small differences, first."""
        mass2 = square(p).clamp(min=0).to(dtype)
        p = p.to(dtype)
        e, px, py, pz = p.unbind(-1)
        pt2 = (px.square() + py.square()).clamp(min=_TINY)
        size = (pt2 + pz.square()).sqrt()
        eta = torch.sign(pz) * torch.log((pz.abs() + size) / pt2.sqrt())
        phi = torch.atan2(py, px + _TINY)
        direction = p[..., 1:] / size[..., None]
        cosine = (direction @ direction.transpose(1, 2))[:, self.upper[0], self.upper[1]]
        logs = [torch.log1p(e.abs()), 0.5 * torch.log1p(pt2), eta, phi, 0.5 * torch.log1p(mass2)]
        return torch.cat([*logs, cosine], 1)


VARIANTS = {"lbn": LBN}
