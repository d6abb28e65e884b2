"""The paper that figures are drawn on: style, panels, label and legend, and room for both above the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import matplotlib as mpl
import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from kaon.errors import UnknownName

__all__ = ["COLOURS", "MARKERS", "STYLES", "Canvas", "Style", "plain", "styled"]

Style: TypeAlias = Literal["atlas", "cms", "plain"]

COLOURS = (
    "#3f90da",
    "#bd1f01",
    "#ffa90e",
    "#832db6",
    "#94a4a2",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
"""Ten colours that stay apart for colour-blind readers (Petroff, arXiv:2107.02270), in an order of our own."""

MARKERS = "osD^vPX<>*"

_MANY = 5
"""More legend entries than this are set smaller."""

_PLAIN: Mapping[str, Any] = {
    "figure.figsize": (6.4, 4.8),
    "font.size": 12,
    "axes.linewidth": 0.9,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "patch.linewidth": 1.3,
    "xtick.major.pad": 5,
    "legend.frameon": False,
    "legend.fontsize": "small",
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.minor.visible": True,
    "ytick.minor.visible": True,
}

STYLES: Mapping[str, Mapping[str, Any]] = {
    "atlas": {**mplhep.style.ATLAS, "lines.markersize": 6, "patch.linewidth": 1.6, "xtick.major.pad": 6},
    "cms": {
        **mplhep.style.CMS,
        "lines.linewidth": 3,
        "lines.markersize": 10,
        "patch.linewidth": 2.5,
        "xtick.major.pad": 12,
    },
    "plain": _PLAIN,
}
"""Look of each experiment's figures, by mplhep; nothing else about them is the experiment's."""

_OURS: Mapping[str, Any] = {
    "pdf.fonttype": 42,  # text stays text that an editor can change
    "axes.autolimit_mode": "data",
}


@contextmanager
def styled(style: str) -> Iterator[None]:
    """Matplotlib's settings of a style, for the length of a block.

    Raises:
        UnknownName: no such style.
    """
    if style not in STYLES:
        raise UnknownName("style", style, STYLES)
    with mpl.rc_context():
        mpl.rcParams.update({k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith("backend")})
        mpl.rcParams.update({**STYLES[style], **_OURS})
        yield


def plain(text: str) -> str:
    """A name of the user's as matplotlib shall show it: a dollar sign is a dollar sign."""
    return text.replace("$", r"\$")


@dataclass
class Canvas:
    """A figure with one panel, or a lower one for ratios, that is finished with a label and a legend.

    Args:
        style: decides where the label stands: within the frame (atlas) or above it.
        label: what follows the name kaon.
        note: what is shown, in a few words; names in it have passed `plain`.
        ratio: whether there is a lower panel, which shares the x axis.
    """

    style: str
    label: str
    note: str
    ratio: bool = False
    figure: Figure = field(init=False)
    main: Axes = field(init=False)
    lower: Axes = field(init=False)

    def __post_init__(self) -> None:
        width, height = mpl.rcParams["figure.figsize"]
        size = (width, max(height, 0.95 * width) if self.ratio else height)
        self._layout = ConstrainedLayoutEngine(hspace=0.0, h_pad=0.05, w_pad=0.05)
        self.figure = Figure(figsize=size, layout=self._layout)
        if self.ratio:
            self.main, self.lower = self.figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
            self.figure.align_ylabels()
        else:
            self.main = self.lower = self.figure.subplots()

    def finish(self, handles: Sequence[Any] | None = None) -> Figure:
        """Put label and legend into the upper corners and raise the y axis until they lie above the data."""
        ax = self.main
        texts = self._label(ax)
        if self.ratio:
            self.lower.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10], prune="both"))
        self._layout.execute(self.figure)
        if handles is None:
            handles = ax.get_legend_handles_labels()[0]
        legend = self._legend(handles)
        bottom, top = ax.get_ylim()
        top = min(top, ax.dataLim.y1) if np.isfinite(ax.dataLim.y1) else top
        frame = ax.get_window_extent()
        boxes = [a.get_window_extent() for a in (legend, *texts)]
        if any(boxes[0].x0 < box.x1 for box in boxes[1:]):  # too wide to stand beside the label: below it
            below = (min(box.y0 for box in boxes[1:]) - frame.y0) / frame.height
            legend.set_bbox_to_anchor((0.0, 0.0, 1.0, below), transform=ax.transAxes)
            boxes = [a.get_window_extent() for a in (legend, *texts)]
        lowest = min(box.y0 for box in boxes if box.y0 < frame.y1)
        share = max((lowest - frame.y0) / frame.height - 0.03, 0.2)
        if ax.get_yscale() == "log":
            ax.set_ylim(bottom, bottom * (top / bottom) ** (1 / share))
        else:
            ax.set_ylim(bottom, bottom + (top - bottom) / share)
        self._layout.execute(self.figure)
        self.figure.set_layout_engine("none")  # done: the same on every later drawing, and quicker
        return self.figure

    def _legend(self, handles: Sequence[Any]) -> Legend:
        """Upper right; many entries are set smaller, and in two columns if these fit."""
        ax, many = self.main, len(handles) > _MANY
        size = 0.75 * FontProperties(size=mpl.rcParams["legend.fontsize"]).get_size_in_points() if many else None
        for columns in (2, 1) if many else (1,):
            legend = ax.legend(
                handles=handles, loc="upper right", ncols=columns, borderaxespad=0.6, fontsize=size, columnspacing=1.0
            )
            legend.set_in_layout(False)
            if columns == 1 or legend.get_window_extent().width < 0.98 * ax.get_window_extent().width:
                break
        return legend

    def _label(self, ax: Axes) -> list[Text]:
        size = mpl.rcParams["font.size"]
        inside = self.style == "atlas"
        name = ax.annotate(
            "kaon",
            xy=(0.04, 0.95) if inside else (0.0, 1.0),
            xycoords="axes fraction",
            xytext=(0, 0 if inside else 0.25 * size),
            textcoords="offset points",
            ha="left",
            va="top" if inside else "bottom",
            fontsize=1.25 * size,
            fontweight="bold",
            fontstyle="italic" if inside else "normal",
        )
        kind = ax.annotate(
            plain(self.label),
            xy=(1, 0),
            xycoords=name,
            xytext=(0.4 * size, 0),
            textcoords="offset points",
            va="bottom",
            fontsize=(1.25 if inside else 1.0) * size,
            fontstyle="normal" if inside else "italic",
        )
        note = ax.annotate(
            self.note,
            xy=(0, 0) if inside else (1.0, 1.0),
            xycoords=name if inside else "axes fraction",
            xytext=(0, -0.4 * size) if inside else (0, 0.3 * size),
            textcoords="offset points",
            ha="left" if inside else "right",
            va="top" if inside else "bottom",
            fontsize=0.9 * size,
        )
        for text in (kind, note):
            text.set_in_layout(not inside)
        return [name, kind, note] if inside else []
