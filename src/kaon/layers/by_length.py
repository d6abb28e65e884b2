"""Jets sorted by their number of constituents and cut into groups, so that little padding is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Group", "Groups", "exporting"]


def exporting() -> bool:
    """Whether PyTorch is writing down the network's graph, which must not depend on how many constituents are real."""
    return torch.compiler.is_exporting() or torch.onnx.is_in_onnx_export()


@dataclass(frozen=True)
class Group:
    """Jets of similar length.

    Args:
        mask: (jets, length) bool, the real constituents first.
        take: rows of the group's packed constituents that fill (jets x length,); None where all of them are real.
        keep: places of the real constituents among (jets x length,); None where all of them are real.
    """

    mask: Tensor
    take: Tensor | None = None
    keep: Tensor | None = None


class Groups:
    """The real constituents of a batch as one packed tensor, and as small padded ones.

    A batch padded to its longest jet is half padding, and a network on pairs of constituents would do three quarters of
    its work for nothing. Sorted by length, a few jets at a time waste a few percent, and fit the processor's cache.

    Args:
        mask: (batch, constituents) bool, in any order.
        cells: pairs (`power` 2) or constituents (`power` 1) of a group, about; at least one jet is taken.
        power: 2 for networks on pairs.

    In an exported graph everything is one group as it came, so that the same code serves there.
    """

    def __init__(self, mask: Tensor, cells: int, power: int = 2) -> None:
        self.batch, self.width = mask.shape
        self.dense = exporting()
        if self.dense:
            self.groups = [Group(mask)]
            self.counts = mask.sum(1)
            return
        counts = mask.sum(1)
        self.order = counts.argsort(descending=True, stable=True)
        self.counts = counts[self.order]
        self.mask = mask[self.order]
        self.groups, self.sizes = self._cut(cells, power)

    def _cut(self, cells: int, power: int) -> tuple[list[Group], list[int]]:
        counts = self.counts.cpu()
        lengths = counts.tolist()
        groups: list[Group] = []
        sizes: list[int] = []
        start = 0
        while start < len(lengths) or not groups:
            length = max(lengths[start], 1) if lengths else 1
            stop = min(start + max(1, cells // length**power), len(lengths))
            some = counts[start:stop]
            real = torch.arange(length) < some[:, None]
            take = keep = None
            if not bool(real.all()):
                # Padding repeats a real constituent of the same jet; an empty jet borrows, and is masked like all.
                first = (some.cumsum(0) - some)[:, None]
                take = (first + torch.arange(length).clamp(max=(some - 1).clamp(min=0)[:, None])).flatten()
                take = take.clamp(max=max(int(some.sum()) - 1, 0)).to(self.counts.device)
                keep = real.flatten().nonzero()[:, 0].to(self.counts.device)
            groups.append(Group(real.to(self.counts.device), take, keep))
            sizes.append(int(some.sum()))
            start = stop
        return groups, sizes

    @property
    def owner(self) -> Tensor:
        """Jet of each packed constituent, in the order of the groups, (constituents,)."""
        return torch.repeat_interleave(torch.arange(self.batch, device=self.counts.device), self.counts)

    def pack(self, x: Tensor) -> Tensor:
        """(batch, constituents, ...) -> (real constituents, ...), ordered by group, jet, constituent."""
        return x.flatten(0, 1) if self.dense else x[self.order][self.mask]

    def split(self, packed: Tensor) -> list[Tensor]:
        """(real constituents, ...) -> for each group (jets, length, ...); what fills the padding means nothing."""
        if self.dense:
            return [packed.reshape(self.batch, self.width, *packed.shape[1:])]
        parts = []
        for group, part in zip(self.groups, torch.split(packed, self.sizes), strict=True):
            if group.take is not None:
                part = (
                    part.index_select(0, group.take) if len(part) else part.new_zeros(len(group.take), *part.shape[1:])
                )
            parts.append(part.reshape(*group.mask.shape, *part.shape[1:]))
        return parts

    def join(self, parts: Sequence[Tensor]) -> Tensor:
        """Undo `split`: the real constituents of each group, packed."""
        if self.dense:
            return parts[0].flatten(0, 1)
        flat = [
            part.flatten(0, 1) if group.keep is None else part.flatten(0, 1).index_select(0, group.keep)
            for group, part in zip(self.groups, parts, strict=True)
        ]
        return torch.cat(flat)

    def sums(self, packed: Tensor) -> Tensor:
        """Sum over the real constituents of each jet: (real constituents, features) -> (batch, features).

        The jets are in the order of the groups; `unsort` gives the batch's.
        """
        if self.dense:
            rows = packed.reshape(self.batch, self.width, -1)
            return (rows * self.groups[0].mask[..., None].to(packed.dtype)).sum(1)
        return packed.new_zeros(self.batch, packed.shape[-1]).index_add(0, self.owner, packed)

    def unsort(self, jets: Tensor) -> Tensor:
        """(batch, ...) in the order of the groups -> in that of the batch."""
        return jets if self.dense else jets.index_select(0, self.order.argsort())
