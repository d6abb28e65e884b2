"""LoLa: a layer that turns four-vectors into masses and distances, whose metric can be learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import InputSpec
from kaon.data.space import Choice, Integer, Space
from kaon.errors import ConfigError
from kaon.layers.dense import dense
from kaon.layers.export import exporting
from kaon.layers.minkowski import psi
from kaon.models.base import Net

__all__ = ["CoLa", "LoLa", "LorentzLayer"]

METRICS = ("fixed", "learned")

GAIN = 10.0
"""Times which the learned numbers are the metric: its four entries must move by the order of one, for which an
optimiser whose steps have the size of the learning rate would need more steps than a training has."""

SLICE = 256
"""Jets a pass in evaluation: distances of all pairs are 40 kB a jet and weight."""


class LoLa(Net):
    """Combination layer, Lorentz layer, and a small dense network.

    Butter, Kasieczka, Plehn, Russell, https://arxiv.org/abs/1707.08966, eqs. (2) to (6). 126,772 parameters for two
    classes (published: 127k), and four more with a learned metric.

    The sizes are not published in full; chosen are the 80 hardest constituents and 19 learned combinations, which with
    the sum of all make 100 vectors. Unlike there: momenta are divided by `scale`, and what the Lorentz layer finds,
    which spans decades, goes through psi(x) = sign(x) ln(1 + |x|) before the dense layers. A learned metric
    starts as diag(1, 1, 1, 1), which knows nothing of time and space, unless `start` says otherwise.

    Args:
        spec: `momenta` of shape (constituents, 4), (E, px, py, pz) in GeV, and `mask`.
        outputs: number of classes.
        N: constituents; the first, which are the hardest, are kept, and a shorter jet is filled up with zeros.
        M: learned combinations.
        metric: "fixed" is diag(1, -1, -1, -1); "learned" is a diagonal that is trained.
        start: where the diagonal sets out if it is trained.
        hidden: widths of the dense layers.
        scale: GeV in the network's unit of momentum.

    Raises:
        ConfigError: no such metric, or a start that is not four numbers.
    """

    representations: ClassVar[tuple[str, ...]] = ("four_momenta", "particles")
    paper: ClassVar[str] = "https://arxiv.org/abs/1707.08966"
    search: ClassVar[Mapping[str, Space]] = {
        "M": Integer(5, 40),
        "metric": Choice(("fixed", "learned")),
        "hidden": Choice(((50, 25), (100, 50), (200, 100))),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        N: int = 80,
        M: int = 19,
        metric: str = "fixed",
        start: Sequence[float] = (1.0, 1.0, 1.0, 1.0),
        hidden: tuple[int, ...] = (100, 50),
        scale: float = 10.0,
    ) -> None:
        super().__init__(spec, outputs)
        if metric not in METRICS:
            raise ConfigError(f"metric={metric!r} of lola; it is one of: {', '.join(METRICS)}")
        if len(start) != 4:
            raise ConfigError(f"start={tuple(start)} of lola; a diagonal metric has four elements: E, px, py, pz")
        self.N, self.scale = N, scale
        self.cola = CoLa(N, M)
        self.lola = LorentzLayer(N + 1 + M, learned=metric == "learned", start=start)
        self.body = dense(7 * (N + 1 + M), hidden)
        self.head = nn.Linear(hidden[-1], outputs)

    @property
    def metric_diagonal(self) -> Tensor:
        """The metric's diagonal (E, px, py, pz), divided by its entry for the energy, (4,)."""
        metric = self.lola.metric.detach()
        return metric / metric[0]

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        k = hardest(inputs["momenta"], inputs["mask"], self.N) / self.scale
        rows = (k,) if self.training or exporting() else torch.split(k, SLICE)
        logits: Tensor = torch.cat([self.head(self.body(psi(self.features(part)).flatten(1))) for part in rows])
        return logits

    def features(self, k: Tensor) -> Tensor:
        """What the Lorentz layer finds in (batch, N, 4) momenta: (batch, N + 1 + M, 7)."""
        with torch.autocast(k.device.type, enabled=False):
            found: Tensor = self.lola(self.cola(k))
        return found


class CoLa(nn.Module):
    """The sum of all vectors, each of them, and learned combinations: (batch, N, 4) -> (batch, 1 + N + M, 4)."""

    def __init__(self, N: int, M: int) -> None:
        super().__init__()
        self.combination = nn.Parameter(torch.rand(M, N))

    def forward(self, k: Tensor) -> Tensor:
        """Combinations keep the constituents' metric signature: they are momenta of sets of particles."""
        return torch.cat([k.sum(1, keepdim=True), k, self.combination @ k], 1)


class LorentzLayer(nn.Module):
    """Seven numbers for each vector k_j: m_j^2, pT_j, sum_m w_jm E_m, and of d_jm^2 = (k_j - k_m)^2 two weighted sums
    and two minima over m of w_jm d_jm^2.

    Args:
        vectors: how many.
        learned: whether the metric is trained.
        start: where it sets out then.
    """

    diagonal: Tensor

    def __init__(self, vectors: int, *, learned: bool, start: Sequence[float] = (1.0, 1.0, 1.0, 1.0)) -> None:
        super().__init__()
        if learned:
            self.diagonal = nn.Parameter(torch.tensor([float(g) / GAIN for g in start]))
        else:
            self.register_buffer("diagonal", torch.tensor([1.0, -1.0, -1.0, -1.0]))
        self.gain = GAIN if learned else 1.0
        self.energies = nn.Parameter(torch.randn(vectors, vectors) / vectors)
        self.sums = nn.Parameter(torch.randn(2, vectors, vectors) / vectors)
        self.minima = nn.Parameter(torch.randn(2, vectors, vectors) / vectors**0.5)

    @property
    def metric(self) -> Tensor:
        """Diagonal of the metric (E, px, py, pz), (4,)."""
        return self.diagonal * self.gain

    def forward(self, k: Tensor) -> Tensor:
        """(batch, vectors, 4) -> (batch, vectors, 7)."""
        metric = self.metric
        mass2 = k.square() @ metric
        pt = (k[..., 1].square() + k[..., 2].square() + 1e-12).sqrt()
        energy = F.linear(k[..., 0], self.energies)
        distance2 = (k[:, :, None] - k[:, None]).square() @ metric  # (batch, vectors, vectors)
        summed = [(distance2 * w).sum(2) for w in self.sums]
        least = [(distance2 * w).amin(2) for w in self.minima]
        return torch.stack([mass2, pt, energy, *summed, *least], -1)


def hardest(momenta: Tensor, mask: Tensor, count: int) -> Tensor:
    """The first `count` real constituents, which are the hardest, and zeros: (batch, count, 4)."""
    k = momenta * mask[..., None].to(momenta.dtype)
    missing = F.pad(k, (0, 0, 0, count))[:, : max(count, 0)]
    return missing


VARIANTS = {"lola": LoLa}
