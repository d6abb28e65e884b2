"""Kernels that nobody had to learn: the example in one dimension, and lines and edges in a picture."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch.nn import functional as F

__all__ = ["DATA", "KERNELS", "LECTURE", "ROW_KERNEL", "answers", "correlated", "oriented", "scene"]

DATA = (1, 2, 4, 3, 2, 5, 1)
ROW_KERNEL = (1, 0, -1)
LECTURE = (-3, -1, 2, -2, 1)
"""What the lecture writes as the convolved data."""

KERNELS = {
    "horizontal line": ((-1, -1, -1), (2, 2, 2), (-1, -1, -1)),
    "vertical line": ((-1, 2, -1), (-1, 2, -1), (-1, 2, -1)),
    "edge": ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1)),
    "light above dark": ((1, 2, 1), (0, 0, 0), (-1, -2, -1)),
}
"""The first and the third are the lecture's; the last is Sobel's."""

_FINE = 4
"""Points in a pixel, along each axis, at which the scene is looked at."""


def correlated(data: ArrayLike, kernel: ArrayLike) -> NDArray[np.float64]:
    """What a convolutional layer computes in one dimension: sum_k kernel[k] data[i + k], where the kernel fits.

    Mathematics calls this the cross-correlation, and convolution what has the kernel turned round.

    >>> correlated(DATA, ROW_KERNEL).tolist()
    [-3.0, -1.0, 2.0, -2.0, 1.0]
    """
    x, w = (torch.as_tensor(np.asarray(values, np.float64))[None, None] for values in (data, kernel))
    return np.asarray(F.conv1d(x, w)[0, 0].numpy())


def answers(picture: ArrayLike) -> NDArray[np.float64]:
    """What each of `KERNELS` answers at each place of a picture, (kernels, height - 2, width - 2).

    Args:
        picture: (height, width).
    """
    x = torch.as_tensor(np.asarray(picture, np.float64))[None, None]
    weights = torch.tensor(list(KERNELS.values()), dtype=torch.float64)[:, None]
    return np.asarray(F.conv2d(x, weights)[0].numpy())


def scene(size: int = 96) -> NDArray[np.float64]:
    """A house under the sun, drawn by formulae: (size, size), 0 for black to 1 for white.

    Args:
        size: pixels on a side.
    """
    at = (np.arange(size * _FINE) + 0.5) / (size * _FINE)
    x, y = at, at[:, np.newaxis]  # to the right and down, 0 to 1

    def box(left: float, right: float, top: float, bottom: float) -> NDArray[np.bool_]:
        return (left < x) & (x < right) & (top < y) & (y < bottom)

    shades: list[tuple[NDArray[np.bool_], float]] = [
        ((x > -1) & (y > 0.82), 0.45),  # the ground
        (box(0.2, 0.66, 0.46, 0.86), 0.8),  # walls
        ((y < 0.46) & (y > 0.24 + 0.9 * np.abs(x - 0.43)), 0.3),  # the roof
        (box(0.28, 0.4, 0.54, 0.66), 0.15),  # a window,
        (box(0.335, 0.345, 0.54, 0.66) | box(0.28, 0.4, 0.595, 0.605), 0.95),  # and its bars
        (box(0.48, 0.58, 0.6, 0.86), 0.35),  # the door
        ((x - 0.82) ** 2 + (y - 0.2) ** 2 < 0.1**2, 1.0),  # the sun
        ((x > -1) & (np.abs(y - 0.9 - 0.1 * x) < 0.008), 0.9),  # a path
    ]
    fine = np.full((len(at), len(at)), 0.62)
    for where, shade in shades:
        fine = np.where(where, shade, fine)
    return np.asarray(fine.reshape(size, _FINE, size, _FINE).mean((1, 3)), np.float64)


def oriented(weights: NDArray[np.floating]) -> float:
    """How much of the filters is an edge: the share of their variance that is a straight slope from dark to light.

    A filter of h x w random numbers has 2 / (h w - 1) of it on average; the derivative of a picture has all.

    Args:
        weights: (filters, channels, height, width).

    >>> slope = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> round(oriented(slope), 6), round(oriented(slope % 2), 6)
    (1.0, 0.0)
    """
    height, width = weights.shape[2:]
    planes = np.stack([a.ravel() - a.mean() for a in np.mgrid[:height, :width].astype(np.float64)])
    planes /= np.maximum(np.linalg.norm(planes, axis=1, keepdims=True), 1e-300)
    filters = weights.reshape(-1, height * width).astype(np.float64)
    filters = filters - filters.mean(1, keepdims=True)
    whole = float((filters**2).sum())
    return float(((filters @ planes.T) ** 2).sum()) / whole if whole > 0 else 0.0
