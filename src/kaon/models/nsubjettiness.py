"""The dense network on the N-subjettiness basis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.errors import ConfigError
from kaon.layers.normalise import Normalise
from kaon.models.base import Net

__all__ = ["NSubjettiness6", "NSubjettiness8", "NSubjettinessNetwork"]


class NSubjettinessNetwork(Net):
    """Four hidden ReLU layers on the observables that span M-body phase space, with the jet's mass and pT.

    Datta, Larkoski, https://arxiv.org/abs/1704.08249, and Moore, Nordstrom, Varma, Fairbairn,
    https://arxiv.org/abs/1807.04769; sizes of https://arxiv.org/abs/1902.09914. With mass and pT for two classes it has
    200 (3 M - 4) + 53,502 parameters: 56,302 for M = 6 (published: about 57k), 57,502 for M = 8 (57.5k). Unlike there,
    the inputs are standardised.

    Args:
        spec: one input `features` of shape (observables,), for any M (the option `bodies` of its representation).
        outputs: number of classes.
        hidden: width of each hidden layer.
        dropout: after each hidden layer.

    Raises:
        ConfigError: not as many rates as layers.
    """

    representations: ClassVar[tuple[str, ...]] = ("nsubjettiness_6", "nsubjettiness_8")
    paper: ClassVar[str] = "https://arxiv.org/abs/1704.08249"

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        hidden: Sequence[int] = (200, 200, 50, 50),
        dropout: Sequence[float] = (0.2, 0.2, 0.1, 0.1),
    ) -> None:
        super().__init__(spec, outputs)
        if len(hidden) != len(dropout):
            raise ConfigError(f"hidden={tuple(hidden)} and dropout={tuple(dropout)}: give one rate for each layer")
        item = spec["features"]
        self.normalise = Normalise(item.width, item.shift, item.scale)
        widths = [item.width, *hidden]
        blocks: list[nn.Module] = []
        for before, width, rate in zip(widths[:-1], hidden, dropout, strict=True):
            blocks += [nn.Linear(before, width), nn.ReLU(), nn.Dropout(rate)]
        self.body = nn.Sequential(*blocks, nn.Linear(widths[-1], outputs))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        logits: Tensor = self.body(self.normalise(inputs["features"]))
        return logits


class NSubjettiness6(NSubjettinessNetwork):  # noqa: D101 it is the docstring of the base class
    __doc__ = NSubjettinessNetwork.__doc__
    representations: ClassVar[tuple[str, ...]] = ("nsubjettiness_6",)


class NSubjettiness8(NSubjettinessNetwork):  # noqa: D101 it is the docstring of the base class
    __doc__ = NSubjettinessNetwork.__doc__
    representations: ClassVar[tuple[str, ...]] = ("nsubjettiness_8",)


VARIANTS = {"nsubjettiness_6": NSubjettiness6, "nsubjettiness_8": NSubjettiness8}
