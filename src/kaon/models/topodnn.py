"""TopoDNN: a small dense network on aligned constituents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.data.space import Choice, Space
from kaon.layers.dense import dense, two_logits
from kaon.layers.normalise import Normalise
from kaon.models.base import Net

__all__ = ["TopoDNN"]


class TopoDNN(Net):
    """Four hidden ReLU layers and one sigmoid unit on (pT, eta, phi) of the 30 hardest constituents.

    Pearkes, Fedorko, Lister, Gay, https://arxiv.org/abs/1704.02124; sizes of https://arxiv.org/abs/1902.09914.
    59,323 parameters for two classes.

    Args:
        spec: one input `features` of shape (3 x constituents,).
        outputs: number of classes; for two, the single sigmoid unit of the paper.
        hidden: width of each hidden layer.
    """

    representations: ClassVar[tuple[str, ...]] = ("four_vectors",)
    paper: ClassVar[str] = "https://arxiv.org/abs/1704.02124"
    search: ClassVar[Mapping[str, Space]] = {
        "hidden": Choice(((300, 102, 12, 6), (300, 150, 50, 10), (500, 250, 100, 50))),
    }

    def __init__(self, spec: InputSpec, outputs: int, *, hidden: Sequence[int] = (300, 102, 12, 6)) -> None:
        super().__init__(spec, outputs)
        item = spec["features"]
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.body = dense(item.width, hidden)
        self.head = nn.Linear(hidden[-1], 1 if outputs == 2 else outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        logits: Tensor = self.head(self.body(self.normalise(inputs["features"])))
        return two_logits(logits) if self.outputs == 2 else logits


VARIANTS = {"topodnn": TopoDNN}
