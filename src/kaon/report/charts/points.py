"""A few numbers with their spread, against a number or against names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kaon.report.charts.chart import Chart, Key, axis, label, numbers

__all__ = ["Series", "points"]


_FEW = 8
"""Most ticks that are all labelled."""


@dataclass(frozen=True)
class Series:
    """Numbers that belong together.

    Args:
        text: for the legend.
        x: numbers or names.
        y: one a place; NaN leaves a gap.
        spread: length of the bar drawn up and down; empty for none.
        colour: CSS variable.
        mark: `line` joins points, `dash` is a line without points (a level to compare with), `bar` stands on zero,
            `point` is a point alone.
    """

    text: str
    x: Sequence[float] | Sequence[str]
    y: Sequence[float]
    spread: Sequence[float] = ()
    colour: str = "ink"
    mark: Literal["line", "dash", "bar", "point"] = "line"


def points(
    name: str,
    title: str,
    caption: str,
    series: Sequence[Series],
    *,
    x: str,
    y: str,
    logarithmic: bool = False,
    logarithmic_x: bool = False,
) -> Chart:
    """Draw series in the order given, the first behind the others.

    Args:
        name: unique on the page.
        title: what is shown.
        caption: how to read it.
        series: what is drawn.
        x, y: titles of the axes.
        logarithmic: the y axis; the reader may switch it.
        logarithmic_x: the x axis, of numbers.
    """
    across: dict[str, Any] = {"type": "log", **_places(series)} if logarithmic_x else {"dtick": 1}
    return Chart(
        name=name,
        title=title,
        caption=caption,
        data=[_trace(s) for s in series],
        layout={
            "xaxis": axis(x, **({"type": "category"} if _named(series) else across)),
            "yaxis": axis(y, **({"type": "log", **_short(series)} if logarithmic else {})),
            "hovermode": "x unified",
            "barmode": "group",
        },
        keys=[Key(s.text, s.colour, "fill" if s.mark == "bar" else s.mark) for s in series],
        scale=logarithmic,
    )


def _named(series: Sequence[Series]) -> bool:
    return any(isinstance(place, str) for s in series for place in s.x)


def _places(series: Sequence[Series]) -> dict[str, Any]:
    """Ticks at the numbers themselves, where they are few."""
    found = sorted({float(place) for s in series for place in s.x})
    return {"tickvals": found, "ticktext": [f"{x:,.6g}" for x in found]} if len(found) <= _FEW else {}


def _short(series: Sequence[Series]) -> dict[str, Any]:
    """Ticks in even steps on a logarithmic axis too short for powers of ten."""
    found = [y for s in series for y in s.y if y > 0]
    low, high = min(found, default=1.0), max(found, default=1.0)
    if not low < high < 10 * low:
        return {}
    power = 10.0 ** math.floor(math.log10(high - low))
    step = next(step * power for step in (0.2, 0.5, 1.0, 2.0) if (high - low) / (step * power) < _FEW)
    ticks = [k * step for k in range(math.floor(low / step), math.ceil(high / step) + 1) if k > 0]
    return {"tickvals": ticks, "ticktext": [f"{tick:.6g}" for tick in ticks]}


def _trace(series: Series) -> dict[str, Any]:
    made: dict[str, Any] = {
        "x": [label(place) if isinstance(place, str) else place for place in series.x],
        "y": numbers(series.y),
        "name": label(series.text),
        "hovertemplate": "%{y:.4g}",
    }
    if series.spread:
        bars = {"type": "data", "array": numbers(series.spread), "color": series.colour, "thickness": 1.5, "width": 4}
        made["error_y"] = bars
    if series.mark == "bar":
        return made | {"type": "bar", "marker": {"color": f"{series.colour}/40"}}
    if series.mark == "dash":
        return made | {"mode": "lines", "line": {"color": series.colour, "dash": "dash", "width": 1.75}}
    line = {"line": {"color": series.colour, "width": 2.25}} if series.mark == "line" else {}
    mode = "lines+markers" if series.mark == "line" else "markers"
    return made | line | {"mode": mode, "marker": {"color": series.colour, "size": 8}}
