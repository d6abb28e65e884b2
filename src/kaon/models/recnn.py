"""RecNN: a recursive network on the clustering tree of a jet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import InputSpec
from kaon.data.space import Integer, Space
from kaon.layers.dense import dense, two_logits
from kaon.layers.normalise import Normalise
from kaon.layers.trees import climb
from kaon.models.base import Net

__all__ = ["RecNN"]


class RecNN(Net):
    """The state of a node is made of the states of its two children and of its own features; the jet is the root's.

        u_k = ReLU(W_u x_k + b_u),   h_k = u_k for a leaf, ReLU(W_h [h_left, h_right, u_k] + b_h) for an inner node

    Louppe, Cho, Becot, Cranmer, https://arxiv.org/abs/1702.00748, eqs. (3) to (5), with the features, the order of the
    children (the harder one is left) and the sizes of https://arxiv.org/abs/1902.09914. 13,101 parameters for two
    classes. Eta and phi are measured from the jet's axis (the paper moves and turns its jets instead; `trees` leaves
    them, and then needs many more jets to learn from). The product W_h [...] is taken apart, so that the share of u_k
    is computed for all nodes at once.

    Args:
        spec: `features` (nodes, features), `children` (nodes, 2), `depth` (nodes,) and `mask` (nodes,).
        outputs: number of classes; for two, the single sigmoid unit of the paper.
        h: channels of a state.
    """

    representations: ClassVar[tuple[str, ...]] = ("trees_centred", "trees")
    paper: ClassVar[str] = "https://arxiv.org/abs/1702.00748"
    search: ClassVar[Mapping[str, Space]] = {
        "h": Integer(20, 120, log=True),
    }

    def __init__(self, spec: InputSpec, outputs: int, *, h: int = 50) -> None:
        super().__init__(spec, outputs)
        item = spec["features"]
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.embed = nn.Linear(item.width, h)
        self.combine = nn.Linear(3 * h, h)
        self.head = nn.Sequential(dense(h, (h, h)), nn.Linear(h, 1 if outputs == 2 else outputs))
        self.h = h

    def leaf(self, x: Tensor, level: int, second: Tensor) -> Tensor:
        """See `kaon.layers.trees.Cell`."""
        return torch.relu(self.embed(x))

    def own(self, x: Tensor) -> Tensor:
        """The node's own share of W_h [...] + b_h."""
        return F.linear(torch.relu(self.embed(x)), self.combine.weight[:, 2 * self.h :], self.combine.bias)

    def join(self, children: Tensor, own: Tensor, level: int, second: Tensor) -> Tensor:
        """See `kaon.layers.trees.Cell`."""
        return torch.relu(F.linear(children, self.combine.weight[:, : 2 * self.h]) + own)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        x = self.normalise(inputs["features"])
        logits: Tensor = self.head(climb(self, x, inputs, self.h))
        return two_logits(logits) if self.outputs == 2 else logits


VARIANTS = {"recnn": RecNN}
