"""Energy flow network: an infrared- and collinear-safe function of a set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.data.space import Choice, Real, Space
from kaon.errors import ConfigError
from kaon.layers.dense import dense
from kaon.layers.normalise import Normalise
from kaon.layers.sets import masked_sum
from kaon.models.base import Net

__all__ = ["EnergyFlowNetwork"]


class EnergyFlowNetwork(Net):
    """F(sum_i z_i Phi(deta_i, dphi_i)): linear in the momentum fractions, so infrared- and collinear-safe.

    Komiske, Metodiev, Thaler, https://arxiv.org/abs/1810.05165, eq. (1.2). 82,358 parameters for two classes. Unlike
    there, the angles are standardised before Phi, which is then trained in a fraction of the epochs; z must stay as it
    is for the safety.

    Args:
        spec: `features` of shape (constituents, 3): z, deta, dphi; and `mask`.
        outputs: number of classes.
        phi: widths of the layers of Phi, the last being the latent dimension.
        f: widths of the hidden layers of F.
        dropout: in F.

    Raises:
        ConfigError: the features lack one of the three.
    """

    representations: ClassVar[tuple[str, ...]] = ("momentum_fractions",)
    symmetries: ClassVar[frozenset[str]] = frozenset({"permutation", "irc"})
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
        names = item.features
        if not {"z", "deta", "dphi"} <= set(names):
            raise ConfigError(f"efn reads z, deta and dphi, not {', '.join(names)}; use momentum_fractions")
        self.z = names.index("z")
        self.angles = [names.index("deta"), names.index("dphi")]
        self.normalise = Normalise(2, *([given[i] for i in self.angles] for given in (item.shift, item.scale) if given))
        self.phi = dense(2, phi)
        self.f = nn.Sequential(dense(phi[-1], f, dropout), nn.Linear(f[-1], outputs))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        x = inputs["features"]
        latent = masked_sum(self.phi, self.normalise(x[..., self.angles]), inputs["mask"], x[..., self.z])
        logits: Tensor = self.f(latent)
        return logits


VARIANTS = {"efn": EnergyFlowNetwork}
