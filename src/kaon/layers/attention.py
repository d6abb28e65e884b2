"""Attention among the constituents of each event, and the transformer block that is made of it."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.errors import ConfigError
from kaon.layers.dropout import Dropout
from kaon.layers.export import exporting

__all__ = ["MASKED", "Block", "ClassBlock"]

MASKED: Final = -1e9
"""Added to the score of padding. Finite, so that even an event of nothing but padding has a defined attention."""


class _Parts(nn.Module):
    """The layers that both kinds of block have, with the names and initial weights of the paper's code."""

    def __init__(self, width: int, heads: int, expansion: int, dropout: float, normformer: bool) -> None:
        if width % heads:
            raise ConfigError(f"width={width} is no multiple of heads={heads}")
        super().__init__()
        self.heads = heads
        hidden = expansion * width
        self.pre_attention = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.pre_hidden = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, hidden)
        self.back = nn.Linear(hidden, width)
        self.dropout = Dropout(dropout)
        self.post_attention = nn.LayerNorm(width) if normformer else nn.Identity()
        self.post_hidden = nn.LayerNorm(hidden) if normformer else nn.Identity()
        self.head_scale = nn.Parameter(torch.ones(heads)) if normformer else None
        self.residual_scale = nn.Parameter(torch.ones(width)) if normformer else None
        for linear in (self.qkv, self.out, self.hidden, self.back):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)
        with torch.no_grad():  # query, key and value are three layers in one
            self.qkv.weight.mul_(2**0.5)

    def _project(self, x: Tensor) -> Tensor:
        """The heads' values as one vector, each head scaled."""
        if self.head_scale is None:
            return F.linear(x, self.out.weight, self.out.bias)
        # The scales go into the small weight matrix instead of every constituent.
        scale = self.head_scale.repeat_interleave(x.shape[-1] // self.heads)
        return F.linear(x, self.out.weight * scale[:, None], self.out.bias * scale)

    def _finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """Add what attention found, then the feed-forward part."""
        x = x + self.dropout(self.post_attention(self._project(attended)))
        h = self.dropout(F.gelu(self.hidden(self.pre_hidden(x))))
        h = self.dropout(self.back(self.post_hidden(h)))
        return x + h if self.residual_scale is None else torch.addcmul(h, x, self.residual_scale)


class Block(_Parts):
    """Pre-norm transformer block: x + Attention(LN x), then x + MLP(LN x), with GELU.

    With `normformer`, layer norms follow the attention and the hidden layer, and heads and residuals have learned
    scales: Shleifer, Weston, Ott, https://arxiv.org/abs/2110.09456.

    Args:
        width: of a constituent's vector.
        heads: of the attention.
        expansion: hidden width of the MLP over `width`.
        dropout: of attention weights, hidden layer, and both results.
        normformer: see above.

    Raises:
        ConfigError: heads do not divide the width, or dropout is no probability.
    """

    def __init__(
        self, width: int, heads: int, *, expansion: int = 4, dropout: float = 0.0, normformer: bool = False
    ) -> None:
        super().__init__(width, heads, expansion, dropout, normformer)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Each constituent looks at all real ones.

        Args:
            x: (events, constituents, width).
            bias: added to the scores, (events, heads or 1, constituents, constituents) with `MASKED` for padded keys.

        Returns:
            (events, constituents, width).
        """
        events, length, width = x.shape
        qkv = self.qkv(self.pre_attention(x)).view(events, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        dense = exporting() or x.is_cuda
        if dense:
            rate = self.dropout.p if self.training else 0.0
            found = F.scaled_dot_product_attention(q, k, v, bias.to(q.dtype), rate)
        else:
            found = self._attend(q, k, v, bias)
        return self._finish(x, found.transpose(1, 2).reshape(events, length, width))

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
        # Written out, this is quicker on a CPU than PyTorch's fused kernel for heads as narrow as ours, which moreover
        # has no gradient for the bias.
        shape = q.shape
        q, k, v = (t.reshape(-1, *shape[-2:]) for t in (q, k, v))
        bias = bias.expand(*shape[:2], -1, -1).reshape(-1, shape[-2], shape[-2])
        scores = torch.baddbmm(bias, q, k.transpose(1, 2), alpha=shape[-1] ** -0.5)
        return torch.bmm(self.dropout(scores.softmax(-1)), v).view(shape)


class ClassBlock(_Parts):
    """Class attention: one vector an event looks at itself and at all constituents.

    Touvron et al., https://arxiv.org/abs/2103.17239. As there is one query an event only, its key and value matrices
    are applied to the query and to the averages: q.(K u) = (K^T q).u and sum a (V u) = V (sum a u). That is the same
    function at a sixteenth of the multiplications.

    Args:
        width, heads, expansion, dropout, normformer: as for `Block`.

    Raises:
        ConfigError: as for `Block`.
    """

    def __init__(
        self, width: int, heads: int, *, expansion: int = 4, dropout: float = 0.0, normformer: bool = False
    ) -> None:
        super().__init__(width, heads, expansion, dropout, normformer)

    def forward(self, token: Tensor, x: Tensor, mask: Tensor) -> Tensor:
        """The token, having seen the constituents.

        Args:
            token: (events, width).
            x: (events, constituents, width).
            mask: (events, constituents) bool, True for real constituents.

        Returns:
            (events, width).
        """
        width, size = token.shape[-1], token.shape[-1] // self.heads
        seen = self.pre_attention(torch.cat([token[:, None], x], dim=1))
        weight, bias = self.qkv.weight.view(3, self.heads, size, width), self.qkv.bias.view(3, self.heads, size)
        # As in the paper's code, the query is not normalised. The bias of the keys drops out of the softmax.
        query = torch.einsum("bd,hed->bhe", token, weight[0]) + bias[0]
        query = torch.einsum("bhe,hed->bhd", query, weight[1])
        scores = torch.matmul(query, seen.transpose(1, 2)) * size**-0.5
        hidden = F.pad(~mask, (1, 0))[:, None]
        share = self.dropout(scores.masked_fill(hidden, MASKED).softmax(-1))
        value = torch.einsum("bhd,hed->bhe", torch.matmul(share, seen), weight[2]) + bias[2]
        return self._finish(token, value.flatten(1))
