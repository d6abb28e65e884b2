"""Stacked processes under data, with the comparison below, for a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kaon.report.charts.chart import Chart, Key, axis, label, numbers, pretty
from kaon.report.stack import Points, Stack

__all__ = ["stacked", "stacked_by"]

Array = NDArray[np.float64]

_GAP = (0.26, 0.32)
"""Where the lower panel ends and the upper one begins, as shares of the height."""


def stacked(
    name: str,
    title: str,
    stack: Stack,
    *,
    caption: str = "",
    logarithmic: bool = False,
    lower: Literal["ratio", "pulls"] = "ratio",
    size: Literal["half", "full"] = "half",
) -> Chart:
    """Draw it.

    Args:
        name: unique on the page.
        title: what is shown.
        stack: the numbers; colours are those of the printed figure, in both themes.
        caption: how to read it.
        logarithmic: the vertical axis, which the reader may switch.
        lower: what the panel below shows of the data.
        size: `half` or `full` width.
    """
    data: list[dict[str, Any]] = [_bar(stack, process) for process in stack.layers]
    data += [_line(stack, process) for process in stack.lines]
    if stack.processes:
        down, up = stack.uncertainty
        data.append(_band(stack, stack.total.values / stack.per, down / stack.per, up / stack.per, "y"))
    layout: dict[str, Any] = {
        "barmode": "stack",
        "bargap": 0.25 if stack.names else 0,
        "hovermode": "x unified",
        "xaxis": _x(stack),
        "yaxis": axis(label(stack.y), type="log" if logarithmic else "linear", rangemode="tozero"),
    }
    if stack.points is not None:
        data.append({**_dots(stack, stack.points), "name": "data", "hovertemplate": "%{customdata}"})
        data[-1]["customdata"] = [_said(stack.points, i) for i in range(stack.bins)]
    if stack.compared:
        layout["yaxis"]["domain"] = [_GAP[1], 1]
        layout["xaxis"]["anchor"] = "y2"
        traces, layout["yaxis2"] = _ratio(stack) if lower == "ratio" else _pulls(stack)
        data += [{**trace, "yaxis": "y2"} for trace in traces]
        layout["yaxis2"]["domain"] = [0, _GAP[0]]
    keys = [Key("data", "ink", "point")] if stack.data is not None else []
    times = "" if stack.magnify == 1 else f" × {stack.magnify:g}"
    keys += [Key(f"{stack.label(p)}{times}", stack.colour(p), "line") for p in stack.lines]
    keys += [Key(stack.label(p), stack.colour(p), "fill") for p in reversed(stack.layers)]
    keys += [Key("uncertainty", "faint", "fill")] if stack.processes else []
    return Chart(name, title, caption, data, layout, keys, size=size, scale=True)


def stacked_by(
    name: str, title: str, stacks: Mapping[str, Stack], *, caption: str = "", logarithmic: bool = False
) -> Chart:
    """Stacks of one histogram in several regions, of which the reader picks one.

    Args:
        name: unique on the page.
        title: what is shown.
        stacks: region -> its stack, at least one.
        caption: how to read it.
        logarithmic: the vertical axis, which the reader may switch.
    """
    made = {region: stacked(name, title, stack, logarithmic=logarithmic) for region, stack in stacks.items()}
    first = max(made.values(), key=lambda chart: "yaxis2" in chart.layout)
    layout = dict(first.layout)
    if "yaxis2" in layout:
        spans = [chart.layout["yaxis2"]["range"] for chart in made.values() if "yaxis2" in chart.layout]
        layout["yaxis2"] = {**layout["yaxis2"], "range": max(spans, key=lambda span: float(span[1]))}
    return Chart(
        name,
        title,
        caption,
        [{**trace, "meta": {"model": region}} for region, chart in made.items() for trace in chart.data],
        layout,
        list(dict.fromkeys(key for chart in [first, *made.values()] for key in chart.keys)),
        picks=tuple(stacks),
        scale=True,
    )


def _x(stack: Stack) -> dict[str, Any]:
    if not stack.names:
        return axis(label(stack.x), range=numbers(stack.edges[[0, -1]]))
    return axis(
        label(stack.x),
        tickvals=numbers(stack.centres),
        ticktext=[label(name) for name in stack.names],
        range=numbers(stack.edges[[0, -1]]),
    )


def _place(stack: Stack) -> dict[str, Any]:
    return {"x": numbers(stack.centres), "width": numbers((0.75 if stack.names else 1) * stack.widths), "type": "bar"}


def _bar(stack: Stack, process: str) -> dict[str, Any]:
    counts = stack.processes[process]
    return {
        **_place(stack),
        "y": numbers(counts.values / stack.per),
        "marker": {"color": stack.colour(process), "line": {"width": 0}},
        "name": label(stack.label(process)),
        "customdata": [f"{pretty(v)} ± {pretty(e)}" for v, e in zip(counts.values, counts.errors, strict=True)],
        "hovertemplate": "%{customdata}",
    }


def _line(stack: Stack, process: str) -> dict[str, Any]:
    height = stack.magnify * stack.processes[process].values / stack.per
    return {
        "x": numbers(stack.edges),
        "y": numbers(np.append(height, height[-1:])),
        "mode": "lines",
        "line": {"shape": "hv", "color": stack.colour(process), "width": 2.5},
        "name": label(stack.label(process)),
        "hovertemplate": "%{y:.3g}",
    }


def _band(stack: Stack, middle: Array, down: Array, up: Array, where: str) -> dict[str, Any]:
    low, high = (np.nan_to_num(x, nan=1.0) for x in (np.maximum(middle - down, 0), middle + up))
    return {
        **_place(stack),
        "base": numbers(low),
        "y": numbers(high - low),
        "yaxis": where,
        "marker": {"color": "faint/40", "line": {"width": 0}},
        "name": "prediction",
        "hovertemplate": "%{customdata}",
        "customdata": [
            f"{pretty(m)} +{pretty(u)} −{pretty(d)}" for m, d, u in zip(middle, down, up, strict=True)
        ],
    }  # fmt: skip


def _dots(stack: Stack, points: Points) -> dict[str, Any]:
    bars: Mapping[str, Any] = {
        "type": "data",
        "symmetric": False,
        "array": numbers(points.up),
        "arrayminus": numbers(points.down),
        "color": "ink",
        "thickness": 1.5,
        "width": 0,
    }
    return {
        "x": numbers(stack.centres),
        "y": numbers(points.value),
        "error_y": bars,
        "mode": "markers",
        "marker": {"color": "ink", "size": 7},
    }


def _said(points: Points, i: int) -> str:
    return f"{pretty(points.value[i])} +{pretty(points.up[i])} −{pretty(points.down[i])}"


def _ratio(stack: Stack) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    assert stack.ratio is not None
    down, up = stack.relative
    away = np.abs(stack.ratio.value - 1)
    span = next((s for s in (0.25, 0.5) if np.mean(away[np.isfinite(away)] < s) >= 0.9), 1.0)
    band = {**_band(stack, np.ones(stack.bins), down, up, "y2"), "hoverinfo": "skip", "hovertemplate": None}
    dots = {**_dots(stack, stack.ratio), "name": "data / prediction", "hovertemplate": "%{y:.3f}"}
    title = "data / bkg." if stack.lines else "data / pred."
    return [band, dots], axis(title, range=[1 - 1.08 * span, 1 + 1.08 * span], nticks=5)


def _pulls(stack: Stack) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    assert stack.pulls is not None
    bars = {
        **_place(stack),
        "y": numbers(stack.pulls),
        "marker": {"color": "accent/50", "line": {"width": 0}},
        "name": "pull",
        "hovertemplate": "%{y:.2f}",
    }
    most = max(3.2, 1.1 * float(np.nanmax(np.abs(np.append(stack.pulls, 0.0)))))
    return [bars], axis("pull", range=[-most, most], nticks=5)
