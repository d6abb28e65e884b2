"""P-CNN: a one-dimensional convolutional network along the constituents, hardest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import InputSpec
from kaon.data.space import Choice, Integer, Real, Space
from kaon.layers.export import exporting
from kaon.layers.normalise import Normalise
from kaon.models.base import Net

__all__ = ["ParticleCNN"]


class ParticleCNN(Net):
    """A pre-activation residual network of 1D convolutions over the constituents in order of pT, averaged, two layers.

    CMS's DeepAK8 for particles only, as in Qu, Gouskos, https://arxiv.org/abs/1902.08570, section 4. 348,106 parameters
    for four features and two classes, 348,400 for seven.

    Unlike there, padding plays no part: places after the last constituent are zero at every convolution, as places
    beyond the edge are, batch norms see real constituents only, and so does the average. (The original pads to 100
    constituents and treats padding as if it were real.) The features are standardised as well, which the first batch
    norm divides out again.

    Constituents are packed: all jets of a batch in one long sequence, with gaps of zeros that no filter reaches across,
    so that little but real constituents is computed. An exported graph is padded, with the mask as a factor.

    Args:
        spec: `features` of shape (constituents, features), and `mask`; real constituents come first.
        outputs: number of classes.
        filters: of the first convolution.
        widths: channels of each stage; every stage but the first halves the sequence.
        units: residual units of each stage.
        hidden: width of the dense layer.
        dropout: after it.
    """

    representations: ClassVar[tuple[str, ...]] = ("point_cloud", "momentum_fractions")
    paper: ClassVar[str] = "https://arxiv.org/abs/1902.08570"
    search: ClassVar[Mapping[str, Space]] = {
        "filters": Choice((16, 32, 64)),
        "units": Integer(1, 4),
        "hidden": Choice((128, 256, 512)),
        "dropout": Real(0.0, 0.5),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        filters: int = 32,
        widths: tuple[int, ...] = (64, 64, 128),
        units: int = 2,
        hidden: int = 512,
        dropout: float = 0.2,
    ) -> None:
        super().__init__(spec, outputs)
        item = spec["features"]
        self.normalise = Normalise(item.width, item.shift, item.scale)
        self.first_norm = RealNorm(item.width, relu=False)
        self.first = _convolution(item.width, filters, 3)
        blocks, before = [], filters
        for stage, width in enumerate(widths):
            for i in range(units):
                blocks.append(Unit(before, width, stride=2 if stage and not i else 1))
                before = width
        self.units = nn.ModuleList(blocks)
        self.shrink = 2 ** (len(widths) - 1)
        self.last_norm = RealNorm(before, relu=True)
        self.head = nn.Sequential(nn.Linear(before, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, outputs))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        """Logits, (batch, outputs)."""
        x, mask = self.normalise(inputs["features"]), inputs["mask"]
        padded = exporting()
        x, places, owner = _padded(x, mask) if padded else _packed(x, mask, self.shrink)
        x = self.first(self.first_norm(x, places))
        for unit in self.units:
            x, places = unit(x, places)
        x = self.last_norm(x, places)
        x = x.to(torch.promote_types(x.dtype, torch.float32))
        if padded:
            total, count = x.sum((2, 3)), places.mask.sum((2, 3))
        else:
            jet, rows = owner[:: self.shrink][places.real], x[0, :, 0].T[places.real]
            total = x.new_zeros(len(mask), rows.shape[1]).index_add(0, jet, rows)
            count = x.new_zeros(len(mask), 1).index_add(0, jet, torch.ones_like(rows[:, :1]))
        logits: Tensor = self.head(total / count.clamp(min=1))
        return logits


@dataclass(frozen=True)
class Places:
    """Which places of the sequences hold a constituent.

    Args:
        mask: 1 or 0, (sequences, 1, 1, places).
        real: the places of a packed sequence that do, (constituents,).
    """

    mask: Tensor
    real: Tensor

    def halved(self) -> Places:
        """Every second place."""
        mask = F.max_pool2d(self.mask, (1, 1), stride=(1, 2))  # a slice, of a length that the exporter can follow
        return Places(mask, self.real[self.real % 2 == 0] // 2)


def _packed(x: Tensor, mask: Tensor, shrink: int) -> tuple[Tensor, Places, Tensor]:
    """All jets in one sequence, (1, features, 1, places), the places, and the jet of each place.

    A jet begins at a multiple of `shrink` and ends with a gap of at least one place however often it is halved.
    """
    counts = mask.sum(1)
    slots = shrink * ((counts + shrink - 1) // shrink + 1)
    length = max(int(slots.sum()), shrink)
    starts = slots.cumsum(0) - slots
    real = (starts[:, None] + torch.arange(mask.shape[1], device=x.device))[mask]
    owner = torch.repeat_interleave(torch.arange(len(mask), device=x.device), slots)
    rows = x.new_zeros(length, x.shape[2]).index_copy(0, real, x[mask])
    return _sequence(rows), Places(x.new_zeros(length).index_fill(0, real, 1)[None, None, None], real), owner


def _padded(x: Tensor, mask: Tensor) -> tuple[Tensor, Places, Tensor]:
    """One sequence a jet, (jets, features, 1, constituents)."""
    nothing = torch.zeros(0, dtype=torch.int64)
    return x.transpose(1, 2)[:, :, None], Places(mask.to(x.dtype)[:, None, None], nothing), nothing


def _sequence(rows: Tensor) -> Tensor:
    """(places, channels) as an image of one line, (1, channels, 1, places), whose channels lie next to one another."""
    return rows.T[None, :, None]


class RealNorm(nn.Module):
    """Batch norm over real constituents, perhaps a ReLU, and zeros elsewhere.

    Args:
        channels: how many.
        relu: whether to rectify.
    """

    def __init__(self, channels: int, relu: bool) -> None:
        super().__init__()
        self.norm, self.relu = nn.BatchNorm1d(channels), relu

    def forward(self, x: Tensor, places: Places) -> Tensor:
        """(sequences, channels, 1, places) -> the same."""
        if self.training and len(places.real) > 1:  # one constituent alone has no variance
            rows: Tensor = self.norm(x[0, :, 0].T[places.real])
            rows = F.relu(rows) if self.relu else rows
            return _sequence(rows.new_zeros(x.shape[3], x.shape[1]).index_copy(0, places.real, rows))
        norm = self.norm
        x = F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps)
        x = F.relu(x, inplace=True) if self.relu else x
        return x * places.mask.to(x.dtype)


class Unit(nn.Module):
    """x + conv(relu(norm(conv(relu(norm(x)))))), the shortcut a 1x1 convolution where the shape changes.

    He et al., https://arxiv.org/abs/1603.05027.

    Args:
        before: channels of the input.
        width: channels of the output.
        stride: of the first convolution.
    """

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.norms = nn.ModuleList([RealNorm(before, relu=True), RealNorm(width, relu=True)])
        self.one, self.two = _convolution(before, width, 3, stride), _convolution(width, width, 3)
        same = before == width and stride == 1
        self.shortcut = None if same else _convolution(before, width, 1, stride)

    def forward(self, x: Tensor, places: Places) -> tuple[Tensor, Places]:
        """(sequences, before, 1, places) -> (sequences, width, 1, places / stride), and the places."""
        y = self.norms[0](x, places)
        x = x if self.shortcut is None else self.shortcut(y)
        places = places.halved() if self.stride == 2 else places
        return x + self.two(self.norms[1](self.one(y), places)), places


def _convolution(before: int, width: int, size: int, stride: int = 1) -> nn.Conv2d:
    # In two dimensions PyTorch takes channels that lie next to one another, in one it would reorder them each time.
    return nn.Conv2d(before, width, (1, size), (1, stride), padding=(0, size // 2), bias=False)


VARIANTS = {"pcnn": ParticleCNN}
