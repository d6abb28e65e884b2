"""A stacked figure for a paper or a talk: processes, data, uncertainty, and the comparison below."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from kaon.files import replacing
from kaon.report.canvas import Canvas, Style, plain, styled
from kaon.report.stack import Stack

__all__ = ["conditions", "stack_figure", "write_stack_figure"]

Array = NDArray[np.float64]

_BAND: dict[str, Any] = {"facecolor": "none", "edgecolor": "0.25", "hatch": "/////", "linewidth": 0.0}
_SPANS = (0.25, 0.5, 1.0)
"""Half-widths of the ratio panel; the smallest that holds nine in ten points is taken."""


def conditions(luminosity: float | None = None, energy: float | None = None) -> str:
    """What the collisions were, for matplotlib.

    Args:
        luminosity: integrated, in 1/fb.
        energy: of the collisions, in TeV.

    >>> conditions(20.3, 8)
    '√$s$ = 8 TeV, 20.3 fb$^{-1}$'
    """
    parts = [] if energy is None else [f"√$s$ = {energy:g} TeV"]
    return ", ".join([*parts, *([] if luminosity is None else [rf"{luminosity:.3g} fb$^{{-1}}$"])])


def stack_figure(
    stack: Stack,
    *,
    style: Style = "atlas",
    label: str = "",
    note: str = "",
    luminosity: float | None = None,
    energy: float | None = None,
    logarithmic: bool = False,
    lower: Literal["ratio", "pulls"] = "ratio",
) -> Figure:
    """Draw it.

    Args:
        stack: the numbers.
        style: `atlas`, `cms` (both by mplhep) or `plain`.
        label: what follows the name kaon.
        note: the region, in a few words.
        luminosity: integrated, in 1/fb.
        energy: of the collisions, in TeV.
        logarithmic: vertical axis.
        lower: what the panel below shows of the data: their ratio to the prediction, or their pulls.

    Raises:
        UnknownName: no such style.
    """
    with styled(style):
        lines = [conditions(luminosity, energy), _text(note)]
        canvas = Canvas(
            style,
            label or ("Simulation" if stack.data is None else ""),
            ("\n" if style == "atlas" else ", ").join(line for line in lines if line),
            ratio=stack.compared,
        )
        handles = _processes(canvas.main, stack)
        handles += _uncertainty(canvas.main, stack)
        data = _data(canvas.main, stack, logarithmic)
        _axes(canvas, stack, logarithmic)
        if canvas.ratio:
            _ratio(canvas.lower, stack) if lower == "ratio" else _pulls(canvas.lower, stack)
        figure = canvas.finish([*data, *handles])
        if canvas.ratio and lower == "pulls":
            canvas.lower.set_yticks([-2, 0, 2])
        return _settled(figure)


def _settled(figure: Figure) -> Figure:
    """With ticks made and labels where they are, which would follow other settings when it is saved."""
    figure.draw_without_rendering()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            place = axis.label.get_transform().transform(axis.label.get_position())
            axis.set_label_coords(*ax.transAxes.inverted().transform(place))
    return figure


def write_stack_figure(stack: Stack, stem: str | os.PathLike[str], **options: Any) -> list[Path]:
    """Draw it into `stem.pdf` and `stem.png`; options are those of `stack_figure`.

    Raises:
        DataError: a folder that cannot be written.
    """
    figure, made = stack_figure(stack, **options), []
    with styled(options.get("style", "atlas")):
        for suffix, settings in ((".pdf", {"metadata": {"CreationDate": None}}), (".png", {"dpi": 160})):
            path = Path(stem).with_name(Path(stem).name + suffix)
            with replacing(path) as scratch:
                figure.savefig(scratch, **settings)
            made.append(path)
    return made


def _text(words: str) -> str:
    """The user's words; a letter with a bar above, which few fonts have, is drawn with one."""
    return re.sub("(\\w)[\u0304\u0305]", r"$\\bar{\\mathrm{\1}}$", plain(words))


def _processes(ax: Axes, stack: Stack) -> list[Any]:
    """From the top down, each covering what lies below the sum of it and the lower ones."""
    heights = np.cumsum([stack.processes[name].values / stack.per for name in stack.layers], axis=0)
    handles: list[Any] = []
    for name, height in reversed(list(zip(stack.layers, heights, strict=True))):
        colour = stack.colour(name)
        ax.stairs(height, stack.edges, fill=True, facecolor=colour, edgecolor="none", zorder=1)
        ax.stairs(height, stack.edges, color="black", linewidth=0.5, alpha=0.6, zorder=1.1)
        handles.append(Patch(facecolor=colour, edgecolor="0.3", linewidth=0.5, label=_text(stack.label(name))))
    times = "" if stack.magnify == 1 else f" × {stack.magnify:g}"
    for name in stack.lines:
        drawn = ax.stairs(
            stack.magnify * stack.processes[name].values / stack.per,
            stack.edges,
            baseline=None,
            color=stack.colour(name),
            linewidth=1.8,
            zorder=3,
            label=f"{_text(stack.label(name))}{times}",
        )
        handles.insert(0, drawn)
    return handles


def _uncertainty(ax: Axes, stack: Stack) -> list[Any]:
    down, up = (x / stack.per for x in stack.uncertainty)
    if not (down.any() or up.any()):
        return []
    middle = stack.total.values / stack.per
    ax.stairs(middle + up, stack.edges, baseline=np.maximum(middle - down, 0), fill=True, zorder=2, **_BAND)
    kind = "Stat. unc." if stack.systematic is None else "Stat. + syst. unc."
    return [Patch(label=kind, **_BAND)]


def _data(ax: Axes, stack: Stack, logarithmic: bool) -> list[Any]:
    if stack.points is None:
        return []
    p = stack.points
    shown = (p.value > 0) if logarithmic else np.isfinite(p.value)
    across = None if stack.uniform or stack.names else stack.widths[shown] / 2
    bars = np.stack([p.down, p.up])[:, shown]
    return [_points(ax, stack.centres[shown], p.value[shown], bars, across, label="Data")]


def _points(ax: Axes, x: Array, y: Array, bars: Array, across: Array | None = None, **more: Any) -> Any:
    return ax.errorbar(x, y, bars, across, fmt="o", color="black", elinewidth=1.2, zorder=4, **more)


def _axes(canvas: Canvas, stack: Stack, logarithmic: bool) -> None:
    ax = canvas.main
    ax.set_xlim(stack.edges[0], stack.edges[-1])
    ax.set_ylabel(stack.y)
    canvas.lower.set_xlabel(_text(stack.x))
    if stack.names:
        canvas.lower.tick_params(axis="x", which="both", length=0)
        canvas.lower.set_xticks(stack.centres, [_text(name) for name in stack.names])
        canvas.lower.set_xticks([], minor=True)
        if sum(map(len, stack.names)) > 45:
            canvas.lower.tick_params(axis="x", rotation=25)
            for text in canvas.lower.get_xticklabels():
                text.set_horizontalalignment("right")
                text.set_rotation_mode("anchor")
    if not logarithmic:
        ax.set_ylim(bottom=0)
        return
    drawn = [stack.processes[name] for name in stack.layers] or ([stack.data] if stack.data else [])
    heights = np.cumsum([counts.values / stack.per for counts in drawn], axis=0)
    seen = heights[heights > 0]
    ax.set_yscale("log")
    if len(seen):
        ax.set_ylim(bottom=max(0.5 * float(seen.min()), 1e-4 * float(seen.max())))


def _ratio(ax: Axes, stack: Stack) -> None:
    assert stack.ratio is not None
    r, (down, up) = stack.ratio, stack.relative
    ax.stairs(np.nan_to_num(1 + up, nan=1), stack.edges, baseline=np.nan_to_num(1 - down, nan=1), fill=True, **_BAND)
    ax.axhline(1, color="black", linewidth=0.8)
    known = np.isfinite(r.value)
    away = np.abs(r.value[known] - 1)
    span = next((s for s in _SPANS if len(away) and np.mean(away < s) >= 0.9), _SPANS[-1])
    low, high = 1 - 1.08 * span, 1 + 1.08 * span
    across = None if stack.uniform or stack.names else stack.widths[known] / 2
    _points(ax, stack.centres[known], r.value[known], np.stack([r.down, r.up])[:, known], across)
    for beyond, place, marker in ((r.value > high, 0.93, "^"), (r.value < low, 0.07, "v")):
        heights = np.full(int(beyond.sum()), low + place * (high - low))
        ax.plot(stack.centres[beyond], heights, marker, color="#bd1f01", zorder=5)
    ax.set_ylim(low, high)
    ax.set_ylabel("Data / bkg." if stack.lines else "Data / pred.", loc="center")


def _pulls(ax: Axes, stack: Stack) -> None:
    assert stack.pulls is not None
    for width, shade in ((2, "0.93"), (1, "0.84")):
        ax.axhspan(-width, width, color=shade, linewidth=0, zorder=0)
    ax.axhline(0, color="black", linewidth=0.8)
    ax.plot(stack.centres, np.clip(stack.pulls, -3.2, 3.2), "o", color="black", zorder=4)
    beyond = np.abs(stack.pulls) > 3.2
    ax.plot(stack.centres[beyond], 3.2 * np.sign(stack.pulls[beyond]), "D", color="#bd1f01", zorder=5)
    ax.set_ylim(-3.6, 3.6)
    ax.set_ylabel("Pull", loc="center")
