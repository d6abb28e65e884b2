"""L-GATr-slim: a transformer of scalars and vectors, equivariant under the Lorentz group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import InputSpec
from kaon.data.space import Choice, Integer, Real, Space
from kaon.errors import ConfigError
from kaon.layers.export import exporting
from kaon.layers.groups import by_length, in_order
from kaon.layers.minkowski import boost, jet_frame, wide
from kaon.layers.normalise import Normalise
from kaon.models.base import Net

__all__ = ["LGATrSlim"]

REFERENCES: dict[str, tuple[tuple[float, ...], ...]] = {
    "none": (),
    "time": ((1.0, 0.0, 0.0, 0.0),),
    "beam": ((1.0, 0.0, 0.0, 1.0), (1.0, 0.0, 0.0, -1.0)),
    "beam+time": ((1.0, 0.0, 0.0, 1.0), (1.0, 0.0, 0.0, -1.0), (1.0, 0.0, 0.0, 0.0)),
}
"""Vectors that are given to the network beside the jet, and break its symmetry to what leaves them as they are."""


class LGATrSlim(Net):
    """Attention by Minkowski products, vectors gated by products of vectors, scalars gated by scalars.

    Petitjean, Plehn, Spinner, Koethe, https://arxiv.org/abs/2512.17011, from the geometric-algebra transformer of
    https://arxiv.org/abs/2411.00446. A token is a constituent, a reference vector, or the class token that the logits
    are read from; it carries vectors V (hidden_v) and scalars S (hidden_s). With n(V, S) the division by
    sqrt(mean(|<V, V>|, S^2) + 0.01), each block adds attention and a gated layer:

        softmax((<Q_V, K_V> + Q_S . K_S) / sqrt(d)) (V_V, V_S),
        W_V (gelu(<V_1, V_2>) V_0),  W_S (gelu(S_1) S_0).

    Chosen among the newest because it holds the record of networks trained from scratch on the reference sample, and
    because its cost is that of dense layers on constituents, not on pairs as in PELICAN. The sizes are those of the
    paper's public configuration for top tagging: 12 blocks, 32 vectors, 96 scalars, 8 heads, four-fold width in the
    gated layer; 2,014,242 parameters for two classes.

    Unlike there: the reference vectors, which the paper adds, are an option here, and the default is symmetric; the
    seven features of a constituent that the paper adds as scalars are read where the representation has them
    (`particles`). Vectors of the last gated layer, which nothing reads, are left out, and the last block is computed
    for the class token only. Momenta are boosted to the jet's rest frame, with the references, which changes nothing
    but the rounding. Vectors stay in float32 under autocast, since products of rounded ones lose the masses.

    Args:
        spec: `momenta` of shape (constituents, 4), (E, px, py, pz) in GeV, and `mask`; where there are `features`,
            they are read as scalars, and only rotations and boosts that they do not feel are left as symmetries.
        outputs: number of classes.
        hidden_v: vectors of a token.
        hidden_s: scalars of a token.
        num_blocks: blocks.
        num_heads: heads of the attention; they divide both widths.
        mlp_ratio: width of the gated layers, in those of a token.
        dropout: of what attention and gated layer add; a vector is kept or dropped as a whole.
        reference: "none", "time", "beam" (two light-like vectors), or "beam+time", as the paper.
        scale: GeV in the network's unit of momentum; references are not scaled.

    Raises:
        ConfigError: no such reference, or a number of heads that does not divide the widths.
    """

    representations: ClassVar[tuple[str, ...]] = ("four_momenta", "particles")
    symmetries: ClassVar[frozenset[str]] = frozenset({"permutation", "lorentz"})
    paper: ClassVar[str] = "https://arxiv.org/abs/2512.17011"
    search: ClassVar[Mapping[str, Space]] = {
        "num_blocks": Integer(4, 14),
        "mlp_ratio": Choice((2, 4)),
        "dropout": Real(0.0, 0.3),
    }

    reference: Tensor

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        hidden_v: int = 32,
        hidden_s: int = 96,
        num_blocks: int = 12,
        num_heads: int = 8,
        mlp_ratio: int = 4,
        dropout: float = 0.0,
        reference: str = "none",
        scale: float = 20.0,
    ) -> None:
        super().__init__(spec, outputs)
        if reference not in REFERENCES:
            raise ConfigError(f"reference={reference!r} of lgatr_slim; it is one of: {', '.join(REFERENCES)}")
        if hidden_v % num_heads or hidden_s % num_heads:
            raise ConfigError(
                f"num_heads={num_heads} of lgatr_slim does not divide both hidden_v={hidden_v} and hidden_s={hidden_s}"
            )
        self.scale = scale
        self.register_buffer("reference", torch.tensor(REFERENCES[reference]).reshape(-1, 4), persistent=False)
        self.normalise: Normalise | None = None
        width = 0
        if "features" in spec:
            item = spec["features"]
            width = item.width
            self.normalise = Normalise(width, item.shift, item.scale)
        self.embed_v = nn.Linear(1, hidden_v, bias=False)
        self.embed_s = nn.Linear(1 + width, hidden_s)
        self.blocks = nn.ModuleList(
            Block(hidden_v, hidden_s, num_heads, mlp_ratio, dropout, last=i == num_blocks - 1)
            for i in range(num_blocks)
        )
        self.head = nn.Linear(hidden_s, outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        momenta, mask = inputs["momenta"], inputs["mask"]
        features = momenta if self.normalise is None else self.normalise(inputs["features"])
        if exporting():
            return self.logits(momenta, mask, features)
        groups = by_length(mask)
        return in_order([self.logits(g.take(momenta), g.mask, g.take(features)) for g in groups], groups)

    def logits(self, momenta: Tensor, mask: Tensor, features: Tensor) -> Tensor:
        """Logits of jets of similar length, (batch, outputs)."""
        batch, others = len(momenta), 1 + len(self.reference)
        frame = jet_frame(momenta, mask)
        p = torch.cat([wide(momenta) / self.scale, wide(self.reference).expand(batch, -1, 4)], 1)
        p = F.pad(boost(p, frame).to(momenta.dtype), (0, 0, 1, 0))  # the class token comes first, without a momentum
        ones = torch.ones_like(mask[:, :1])
        mask = torch.cat([ones, mask, ones.expand(-1, others - 1)], 1)
        is_class = torch.zeros_like(mask).index_fill(1, torch.zeros(1, dtype=torch.long, device=mask.device), True)
        s = is_class[..., None].to(p.dtype)
        if self.normalise is not None:
            s = torch.cat([s, F.pad(features, (0, 0, 1, others - 1))], 2)
        with torch.autocast(p.device.type, enabled=False):
            v = self.embed_v((p * mask[..., None].to(p.dtype))[..., None])  # (batch, tokens, 4, hidden_v)
        s = self.embed_s(s).to(p.dtype)
        bias = torch.zeros_like(mask, dtype=p.dtype).masked_fill(~mask, -torch.inf)[:, None, None]
        for block in self.blocks:
            v, s = block(v, s, bias)
        logits: Tensor = self.head(s[:, 0])
        return logits


class Block(nn.Module):
    """Attention and gated layer; the last one gives the class token only."""

    def __init__(self, v: int, s: int, heads: int, ratio: int, dropout: float, *, last: bool) -> None:
        super().__init__()
        self.heads, self.widths, self.last = heads, (v // heads, s // heads), last
        self.qkv_v, self.qkv_s = nn.Linear(v, 3 * v, bias=False), nn.Linear(s, 3 * s)
        self.out_v, self.out_s = nn.Linear(v, v, bias=False), nn.Linear(s, s)
        for layer, factor in ((self.qkv_v, 0.1), (self.qkv_s, 0.1), (self.out_v, 0.1), (self.out_s, 0.1)):
            bound = factor / layer.in_features**0.5
            nn.init.uniform_(layer.weight, -bound, bound)
        self.gated_v: nn.ModuleList | None = None
        if not last:
            self.gated_v = nn.ModuleList([nn.Linear(v, 3 * ratio * v, bias=False), nn.Linear(ratio * v, v, bias=False)])
        self.gated_s = nn.ModuleList([nn.Linear(s, 2 * ratio * s), nn.Linear(ratio * s, s)])
        self.drop_v, self.drop_s = nn.Dropout1d(dropout), nn.Dropout(dropout)

    def forward(self, v: Tensor, s: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (batch, tokens, 4, v), scalars (batch, tokens, s), attention bias (batch, 1, 1, tokens)."""
        dv, ds = self.attend(*_rms(v, s), bias)
        if self.last:
            v, s = v[:, :1], s[:, :1]
        v, s = v + self.drop(dv), s + self.drop_s(ds)
        nv, ns = _rms(v, s)
        kept, gate = self.gated_s[0](ns).chunk(2, -1)
        s = s + self.drop_s(self.gated_s[1](kept * F.gelu(gate))).to(s.dtype)
        if self.gated_v is not None:
            with torch.autocast(v.device.type, enabled=False):
                vectors, one, two = self.gated_v[0](nv).chunk(3, -1)
                vectors = vectors * F.gelu(_product(one, two))[..., None, :]
                v = v + self.drop(self.gated_v[1](vectors))
        return v, s

    def attend(self, v: Tensor, s: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """What attention adds."""
        with torch.autocast(v.device.type, enabled=False):
            qkv_v = self.qkv_v(v)
        # (batch, tokens, 3, heads, 4, v / heads) and (batch, tokens, 3, heads, s / heads)
        qkv_v = qkv_v.reshape(*v.shape[:3], 3, self.heads, self.widths[0]).permute(0, 1, 3, 4, 2, 5)
        qkv_s = self.qkv_s(s).to(v.dtype).reshape(*s.shape[:2], 3, self.heads, self.widths[1])
        with torch.autocast(v.device.type, enabled=False):
            joined = torch.cat([t.flatten(4) for t in _rms(qkv_v, qkv_s)], -1)
            q, k, value = joined.permute(2, 0, 3, 1, 4)
            if self.last:
                q = q[:, :, :1]
            width = self.widths[0]
            sign = torch.ones(q.shape[-1], dtype=q.dtype, device=q.device)
            sign[width : 4 * width] = -1
            out = F.scaled_dot_product_attention(q * sign, k, value, attn_mask=bias).transpose(1, 2)
            vectors = out[..., : 4 * width].reshape(*out.shape[:3], 4, width).transpose(2, 3).flatten(3)
            dv = self.out_v(vectors)
        return dv, self.out_s(out[..., 4 * width :].flatten(2)).to(s.dtype)

    def drop(self, v: Tensor) -> Tensor:
        """Drop whole vectors."""
        if not self.training or not self.drop_v.p:
            return v
        dropped: Tensor = self.drop_v(v.transpose(-1, -2).flatten(0, -3)).view(v.transpose(-1, -2).shape)
        return dropped.transpose(-1, -2)


def _product(a: Tensor, b: Tensor) -> Tensor:
    """Minkowski product of vectors laid out as (..., 4, channels)."""
    product = a * b
    return 2 * product[..., 0, :] - product.sum(-2)


def _rms(v: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
    """Both divided by the root of their mean square; |<V, V>| for vectors (..., 4, channels)."""
    with torch.autocast(v.device.type, enabled=False):
        total = _product(v, v).abs().sum(-1) + s.square().sum(-1)
        norm = (total / (v.shape[-1] + s.shape[-1]) + 0.01).rsqrt()[..., None]
        return v * norm[..., None], s * norm


VARIANTS = {"lgatr_slim": LGATrSlim}
