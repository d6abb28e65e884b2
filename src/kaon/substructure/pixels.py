"""Jets in the (eta, phi) plane: turned, reflected and summed in pixels, all jets of a batch at once.

Constituents are flat arrays, those of all jets one after another; `Jets` knows which belong to which.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Jets", "pixel_of", "pixelate", "principal_angle", "reflect", "turn"]

Array = NDArray[Any]

DOWN = -np.pi / 2
"""Direction, angle from the eta axis, that jets are turned to."""

ROUNDING = 1e-9
"""Radians that count as none: a constituent this near to an axis is on it, and this near to an edge beyond it.

Centres and directions are often those of constituents, which would otherwise fall left or right by rounding.
"""

_CACHED = 1 << 17
"""Pixels drawn at a time: half a megabyte, which stays in the cache until all that hits it is summed."""


class Jets:
    """Which constituents belong to which jet.

    Args:
        counts: constituents of each jet, (jets,).

    >>> jets = Jets(np.array([1, 0, 2]))
    >>> jets.sum(np.array([1.0, 2.0, 3.0])).tolist(), jets.spread(np.array([7, 8, 9])).tolist()
    ([1.0, 0.0, 5.0], [7, 9, 9])
    """

    def __init__(self, counts: Array) -> None:
        self.counts = counts
        self.owner: Array = np.repeat(np.arange(len(counts)), counts)
        """Jet of each constituent, (constituents,)."""
        self._filled = counts > 0
        self._starts = (np.cumsum(counts) - counts)[self._filled]

    def __len__(self) -> int:
        return len(self.counts)

    def sum(self, values: Array) -> Array:
        """Sum over the constituents of each jet, (constituents,) -> (jets,); 0 for none."""
        total = np.zeros(len(self))
        if len(values):  # half the time of np.bincount
            total[self._filled] = np.add.reduceat(values, self._starts)
        return total

    def spread(self, values: Array) -> Array:
        """What is one a jet as one a constituent, (jets,) -> (constituents,)."""
        return values.take(self.owner)

    def take(self, kept: NDArray[np.bool_]) -> Jets:
        """The same jets with the kept constituents only, (constituents,) bool."""
        return Jets(np.bincount(self.owner[kept], minlength=len(self)))


def principal_angle(weight: Array, eta: Array, phi: Array, jets: Jets) -> Array:
    """Direction of the first principal axis through the origin, (jets,), radians from the eta axis.

    theta = 1/2 atan2(2 <eta phi>, <eta^2> - <phi^2>), the direction of the largest second moment; of its two ends the
    one whose half-plane has the larger sum of weights. 0 for a jet without extent.

    Args:
        weight, eta, phi: (constituents,).
        jets: which belong to which.
    """
    mixed = jets.sum(weight * eta * phi)
    difference = jets.sum(weight * (eta - phi) * (eta + phi))
    angle: Array = 0.5 * np.arctan2(2 * mixed, difference)
    along = jets.spread(np.cos(angle)) * eta + jets.spread(np.sin(angle)) * phi
    heavier = jets.sum(weight * _side(along))
    angle += np.pi * (heavier < 0)
    return angle


def turn(angle: Array, eta: Array, phi: Array, jets: Jets) -> tuple[Array, Array]:
    """Turn each jet about the origin so that its direction `angle`, (jets,), points to -pi/2."""
    by: Array = DOWN - angle
    cos, sin = jets.spread(np.cos(by)), jets.spread(np.sin(by))
    return cos * eta - sin * phi, sin * eta + cos * phi


def reflect(weight: Array, eta: Array, phi: Array, jets: Jets, quadrant: bool = False) -> tuple[Array, Array]:
    """Reflect each jet so that most of its weight is to the right (eta > 0), or in the upper right quadrant.

    Args:
        weight, eta, phi: (constituents,); constituents on an axis belong to neither side.
        jets: which belong to which.
        quadrant: reflect eta and phi, for the heaviest quadrant; otherwise eta only, for the heavier half.
    """
    right, up = _side(eta), _side(phi)
    if not quadrant:
        return eta * jets.spread(np.where(jets.sum(weight * right) < 0, -1, 1)), phi
    # Quadrants are numbered upper right, upper left, lower right, lower left.
    number = 2 * (up < 0) + (right < 0)
    share = np.bincount(jets.owner * 4 + number, weight * np.abs(right * up), 4 * len(jets)).reshape(len(jets), 4)
    heaviest = share.argmax(1)
    return eta * jets.spread(np.where(heaviest % 2, -1, 1)), phi * jets.spread(np.where(heaviest >= 2, -1, 1))


def pixel_of(eta: Array, phi: Array, pixels: int, half_width: float) -> tuple[Array, NDArray[np.bool_]]:
    """Pixel of each constituent in an image of pixels x pixels over [-half_width, half_width] in both directions.

    Returns:
        Number of the pixel, eta index x pixels + phi index, (constituents,), to be used where the second array,
        (constituents,) bool, says that the constituent is inside; the upper edges count as inside, as for
        `numpy.histogram2d`.
    """
    reach = half_width + ROUNDING
    inside = (np.abs(eta) <= reach) & (np.abs(phi) <= reach)
    scale = pixels / (2 * half_width)
    row, column = (np.minimum(((x + reach) * scale).astype(np.int64), pixels - 1) for x in (eta, phi))
    return row * pixels + column, inside


def pixelate(images: NDArray[np.float32], weight: Array, row: Array, pixel: Array, logarithm: float = 0.0) -> None:
    """Add weights to the pixels of a stack of empty images, in place and without another array of their size.

    Args:
        images: C-contiguous zeros, (images, pixels).
        weight: (constituents,).
        row, pixel: image of each, ascending, and pixel as `pixel_of` numbers it, (constituents,).
        logarithm: factor f > 0 for x -> ln(1 + f x); 0 leaves x.
    """
    flat, width = images.reshape(-1), images.shape[1]
    where, weight = row * width + pixel, weight.astype(np.float32)
    cuts = np.searchsorted(row, np.arange(0, len(images), max(1, _CACHED // width))).tolist()
    for start, end in pairwise((*cuts, len(row))):
        places = where[start:end]
        np.add.at(flat, places, weight[start:end])
        if logarithm:  # of the pixels hit only; those hit twice are read before they are written
            flat[places] = np.log1p(logarithm * flat[places])


def _side(x: Array) -> Array:
    """1, -1, or 0 on the axis."""
    return np.subtract(x > ROUNDING, x < -ROUNDING, dtype=float)
