"""ParT: the Particle Transformer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from kaon.data import InputSpec
from kaon.data.space import Choice, Integer, Real, Space
from kaon.errors import BundleError
from kaon.layers.attention import MASKED, Block, ClassBlock
from kaon.layers.export import exporting
from kaon.layers.groups import by_length, in_order
from kaon.layers.normalise import Normalise
from kaon.layers.pair_bias import PairBias
from kaon.layers.pairs import PAIR_FEATURES, Pairs, geometry, pair_features
from kaon.layers.renaming import Rules, renamed
from kaon.models.base import Net

__all__ = ["ParticleTransformer"]


class ParticleTransformer(Net):
    """Transformer whose attention among particles is biased by what physics knows of each pair.

    Attention(Q, K, V) = softmax(Q K^T / sqrt(d) + U) V, where U_ij is an MLP of (ln kT, ln z, ln Delta, ln m^2) of
    particles i and j, one number a head and the same in all blocks; then two blocks of class attention.

    Qu, Li, Qian, https://arxiv.org/abs/2202.03772. 2,141,134 parameters with seven features and two classes. In
    evaluation the outputs are those of the authors' code (weaver-core 0.5.3) with equal weights. Training differs in
    this: the batch norm of the features counts real particles only, where theirs counts padding, so that a jet's
    loss does not depend on how wide the arrays are; no particles are left out at random (their `trim`); the
    features may be standardised first.

    Jets of similar length are computed together and only real pairs are, so that little of the padding costs time;
    an exported graph is dense.

    Args:
        spec: `features` of shape (constituents, features), `momenta` (constituents, 4) in GeV, and `mask`.
        outputs: number of classes.
        embed: widths of the layers that embed a particle; the last is the width of the network.
        pair_embed: hidden widths of the MLP of the pairs.
        heads: of each attention.
        blocks: of attention among particles.
        class_blocks: of class attention.
        dropout: in the former blocks; the latter have none, as in the paper.
        expansion: hidden width of a block over the width of the network.
    """

    representations: ClassVar[tuple[str, ...]] = ("particles",)
    symmetries: ClassVar[frozenset[str]] = frozenset({"permutation"})
    paper: ClassVar[str] = "https://arxiv.org/abs/2202.03772"
    search: ClassVar[Mapping[str, Space]] = {
        "blocks": Integer(2, 10),
        "class_blocks": Integer(1, 3),
        "expansion": Choice((2, 4)),
        "dropout": Real(0.0, 0.3),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        embed: Sequence[int] = (128, 512, 128),
        pair_embed: Sequence[int] = (64, 64, 64),
        heads: int = 8,
        blocks: int = 8,
        class_blocks: int = 2,
        dropout: float = 0.1,
        expansion: int = 4,
    ) -> None:
        super().__init__(spec, outputs)
        item, width = spec["features"], embed[-1]
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.norm_in = nn.BatchNorm1d(item.width)
        layers: list[nn.Module] = []
        for a, b in zip((item.width, *embed), embed, strict=False):
            linear = nn.Linear(a, b)
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)
            layers += [nn.LayerNorm(a), linear, nn.GELU()]
        self.embed = nn.Sequential(*layers)
        self.pair_bias = PairBias(len(PAIR_FEATURES), pair_embed, heads)
        made = [Block(width, heads, expansion=expansion, dropout=dropout, normformer=True) for _ in range(blocks)]
        self.blocks = nn.ModuleList(made)
        self.class_blocks = nn.ModuleList(
            ClassBlock(width, heads, expansion=expansion, normformer=True) for _ in range(class_blocks)
        )
        with torch.no_grad():  # deep residual networks start close to the identity
            for depth, block in enumerate(made, start=1):
                block.out.weight.div_((2 * depth) ** 0.5)
                block.back.weight.div_((2 * depth) ** 0.5)
        self.class_token = nn.Parameter(nn.init.trunc_normal_(torch.zeros(width), std=0.02))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, outputs)
        nn.init.xavier_uniform_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        mask, momenta = inputs["mask"], inputs["momenta"]
        x = self._standardised(self.normalise(inputs["features"]), mask)
        if exporting():
            table = geometry(momenta)
            bias = self.pair_bias(pair_features(table[:, :, None], table[:, None])).permute(0, 3, 1, 2)
            return self._logits(x, bias.masked_fill(~mask[:, None, None], MASKED), mask)
        groups = by_length(mask)
        pairs = [Pairs.of(group.mask) for group in groups]
        values = self.pair_bias(
            torch.cat([p.features(group.take(momenta)) for p, group in zip(pairs, groups, strict=True)])
        ).split([len(p) for p in pairs])
        made = [
            self._logits(group.take(x), p.as_bias(v), group.mask)
            for group, p, v in zip(groups, pairs, values, strict=True)
        ]
        return in_order(made, groups)

    def _standardised(self, x: Tensor, mask: Tensor) -> Tensor:
        """Batch norm of the features over real particles."""
        norm: Any = self.norm_in
        real = int(mask.sum()) if self.training else 0
        if real < 2:
            scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
            moved: Tensor = x * scale + (norm.bias - norm.running_mean * scale)
            return moved
        made = torch.zeros_like(x)
        made[mask] = norm(x[mask])
        return made

    def _logits(self, x: Tensor, bias: Tensor, mask: Tensor) -> Tensor:
        """From features (events, particles, features) and biases (events, heads, particles, particles)."""
        x = self.embed(x)
        for block in self.blocks:
            x = block(x, bias)
        token = self.class_token.expand(len(x), -1)
        for block in self.class_blocks:
            token = block(token, x, mask)
        logits: Tensor = self.head(self.norm(token))
        return logits

    @staticmethod
    def from_weaver(state: Mapping[str, Tensor]) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """What weaver-core's `ParticleTransformer` (version 1) calls its weights, in the words of this class.

        Args:
            state: name -> tensor of its state, without a prefix of a wrapper.

        Returns:
            The hyper-parameters that the shapes tell (`dropout` is not among them), and the state of this network
            without the normalisation of its inputs.

        Raises:
            BundleError: not the state of such a network.
        """
        found, unknown = renamed(state, _WEAVER)
        made = {
            name: value.flatten() if name == "class_token" else value.squeeze(-1) if value.ndim > 2 else value
            for name, value in found.items()
        }
        if unknown or "pair_bias.layers.0.weight" not in made or "blocks.0.head_scale" not in made:
            raise BundleError(
                f"this is not the state of weaver-core's ParticleTransformer, version 1; unknown: {sorted(unknown)[:6]}"
            )

        def widths(pattern: str) -> list[int]:
            return [len(value) for name, value in made.items() if re.fullmatch(pattern, name)]

        embed = [len(v) for n, v in made.items() if re.fullmatch(r"embed\.\d+\.weight", n) and v.ndim == 2]
        options: dict[str, Any] = {
            "embed": embed,
            "pair_embed": widths(r"pair_bias\.layers\.\d+\.weight")[:-1],
            "heads": len(made["blocks.0.head_scale"]),
            "blocks": len(widths(r"blocks\.\d+\.head_scale")),
            "class_blocks": len(widths(r"class_blocks\.\d+\.head_scale")),
            "expansion": len(made["blocks.0.hidden.bias"]) // embed[-1],
        }
        return options, made


_BLOCK = r"(?P<kind>cls_blocks|blocks)\.(?P<number>\d+)\."


def _in_block(own: str) -> Any:
    def name(match: re.Match[str]) -> str:
        kind = {"blocks": "blocks", "cls_blocks": "class_blocks"}[match["kind"]]
        return f"{kind}.{match['number']}.{own}{match.groupdict().get('leaf') or ''}"

    return name


_LEAF = r"(?P<leaf>\.(weight|bias))"

_WEAVER: Rules = (
    (r"embed\.input_bn\.(\w+)", r"norm_in.\1"),
    (r"embed\.embed\.(\d+\.\w+)", r"embed.\1"),
    (r"pair_embed\.embed\.0\.(\w+)", r"pair_bias.norms.0.\1"),
    # Then follow convolution, norm and activation in turns.
    (r"pair_embed\.embed\.(\d+)\.(weight|bias|running_\w+|num_\w+)", lambda m: _pair(int(m[1]), m[2])),
    *(
        (_BLOCK + re.escape(theirs) + _LEAF, _in_block(own))
        for theirs, own in {
            "pre_attn_norm": "pre_attention",
            "attn.out_proj": "out",
            "attn.in_proj": "qkv",
            "post_attn_norm": "post_attention",
            "pre_fc_norm": "pre_hidden",
            "fc1": "hidden",
            "post_fc_norm": "post_hidden",
            "fc2": "back",
        }.items()
    ),
    # Checkpoints from before weaver had an attention of its own hold PyTorch's.
    (_BLOCK + r"attn\.in_proj_(?P<last>weight|bias)", lambda m: _in_block(f"qkv.{m['last']}")(m)),
    (_BLOCK + r"c_attn", _in_block("head_scale")),
    (_BLOCK + r"w_resid", _in_block("residual_scale")),
    (r"cls_token", "class_token"),
    (r"norm\.(\w+)", r"norm.\1"),
    (r"fc\.0\.(\w+)", r"head.\1"),
)
"""Weaver's names as patterns -> ours."""


def _pair(number: int, leaf: str) -> str:
    depth, kind = divmod(number - 1, 3)
    return f"pair_bias.layers.{depth}.{leaf}" if kind == 0 else f"pair_bias.norms.{depth + 1}.{leaf}"


VARIANTS = {"part": ParticleTransformer}
