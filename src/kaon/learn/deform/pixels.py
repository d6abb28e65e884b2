"""What moves or hides whole pixels, and so needs no interpolation: mirrors, shifts, cut-outs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["cutout", "flip", "shift"]


def flip(images: Tensor, chosen: Tensor, axis: int = -1) -> Tensor:
    """The chosen images mirrored along an axis.

    Args:
        images: (batch, channels, height, width).
        chosen: which, (batch,) bool.
        axis: -1 exchanges left and right, -2 top and bottom.
    """
    return torch.where(chosen[:, None, None, None], images.flip(axis), images)


def shift(images: Tensor, rows: Tensor, columns: Tensor, reach: int, reflect: bool = False) -> Tensor:
    """Each image moved by whole pixels: padded on all sides and cropped again, elsewhere for each image.

    Args:
        images: (batch, channels, height, width).
        rows: pixels that each image moves down, (batch,), at most `reach` in size.
        columns: to the right.
        reach: pixels of padding.
        reflect: what comes in from outside mirrors what is inside (the outermost pixel stays single), instead of zeros;
            then `reach` is less than height and width.
    """
    height, width = images.shape[-2:]
    padded = F.pad(images, (reach,) * 4, mode="reflect" if reflect else "constant")
    crops = padded.unfold(2, height, 1).unfold(3, width, 1)  # (batch, channels, places, places, height, width), a view
    events = torch.arange(len(images), device=images.device)
    return crops[events, :, reach - rows, reach - columns]


def cutout(images: Tensor, size: int, rows: Tensor, columns: Tensor, fill: float = 0.0) -> Tensor:
    """A square of each image covered; what of it lies outside of the image is lost.

    DeVries, Taylor, https://arxiv.org/abs/1708.04552.

    Args:
        images: (batch, channels, height, width).
        size: pixels on a side of the square.
        rows: of its centre, (batch,); of an even square the pixel below it.
        columns: likewise.
        fill: what covers it.
    """
    inside = [
        (place >= centre[:, None] - size // 2) & (place < centre[:, None] - size // 2 + size)
        for centre, length in zip((rows, columns), images.shape[-2:], strict=True)
        for place in (torch.arange(length, device=images.device),)
    ]
    hidden = (inside[0][:, :, None] & inside[1][:, None, :])[:, None].to(images.dtype)
    shown = images * (1 - hidden)  # products of finite pixels, in a third of the time of masked_fill
    return torch.addcmul(shown, hidden, shown.new_tensor(fill)) if fill else shown
