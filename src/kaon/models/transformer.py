"""A plain transformer encoder over constituents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.data.space import Choice, Integer, Real, Space
from kaon.layers.attention import MASKED, Block
from kaon.layers.export import exporting
from kaon.layers.groups import by_length, in_order
from kaon.layers.normalise import Normalise
from kaon.models.base import Net

__all__ = ["Transformer"]


class Transformer(Net):
    """Pre-norm transformer blocks over the constituents, then the mean of the real ones and a linear layer.

    softmax(Q K^T / sqrt(d)) V knows nothing of physics: what it lacks beside the `part` is what the pair features are
    worth. Vaswani et al., https://arxiv.org/abs/1706.03762, with the layer norms first (Xiong et al.,
    https://arxiv.org/abs/2002.04745), GELU, and no positional encoding, as constituents have no order; width, heads,
    expansion and dropout are those of the Particle Transformer, https://arxiv.org/abs/2202.03772. 794,626 parameters
    with seven features and two classes.

    Args:
        spec: `features` of shape (constituents, features) and `mask`.
        outputs: number of classes.
        width: of a constituent's vector.
        blocks: how many.
        heads: of each attention.
        expansion: hidden width of a block over `width`.
        dropout: of attention weights, hidden layers and results of each block.
    """

    representations: ClassVar[tuple[str, ...]] = ("point_cloud", "momentum_fractions")
    symmetries: ClassVar[frozenset[str]] = frozenset({"permutation"})
    paper: ClassVar[str] = "https://arxiv.org/abs/1706.03762"
    search: ClassVar[Mapping[str, Space]] = {
        "width": Choice((64, 128, 256)),
        "blocks": Integer(2, 8),
        "heads": Choice((4, 8)),
        "dropout": Real(0.0, 0.3),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        width: int = 128,
        blocks: int = 4,
        heads: int = 8,
        expansion: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(spec, outputs)
        item = spec["features"]
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.embed = nn.Linear(item.width, width)
        self.blocks = nn.ModuleList(Block(width, heads, expansion=expansion, dropout=dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        x, mask = self.normalise(inputs["features"]), inputs["mask"]
        if exporting():
            return self._logits(x, mask)
        groups = by_length(mask)
        return in_order([self._logits(group.take(x), group.mask) for group in groups], groups)

    def _logits(self, x: Tensor, mask: Tensor) -> Tensor:
        """(events, constituents, features) and (events, constituents) -> (events, outputs)."""
        x = self.embed(x)
        bias = torch.zeros_like(x[..., 0]).masked_fill(~mask, MASKED)[:, None, None]
        bias = bias.expand(-1, -1, mask.shape[1], -1)
        for block in self.blocks:
            x = block(x, bias)
        x = self.norm(x).float() if x.dtype is torch.bfloat16 else self.norm(x)
        count = mask.sum(1, keepdim=True).clamp(min=1)
        mean = x.masked_fill(~mask[..., None], 0).sum(1) / count
        logits: Tensor = self.head(mean)
        return logits


VARIANTS = {"transformer": Transformer}
