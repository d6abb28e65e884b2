"""Average jet images: of each class, of their difference, and where the second prong of a decay lies in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.data import Events
from kaon.report.charts.chart import Chart
from kaon.report.charts.gallery import pixel_map
from kaon.represent.images import jet_images
from kaon.substructure.picture import Picture

__all__ = ["correlation_maps", "mean_images", "second_prong", "step_maps"]

AXES: dict[str, Any] = {"x": "pseudorapidity from the centre", "y": "azimuth from the centre [rad]"}

_DECADES = 3.0
"""Powers of ten of an average image that are drawn: what is fainter is a few particles of a sample."""
_SHOWN = 0.99
"""Share of the pixels of a difference that its scale spans: the centre would leave nothing else to be seen."""
_CHUNK = 4096
"""Images at a time."""


def mean_images(events: Events, picture: Picture) -> dict[str, NDArray[np.float64]]:
    """The average image of each class, (channels, eta, phi), jets counting by their weights.

    Args:
        events: labelled jets.
        picture: what is drawn.
    """
    sums = {name: np.zeros(picture.shape) for name in events.classes}
    for start in range(0, len(events), _CHUNK):
        part = events.take(slice(start, start + _CHUNK))
        images = jet_images(part["constituents"], picture)
        for i, name in enumerate(events.classes):
            sums[name] += np.tensordot(part.weights * (part.labels == i), images, 1)
    totals = [events.weights[events.labels == i].sum() for i in range(len(events.classes))]
    return {name: sums[name] / (total or 1.0) for name, total in zip(sums, totals, strict=True)}


def second_prong(image: NDArray[Any], half_width: float) -> float:
    """Distance from the centre of the brightest place below it, radians: the second prong of an aligned decay.

    Rows of the middle third in eta are added; the place is the top of the parabola through the brightest pixel
    and its two neighbours, among those that lie more than a quarter of the half-width below the centre.

    Args:
        image: (eta, phi), turned so that second subjets are at -pi/2.
        half_width: of the image.
    """
    pixels = image.shape[1]
    phi = -half_width + (np.arange(pixels) + 0.5) * 2 * half_width / pixels
    third = image.shape[0] // 3
    profile = image[third : image.shape[0] - third].sum(0)
    below = np.flatnonzero(phi < -half_width / 4)
    peak = int(below[profile[below].argmax()])
    left, top, right = (float(profile[i]) if i >= 0 else 0.0 for i in (peak - 1, peak, peak + 1))
    bend = left - 2 * top + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float(-phi[peak] - np.clip(shift, -0.5, 0.5) * 2 * half_width / pixels)


def step_maps(
    name: str, title: str, caption: str, means: Mapping[str, NDArray[np.float64]], half_width: float, unit: str
) -> list[Chart]:
    """Signal, background and their difference, of images of one channel, side by side.

    Args:
        name: of the charts.
        title: of the step.
        caption: what the step does.
        means: from `mean_images`, the signal last.
        half_width: of the images.
        unit: of the pixels.
    """
    (background, dark), (signal, bright) = ((n, image[0]) for n, image in means.items())
    shared: dict[str, Any] = AXES | {"extent": (-half_width, half_width) * 2, "unit": unit, "size": "third"}
    high = max(float(bright.max()), float(dark.max()))
    scale: dict[str, Any] = {"logarithmic": True, "limits": (high / 10**_DECADES, high)} if high > 0 else {}
    difference = bright - dark
    reach = float(np.quantile(np.abs(difference), _SHOWN)) or float(np.abs(difference).max()) or 1.0
    return [
        pixel_map(f"{name}-{signal}", f"{signal}: {title}", caption, bright.T, **shared, **scale),
        pixel_map(f"{name}-{background}", f"{background}: {title}", "On the same scale.", dark.T, **shared, **scale),
        pixel_map(
            f"{name}-difference",
            f"{signal} − {background}",
            f"Red where {signal} has more, blue where {background} has; the strongest pixels are beyond the scale.",
            difference.T,
            **shared,
            diverging=True,
            limits=(-reach, reach),
        ),
    ]


def correlation_maps(
    name: str, titles: Sequence[str], caption: str, correlation: NDArray[np.float64], half_width: float
) -> list[Chart]:
    """The correlation of each pixel with the output of a network, channel by channel on one scale.

    Args:
        name: of the charts.
        titles: of the channels.
        caption: of the first; the others are read like it.
        correlation: (channels, eta, phi).
        half_width: of the images.
    """
    high = float(np.abs(correlation).max()) or 1.0
    return [
        pixel_map(
            f"{name}-{i}",
            title,
            caption if i == 0 else "As the first, on the same scale.",
            channel.T,
            **AXES,
            extent=(-half_width, half_width) * 2,
            diverging=True,
            limits=(-high, high),
            unit="correlation",
            size="third",
        )
        for i, (title, channel) in enumerate(zip(titles, correlation, strict=True))
    ]
