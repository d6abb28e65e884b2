"""Particle flow network: the deep set of jet physics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.data.space import Choice, Real, Space
from kaon.layers.dense import dense
from kaon.layers.normalise import Normalise
from kaon.layers.sets import masked_sum
from kaon.models.base import Net

__all__ = ["ParticleFlowNetwork"]


class ParticleFlowNetwork(Net):
    """F(sum_i Phi(p_i)): any permutation-invariant function of the constituents.

    Komiske, Metodiev, Thaler, https://arxiv.org/abs/1810.05165, eq. (1.1). 82,458 parameters for two classes and the
    paper's three features (z, deta, dphi); it reads the seven features of `point_cloud` as well. Unlike there, the
    features are standardised, and the network is trained in a fraction of the epochs.

    Args:
        spec: `features` of shape (constituents, features) and `mask`.
        outputs: number of classes.
        phi: widths of the layers of Phi, the last being the latent dimension.
        f: widths of the hidden layers of F.
        dropout: in F.
    """

    representations: ClassVar[tuple[str, ...]] = ("momentum_fractions", "point_cloud")
    symmetries: ClassVar[frozenset[str]] = frozenset({"permutation"})
    paper: ClassVar[str] = "https://arxiv.org/abs/1810.05165"
    search: ClassVar[Mapping[str, Space]] = {
        "phi": Choice(((50, 50, 128), (100, 100, 128), (100, 100, 256), (200, 200, 512))),
        "f": Choice(((50, 50), (100, 100, 100), (200, 200, 200))),
        "dropout": Real(0.0, 0.3),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        phi: Sequence[int] = (100, 100, 256),
        f: Sequence[int] = (100, 100, 100),
        dropout: float = 0.0,
    ) -> None:
        super().__init__(spec, outputs)
        item = spec["features"]
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.phi = dense(item.width, phi)
        self.f = nn.Sequential(dense(phi[-1], f, dropout), nn.Linear(f[-1], outputs))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        latent = masked_sum(self.phi, self.normalise(inputs["features"]), inputs["mask"])
        logits: Tensor = self.f(latent)
        return logits


VARIANTS = {"pfn": ParticleFlowNetwork}
