"""Circles, squares and triangles: the pictures on which M. Wolter's lectures teach recognition by deep networks.

https://github.com/marcinwolter/DNN_examples, `figure_cnn.ipynb`, draws outlines one pixel wide in black and white, with
equilateral triangles, and turns every pixel white with the probability of the noise. So do the variants below, with two
differences: a shape is always wholly visible (there it may be cut off), and all three kinds have their sizes from one
distribution, so that size says nothing of the kind.
"""

from __future__ import annotations

from functools import partial

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.data import Events, Provenance
from kaon.errors import ConfigError

__all__ = ["CLASSES", "VARIANTS", "shapes", "signed_distance"]

CLASSES = ("circle", "square", "triangle")
"""Kinds of shapes, in the order of their class numbers; the last two are regular polygons."""

_CORNERS = (
    np.zeros(0),
    np.radians([45, 135, 225, 315]),
    np.radians([90, 210, 330]),
)
"""Directions of the corners of an unrotated shape; the square lies on a side, the triangle
points down."""

_TRUTH = ("radius", "center_x", "center_y", "angle")
_SMALLEST = 0.15


def shapes(
    count: int,
    *,
    seed: int = 0,
    size: int = 32,
    filled: bool = True,
    antialiased: bool = True,
    noise: float = 0.0,
    line: float = 1.0,
    smallest: float | None = None,
    largest: float | None = None,
    chunk: int = 256,
) -> Events:
    """Pictures of one white shape each on black, of any size, position and rotation, always wholly visible.

    The radius R of the circle around the shape is uniform between `smallest` and `largest`, the rotation uniform, and
    then the centre is uniform where the rotated shape fits. Pixels come from the signed distance d of their centre to
    the edge (negative inside): black and white where d < 0, and anti-aliased as clip(1/2 - d, 0, 1), which is the
    covered part of the pixel at an edge along its sides. An outline is the band -line <= d < 0.

    Args:
        count: pictures; each three that follow each other show each kind once, so that the labels are balanced.
        seed: decides everything; the first n pictures are the same for any count.
        size: pixels on a side.
        filled: whether shapes are filled, or outlines.
        antialiased: whether pixels on the edge are grey.
        noise: probability with which each pixel is turned white.
        line: width of an outline in pixels, inside the edge.
        smallest: least R in pixels; None for 0.15 of `size`, as in the lectures (but at least 1).
        largest: greatest R in pixels; None for half of `size`.
        chunk: pictures that are drawn together; the result does not depend on it.

    Returns:
        `image` (events, 1, size, size) uint8, and for reference, reserved: `radius` R, `center_x`, `center_y` in
        pixels from the upper left corner, x to the right and y down, and `angle` in radians.

    Raises:
        ConfigError: no pictures, fewer than 4 pixels, a size that does not fit, or a probability outside 0 to 1.

    >>> events = shapes(6, seed=1)
    >>> str(events["image"].type)
    '6 * 1 * 32 * 32 * uint8'
    >>> sorted(events.target.tolist())
    [0, 0, 1, 1, 2, 2]
    """
    low = max(1.0, _SMALLEST * size) if smallest is None else smallest
    high = size / 2 if largest is None else largest
    _check(count, seed, size, noise, line, low, high, chunk)
    of_kind, of_shape, of_noise = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(3))
    triples = np.tile(np.arange(len(CLASSES)), (-(-count // len(CLASSES)), 1))
    kind = of_kind.permuted(triples, axis=1).ravel()[:count]
    truth = _placed(kind, of_shape.random((count, len(_TRUTH))), size, low, high)
    image = np.empty((count, 1, size, size), np.uint8)
    for start in range(0, count, chunk):
        part = slice(start, start + chunk)
        drawn = image[part, 0]
        for number in range(len(CLASSES)):
            chosen = kind[part] == number
            distance = signed_distance(number, truth[part][chosen], size)
            drawn[chosen] = _ink(distance, filled, antialiased, line)
        if noise:
            drawn[of_noise.random(drawn.shape, np.float32) < noise] = 255
    settings = {
        "size": size,
        "filled": filled,
        "antialiased": antialiased,
        "noise": noise,
        "line": line,
        "smallest": low,
        "largest": high,
    }
    columns = dict(zip(_TRUTH, truth.T.copy(), strict=True))
    return Events(
        ak.Array({"image": image, **columns}),
        target=kind,
        classes=CLASSES,
        reserved=frozenset(_TRUTH),
        provenance=Provenance("shapes", settings, seed=seed, generated=count),
    )


def signed_distance(kind: int, truth: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """Distance in pixels of each pixel's centre to the edge of a shape, negative inside, (events, size, size).

    Outside a corner it is the distance to the nearer of the prolonged sides, so that corners stay sharp.

    Args:
        kind: number in `CLASSES`.
        truth: radius, centre x and y in pixels, and angle in radians, (events, 4).
        size: pixels on a side.
    """
    radius, center_x, center_y, angle = (column.astype(np.float32)[:, None, None] for column in truth.T)
    pixels = np.arange(size, dtype=np.float32) + np.float32(0.5)
    x, y = pixels[None, None, :] - center_x, pixels[None, :, None] - center_y
    if kind == 0:
        return np.asarray(np.sqrt(x * x + y * y) - radius)
    cos, sin = np.cos(angle), np.sin(angle)
    u, v = x * cos + y * sin, y * cos - x * sin  # axes that turn with the shape
    if kind == 1:
        return np.asarray(np.maximum(np.abs(u), np.abs(v)) - radius * np.float32(0.5**0.5))
    slanted = np.abs(u) * np.float32(0.75**0.5) + v * np.float32(0.5)
    return np.asarray(np.maximum(slanted, -v) - radius * np.float32(0.5))


def _placed(
    kind: NDArray[np.int64], uniform: NDArray[np.float64], size: int, low: float, high: float
) -> NDArray[np.float64]:
    """Radius, centre and angle, (events, 4), of numbers uniform in [0, 1)."""
    radius, angle = low + (high - low) * uniform[:, 0], 2 * np.pi * uniform[:, 3]
    reach = np.tile(radius[:, None], (1, 4))  # from the centre to the left, to the right, up and down
    for number, corners in enumerate(_CORNERS):
        chosen = kind == number
        if len(corners):
            turned = angle[chosen, None] + corners
            x, y = radius[chosen, None] * np.cos(turned), radius[chosen, None] * np.sin(turned)
            reach[chosen] = np.stack([-x.min(1), x.max(1), -y.min(1), y.max(1)], axis=1)
    left, right, up, down = reach.T
    center_x = left + (size - right - left) * uniform[:, 1]
    center_y = up + (size - down - up) * uniform[:, 2]
    return np.stack([radius, center_x, center_y, angle], axis=1)


def _ink(distance: NDArray[np.float32], filled: bool, antialiased: bool, line: float) -> NDArray[np.uint8]:
    """Grey values from 0 to 255."""
    half, width = np.float32(0.5), np.float32(line)
    if not antialiased:
        white = distance < 0
        if not filled:
            white &= distance >= -width
        return white * np.uint8(255)
    covered = np.clip(half - distance, 0, 1)
    if not filled:
        covered -= np.clip(half - width - distance, 0, 1)
    return np.asarray(np.rint(covered * np.float32(255)), np.uint8)


def _check(
    count: int, seed: int, size: int, noise: float, line: float, smallest: float, largest: float, chunk: int
) -> None:
    if count < 1 or chunk < 1:
        raise ConfigError(f"{count} pictures, drawn {chunk} at a time; both must be at least 1")
    if seed < 0:
        raise ConfigError(f"the seed {seed} is negative; give 0 or a positive number")
    if size < 4:
        raise ConfigError(f"size={size}: a picture needs at least 4 pixels on a side to show a shape")
    if not 0 <= noise <= 1:
        raise ConfigError(f"noise={noise} is no probability; give a number from 0 to 1")
    if not line > 0:
        raise ConfigError(f"line={line}: the width of an outline must be positive")
    if not 1 <= smallest <= largest <= size / 2:
        raise ConfigError(
            f"shapes with radii from {smallest:g} to {largest:g} pixels do not fit: at least 1 and at most half of "
            f"size={size} are possible, the smallest first"
        )


VARIANTS = {
    "shapes": shapes,
    "shapes-outline": partial(shapes, filled=False, antialiased=False),
    "shapes-noisy": partial(shapes, filled=False, antialiased=False, noise=0.5),
}
