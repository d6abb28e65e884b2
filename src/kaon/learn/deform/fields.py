"""Displacement fields and the one interpolation that applies them.

A field is (batch, 2, height, width): where each pixel of the new image looks for its value in the old one, less its own
place, in pixels; across first, then down. Fields add up, so pixels are interpolated once whatever is put together.
"""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["affine", "elastic", "warp"]

_FAR = 4.0
"""Standard deviations at which the Gaussian is cut off."""


def affine(turn: Tensor, zoom: Tensor, move: Tensor, height: int, width: int, other: Tensor | None = None) -> Tensor:
    """The field of images that are turned, then stretched, both about the centre, then moved.

    Args:
        turn: angles, (batch,), radians, counter-clockwise as one looks at the image.
        zoom: factors across and down, (batch, 2); above 1 for larger.
        move: pixels to the right and down, (batch, 2).
        height: of the images.
        width: of the images.
        other: a field to be added, (batch, 2, height, width).

    Returns:
        (batch, 2, height, width), pixels.
    """
    batch = len(turn)
    cosine, sine = turn.cos(), turn.sin()
    rotation = torch.stack([cosine, -sine, sine, cosine], 1).view(batch, 2, 2)
    matrix = rotation / zoom[:, None]
    constant = -(matrix @ move[:, :, None])
    matrix = matrix - torch.eye(2, dtype=turn.dtype, device=turn.device)
    rows = torch.cat([matrix, constant], 2).view(2 * batch, 3)
    places = _places(height, width, turn)  # (2, height, width)
    basis = torch.cat([places, torch.ones_like(places[:1])]).view(3, -1)
    field = rows @ basis if other is None else torch.addmm(other.reshape(2 * batch, -1), rows, basis)
    return field.view(batch, 2, height, width)


def elastic(
    batch: int,
    height: int,
    width: int,
    *,
    alpha: float,
    sigma: float,
    generator: torch.Generator,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Random smooth fields: alpha times uniform numbers between -1 and 1, smoothed by a Gaussian.

    Simard, Steinkraus, Platt, "Best practices for convolutional neural networks applied to visual document analysis",
    ICDAR 2003, https://doi.org/10.1109/ICDAR.2003.1227801: alpha = 34, sigma = 4 for digits of 28 x 28 pixels. The
    Gaussian has unit sum; so a pixel moves by about alpha / (2 sqrt(3 pi) sigma) in each direction, 1.4 for these.

    Unlike there, the field goes on at the opposite edge, so that it is as strong at the edge as in the middle. The
    separable convolution of a whole batch is two matrix products, by circulant matrices.

    Args:
        batch: number of images.
        height: of the images.
        width: of the images.
        alpha: strength, pixels.
        sigma: of the Gaussian, pixels.
        generator: of the random numbers; its device is that of the field.
        dtype: of the field.
    """
    noise = torch.empty(2 * batch, height, width, dtype=dtype, device=generator.device)
    noise.uniform_(-alpha, alpha, generator=generator)
    across, down = (_smoothing(length, sigma, noise) for length in (width, height))
    smooth = down @ (noise.view(-1, width) @ across).view(2 * batch, height, width)
    return smooth.view(batch, 2, height, width)


def warp(images: Tensor, field: Tensor, reflect: bool = False) -> Tensor:
    """Images seen through a displacement field, by bilinear interpolation.

    Args:
        images: (batch, channels, height, width).
        field: (batch, 2, height, width), pixels.
        reflect: outside of the image is its mirror image, about the outermost pixel, instead of zeros.
    """
    height, width = images.shape[-2:]
    scale = torch.tensor([2 / max(n - 1, 1) for n in (width, height)], dtype=field.dtype, device=field.device)
    scale = scale.view(2, 1, 1)
    grid = torch.addcmul(_places(height, width, field) * scale, field, scale)
    # Across and down lie apart in memory, which grid_sample reads twice as fast as pairs.
    return F.grid_sample(
        images,
        grid.permute(0, 2, 3, 1),
        mode="bilinear",
        padding_mode="reflection" if reflect else "zeros",
        align_corners=True,
    )


def _places(height: int, width: int, like: Tensor) -> Tensor:
    """Pixels' places across and down from the centre, (2, height, width)."""
    down, across = (torch.arange(n, dtype=like.dtype, device=like.device) - (n - 1) / 2 for n in (height, width))
    return torch.stack([across.expand(height, width), down[:, None].expand(height, width)])


def _smoothing(length: int, sigma: float, like: Tensor) -> Tensor:
    """The symmetric circulant matrix of a Gaussian of unit sum, (length, length)."""
    reach = ceil(_FAR * sigma)
    offsets = torch.arange(-reach, reach + 1)
    weights = torch.exp(-0.5 * (offsets.double() / sigma) ** 2)
    row = torch.zeros(length, dtype=torch.float64).index_add_(0, offsets % length, weights / weights.sum())
    place = torch.arange(length)
    return row[(place[:, None] - place) % length].to(like)
