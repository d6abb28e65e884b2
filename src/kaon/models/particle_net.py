"""ParticleNet: graph convolutions on the nearest neighbours of every constituent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import InputSpec
from kaon.data.space import Choice, Integer, Real, Space
from kaon.errors import BundleError, ConfigError
from kaon.layers.edge_conv import EdgeConv, batch_norm
from kaon.layers.export import exporting
from kaon.layers.neighbours import graph, nearest
from kaon.layers.normalise import Normalise
from kaon.layers.packed import pack
from kaon.layers.pieces import in_alike_pieces
from kaon.layers.renaming import Rules, renamed
from kaon.models.base import Net

__all__ = ["ParticleNet"]

_JETS = 128
"""Jets at a time in evaluation: bounds the memory, whatever the batch."""


class ParticleNet(Net):
    """Dynamic graph network: EdgeConv on the k nearest constituents, in the plane first, then in learned features.

    Qu, Gouskos, https://arxiv.org/abs/1902.08570, figure 2. 366,160 parameters for two classes and seven features of
    `point_cloud` (365,578 for four); `particle_net_lite` 26,416. As in weaver-core, the authors' own code
    (https://github.com/hqucms/weaver-core): the features pass a batch normalisation first.

    Unlike there: statistics of batch normalisation are over real constituents and real edges, where weaver counts
    padding; and a jet of n <= k constituents has n - 1 neighbours for each, over which the mean is taken, where weaver
    makes up the missing ones by points whose features are zero (and fails where the whole batch is padded to k or
    less). `missing="zero"` does as weaver does, and the outputs of equal weights are then equal.

    Args:
        spec: `points` (constituents, 2), `features` (constituents, features) and `mask`.
        outputs: number of classes.
        widths: of the layers of each EdgeConv.
        neighbours: k.
        fc: widths of the fully connected layers.
        dropout: in these.
        input_norm: batch normalisation of the features.
        fusion: join the outputs of all EdgeConvs by a layer of so many channels; 0 for none, the last one's is used.
        missing: what stands for neighbours that a small jet lacks: nothing (`skip`) or a point of features 0 (`zero`).

    Raises:
        ConfigError: sizes that make no sense.
    """

    representations: ClassVar[tuple[str, ...]] = ("point_cloud",)
    symmetries: ClassVar[frozenset[str]] = frozenset({"permutation"})
    paper: ClassVar[str] = "https://arxiv.org/abs/1902.08570"
    search: ClassVar[Mapping[str, Space]] = {
        "neighbours": Integer(4, 20),
        "fc": Choice(((64,), (128,), (256,), (256, 128))),
        "dropout": Real(0.0, 0.4),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        widths: Sequence[Sequence[int]] = ((64, 64, 64), (128, 128, 128), (256, 256, 256)),
        neighbours: int = 16,
        fc: Sequence[int] = (256,),
        dropout: float = 0.1,
        input_norm: bool = True,
        fusion: int = 0,
        missing: Literal["skip", "zero"] = "skip",
    ) -> None:
        super().__init__(spec, outputs)
        if neighbours < 1 or not widths or not all(widths) or missing not in ("skip", "zero"):
            raise ConfigError(
                f"widths={widths}, neighbours={neighbours}, missing={missing!r}: at least one layer and one neighbour "
                "are needed, and missing is 'skip' or 'zero'"
            )
        item = spec["features"]
        self.neighbours, self.fill = neighbours, missing == "zero"
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.input_norm = nn.BatchNorm1d(item.width) if input_norm else None
        sizes = [item.width, *(each[-1] for each in widths)]
        self.edge_convs = nn.ModuleList(EdgeConv(a, each) for a, each in zip(sizes, widths, strict=False))
        size = fusion or sizes[-1]
        self.fusion: nn.Linear | None = None
        if fusion:
            self.fusion = nn.Linear(sum(sizes[1:]), fusion, bias=False)
            self.fusion_norm = nn.BatchNorm1d(fusion)
        blocks: list[nn.Module] = []
        for width in fc:
            blocks += [nn.Linear(size, width), nn.ReLU(), nn.Dropout(dropout)]
            size = width
        self.fc = nn.Sequential(*blocks, nn.Linear(size, outputs))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        points, features, mask = inputs["points"], inputs["features"], inputs["mask"]
        if exporting():
            pooled = self._padded(mask, points, features)
        else:
            kind = mask.device.type
            dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None
            # Distances, nodes and normalisations are too fine for half precision: edges alone are computed in it.
            with torch.autocast(kind, enabled=False):
                # Batch norms of a training need the whole batch; also one without a gradient.
                size = len(mask) if self.training else _JETS
                pooled = in_alike_pieces(partial(self._packed, dtype=dtype), mask, points, features, size=size)
        logits: Tensor = self.fc(pooled)
        return logits

    def _packed(self, mask: Tensor, points: Tensor, features: Tensor, dtype: torch.dtype | None) -> Tensor:
        """Mean over the constituents of each jet, (batch, channels); only real constituents are computed."""
        packed = pack(mask, exact=self.neighbours)
        x, place = self.normalise(packed.take(features)), packed.take(points)
        if self.input_norm is not None:
            x = batch_norm(self.input_norm, x)
        outputs = []
        for block in self.edge_convs:
            x = place = block(x, graph(place, packed, self.neighbours, fill=self.fill), dtype)
            outputs.append(x)
        return packed.mean(self._fused(outputs))

    def _padded(self, mask: Tensor, points: Tensor, features: Tensor) -> Tensor:
        """The same in a form that can be exported: padding is computed as well, and left out of every mean."""
        real = mask[..., None].to(features.dtype)
        x, place = self.normalise(features), points
        if self.input_norm is not None:
            x = batch_norm(self.input_norm, x)
        x = x * real
        outputs = []
        for block in self.edge_convs:
            neighbours, there = nearest(place, mask, self.neighbours)
            assert isinstance(block, EdgeConv)
            x = place = block.padded(x, neighbours, None if self.fill else there) * real
            outputs.append(x)
        return (self._fused(outputs) * real).sum(1) / real.sum(1).clamp(min=1)

    def _fused(self, outputs: Sequence[Tensor]) -> Tensor:
        if self.fusion is None:
            return outputs[-1]
        return F.relu(batch_norm(self.fusion_norm, F.linear(torch.cat(list(outputs), dim=-1), self.fusion.weight)))

    @staticmethod
    def from_weaver(state: Mapping[str, Tensor]) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """What weaver-core's `ParticleNet` calls its weights, in the words of this class.

        Args:
            state: name -> tensor of its state, without a prefix of a wrapper.

        Returns:
            The hyper-parameters that the shapes tell (`neighbours` and `dropout` are not among them), and the state of
            this network without the normalisation of its inputs.

        Raises:
            BundleError: not the state of such a network.
        """
        found, unknown = renamed(state, _WEAVER)
        made = {name: value.flatten(2).squeeze(2) if value.ndim > 2 else value for name, value in found.items()}
        if unknown or "edge_convs.0.first.weight" not in made:
            raise BundleError(f"this is not the state of weaver-core's ParticleNet; unknown: {sorted(unknown)[:6]}")
        blocks = 1 + max(int(name.split(".")[1]) for name in made if name.startswith("edge_convs."))
        layers = sorted(int(name.split(".")[1]) for name in made if re.fullmatch(r"fc\.\d+\.bias", name))
        options: dict[str, Any] = {
            "widths": [
                [len(made[name]) for name in made if re.fullmatch(rf"edge_convs\.{i}\.norms\.\d+\.weight", name)]
                for i in range(blocks)
            ],
            "fc": [len(made[f"fc.{i}.bias"]) for i in layers[:-1]],
            "input_norm": "input_norm.weight" in made,
            "fusion": len(made.get("fusion.weight", ())),
            "missing": "zero",
        }
        if not all(options["widths"]):
            raise BundleError("this is a part of the state of weaver-core's ParticleNet; an EdgeConv lacks its layers")
        return options, made


_WEAVER: Rules = (
    (r"bn_fts\.(\w+)", r"input_norm.\1"),
    (r"edge_convs\.(\d+)\.convs\.0\.weight", r"edge_convs.\1.first.weight"),
    (r"edge_convs\.(\d+)\.convs\.(\d+)\.weight", lambda m: f"edge_convs.{m[1]}.rest.{int(m[2]) - 1}.weight"),
    (r"edge_convs\.(\d+)\.bns\.(\d+)\.(\w+)", r"edge_convs.\1.norms.\2.\3"),
    (r"edge_convs\.(\d+)\.sc\.weight", r"edge_convs.\1.shortcut.weight"),
    (r"edge_convs\.(\d+)\.sc_bn\.(\w+)", r"edge_convs.\1.shortcut_norm.\2"),
    (r"fusion_block\.0\.weight", "fusion.weight"),
    (r"fusion_block\.1\.(\w+)", r"fusion_norm.\1"),
    (r"fc\.(\d+)(?:\.0)?\.(weight|bias)", lambda m: f"fc.{3 * int(m[1])}.{m[2]}"),
)
"""Pattern of a name in weaver-core's state -> the name here."""

VARIANTS = {
    "particle_net": ParticleNet,
    "particle_net_lite": partial(ParticleNet, widths=((32, 32, 32), (64, 64, 64)), neighbours=7, fc=(128,)),
}
