"""TreeNiN: a recursive network with a small network inside each node."""

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

__all__ = ["TreeNiN"]


class TreeNiN(Net):
    """RecNN, where each state passes two dense layers before the parent reads it, with weights by the node's role.

        u_k = ReLU(W_u x_k + b_u),   W_u of leaves or of inner nodes
        h_k = u_k for a leaf, ReLU(W_h [h_left, h_right, u_k] + b_h) for an inner node
        h_k <- ReLU(V_2 ReLU(V_1 h_k + c_1) + c_2),   V of leaves, inner nodes, the root's left or right child, roots

    Macaluso, Cranmer, https://github.com/diana-hep/TreeNiN, https://doi.org/10.5281/zenodo.2582216, in
    https://arxiv.org/abs/1902.09914; no paper of its own. 33,901 parameters for two classes: 2 x 400 (embeddings) +
    7,550 (W_h) + 5 x 5,100 + 51. There, the two layers of the root count as the first two of the classifier,
    and eta and phi are those of the detector (`trees`), which takes many more jets to learn from than `trees_centred`.

    Args:
        spec: `features` (nodes, features), `children` (nodes, 2), `depth` (nodes,) and `mask` (nodes,).
        outputs: number of classes; for two, the single sigmoid unit of the original.
        h: channels of a state.
    """

    representations: ClassVar[tuple[str, ...]] = ("trees_centred", "trees")
    paper: ClassVar[str] = "https://arxiv.org/abs/1902.09914"
    search: ClassVar[Mapping[str, Space]] = {
        "h": Integer(20, 120, log=True),
    }

    def __init__(self, spec: InputSpec, outputs: int, *, h: int = 50) -> None:
        super().__init__(spec, outputs)
        item = spec["features"]
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.embed = nn.ModuleDict({kind: nn.Linear(item.width, h) for kind in ("leaf", "inner")})
        self.combine = nn.Linear(3 * h, h)
        self.within = nn.ModuleDict({role: dense(h, (h, h)) for role in ("leaf", "inner", "first", "second", "root")})
        self.head = nn.Linear(h, 1 if outputs == 2 else outputs)
        self.h = h

    def leaf(self, x: Tensor, level: int, second: Tensor) -> Tensor:
        """See `kaon.layers.trees.Cell`."""
        return self._within(torch.relu(self.embed["leaf"](x)), "leaf", level, second)

    def own(self, x: Tensor) -> Tensor:
        """The node's own share of W_h [...] + b_h."""
        return F.linear(torch.relu(self.embed["inner"](x)), self.combine.weight[:, 2 * self.h :], self.combine.bias)

    def join(self, children: Tensor, own: Tensor, level: int, second: Tensor) -> Tensor:
        """See `kaon.layers.trees.Cell`."""
        made = torch.relu(F.linear(children, self.combine.weight[:, : 2 * self.h]) + own)
        return self._within(made, "inner", level, second)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        x = self.normalise(inputs["features"])
        logits: Tensor = self.head(climb(self, x, inputs, self.h))
        return two_logits(logits) if self.outputs == 2 else logits

    def _within(self, state: Tensor, kind: str, level: int, second: Tensor) -> Tensor:
        """The two layers of a node of this kind at this level."""
        if level == 1:
            return torch.where(second, self.within["second"](state), self.within["first"](state))
        made: Tensor = self.within["root" if level == 0 else kind](state)
        return made


VARIANTS = {"treenin": TreeNiN}
