"""GoaT: a network over the scores of other taggers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.data.space import Choice, Real, Space
from kaon.layers.dense import dense
from kaon.layers.normalise import Normalise
from kaon.models.base import Net

__all__ = ["GoaT"]


class GoaT(Net):
    """Greatest of all taggers: a dense network over what other taggers say of a jet, with a linear way around it.

    logits = A x + W_n ReLU(... ReLU(W_1 x + b_1) ...) + b_n, with x the logits of the other taggers, standardised.

    Butter et al., https://arxiv.org/abs/1902.09914, section 4. The paper gives its size, 25k parameters in the first
    version and 35k later, and no layers. These are ours: 25,026 + 130 F parameters for F taggers, 27,886 for 22. So is
    the linear term, as stacking began (Wolpert, Neural Networks 5 (1992) 241): it needs few jets, and the network adds
    what is not linear. For two classes it starts as the mean of all taggers, each standardised.

    Train it on jets that no tagger below has seen: `kaon.learn.stacking` does.

    Args:
        spec: one input `features` of shape (features,): the logits, columns that were added to the events.
        outputs: number of classes.
        hidden: width of each hidden layer.
        dropout: probability that a hidden unit is left out in training.
    """

    representations: ClassVar[tuple[str, ...]] = ("tabular",)
    paper: ClassVar[str] = "https://arxiv.org/abs/1902.09914"
    search: ClassVar[Mapping[str, Space]] = {
        "hidden": Choice(((64, 64), (128, 128, 64), (256, 256, 128))),
        "dropout": Real(0.0, 0.5),
    }

    def __init__(
        self, spec: InputSpec, outputs: int, *, hidden: Sequence[int] = (128, 128, 64), dropout: float = 0.2
    ) -> None:
        super().__init__(spec, outputs)
        item = spec["features"]
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.direct = nn.Linear(item.width, outputs, bias=False)
        if outputs == 2:
            nn.init.constant_(self.direct.weight[0], -1 / item.width)
            nn.init.constant_(self.direct.weight[1], +1 / item.width)
        self.body = dense(item.width, hidden, dropout)
        self.head = nn.Linear(hidden[-1] if hidden else item.width, outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        x = self.normalise(inputs["features"])
        logits: Tensor = self.direct(x) + self.head(self.body(x))
        return logits


VARIANTS = {"goat": GoaT}
