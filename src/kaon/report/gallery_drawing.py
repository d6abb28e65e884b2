"""Small pictures side by side as a figure for a paper."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import ArrayLike

from kaon.report.canvas import plain
from kaon.report.charts.gallery import checked_pictures, picture_scale

__all__ = ["tiles"]

_INCH = 0.85
"""Side of a picture."""
_ROW = 8
"""Pictures in a row, where nothing else is said."""
_PAPER = LinearSegmentedColormap.from_list("paper", ("#f3f4f5", "#16181d"))
_SIGNS = LinearSegmentedColormap.from_list("signs", ("#1f6fc4", "#f3f4f5", "#c62f4f"))


def tiles(
    images: ArrayLike,
    *,
    captions: Sequence[str] = (),
    columns: int = 0,
    diverging: bool = False,
    each: bool = False,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """The figure of `kaon.report.charts.gallery.gallery`, in the matplotlib style of the moment.

    Args:
        images, captions, columns, diverging, each, limits: as there; 0 columns are at most eight.

    Raises:
        DataError: another shape, no picture, or infinite values.
        ConfigError: captions for another number of pictures, or limits that are none.
    """
    pictures = checked_pictures(images, captions, columns, diverging)
    count, channels, height, width = pictures.shape
    across = min(count, columns or _ROW)
    down = math.ceil(count / across)
    scale = picture_scale(pictures, diverging=diverging, each=each, limits=limits)
    low, high = (np.broadcast_to(ends, (count, 1, 1, 1)).ravel() for ends in scale)
    bar = diverging and not each
    text = 0.3 if captions else 0.0
    size = (max(across * _INCH, 2.0), down * (_INCH * height / width + text) + 0.5 * bar)
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    figure = Figure(figsize=size, layout=layout)
    axes = figure.subplots(down, across, squeeze=False).ravel()
    colours = _SIGNS if diverging else _PAPER
    for number, ax in enumerate(axes):
        ax.set_axis_off()
        if number >= count:
            continue
        shade = (pictures[number] - low[number]) / (high[number] - low[number])
        drawn: Any = np.clip(shade, 0, 1).transpose(1, 2, 0) if channels == 3 else shade[0]
        ax.imshow(drawn, cmap=colours, vmin=0, vmax=1, interpolation="nearest")
        if captions:
            ax.set_title(plain(captions[number]), fontsize=6, pad=2, wrap=True)
    if bar:
        values = ScalarMappable(Normalize(float(low[0]), float(high[0])), colours)
        figure.colorbar(values, ax=list(axes), location="bottom", fraction=0.05, aspect=40, pad=0.02)
    return figure
