"""What a chart is: plotly data and layout as plain values, a caption, a legend, and why it is empty if it is.

Colours are names of CSS variables (`series-1`, `ink`, `series-1/20` at 20 % opacity), looked up by the page's script
in the theme of the moment, so that the palette lives in one place: `templates/page.css`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Chart",
    "Key",
    "Missing",
    "axis",
    "band",
    "class_colour",
    "label",
    "model_key",
    "model_style",
    "numbers",
    "pretty",
    "thin",
]

Mark: TypeAlias = Literal["line", "dash", "dot", "dashdot", "fill", "point"]

POINTS = 400
"""No curve has more points than this, so that the page stays small."""

_SERIES = 6
_DASHES = ("solid", "dash", "dot", "dashdot")


@dataclass(frozen=True)
class Key:
    """One entry of a legend.

    Args:
        text: what is drawn.
        colour: CSS variable, or #rrggbb that is the same in both themes.
        mark: how it is drawn.
        model: the model it belongs to, empty for what all models share.
    """

    text: str
    colour: str
    mark: Mark = "line"
    model: str = ""


@dataclass(frozen=True)
class Chart:
    """One figure of the page.

    Args:
        name: unique on the page.
        title: what is shown.
        caption: how to read it.
        data: plotly traces; one that belongs to a model says so in `meta = {"model": ...}`.
        layout: plotly layout.
        keys: legend.
        picks: models of which the chart shows one at a time; empty if it shows all together.
        notes: a sentence for each model, shown under the chart while the model is.
        size: `half`, `third` or `full` width of a laptop's page.
        scale: whether the reader may switch the y axis between logarithmic and linear.
        square: whether the drawing is as high as wide.
    """

    name: str
    title: str
    caption: str
    data: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]
    keys: Sequence[Key] = ()
    picks: Sequence[str] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    size: Literal["half", "third", "full"] = "half"
    scale: bool = False
    square: bool = False


@dataclass(frozen=True)
class Missing:
    """A figure that cannot be drawn, and the reason in one sentence."""

    title: str
    reason: str
    size: Literal["half", "third"] = "half"


def numbers(values: ArrayLike, digits: int = 5) -> list[float | None]:
    """Plain numbers with so many significant digits; what is not finite becomes None, a gap in the curve."""
    flat = np.asarray(values, dtype=np.float64)
    return [float(f"{v:.{digits}g}") if math.isfinite(v) else None for v in flat]


def thin(count: int, most: int = POINTS) -> NDArray[np.intp]:
    """At most `most` positions spread evenly over `count` points, the first and the last among them.

    >>> thin(9, most=3)
    array([0, 4, 8])
    """
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.intp))


def label(text: object) -> str:
    """User's text as plotly shall show it: plotly reads a few HTML tags and entities."""
    return escape(str(text), quote=False)


def pretty(value: float) -> str:
    """A number as one says it, three significant digits.

    >>> [pretty(x) for x in (0.98213, 12.345, 891.2, 12345.0, float("nan"))]
    ['0.982', '12.3', '891', '12,300', '—']
    """
    if not math.isfinite(value):
        return "∞" if value > 0 else "—"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:.3g}"


def model_style(number: int) -> tuple[str, str]:
    """Colour and dash of the model with this number; colours repeat after six with another dash."""
    return f"series-{number % _SERIES + 1}", _DASHES[number // _SERIES % len(_DASHES)]


def model_key(model: str, number: int) -> Key:
    """Legend entry of a model."""
    colour, dash = model_style(number)
    marks: dict[str, Mark] = {"dash": "dash", "dot": "dot", "dashdot": "dashdot"}
    return Key(model, colour, marks.get(dash, "line"), model)


def class_colour(number: int, count: int) -> str:
    """Colour of a class; the signal, which is the last, has its own."""
    return "signal" if number == count - 1 else f"class-{number % 5 + 1}"


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis with a title; `page.js` adds the theme."""
    return {"title": {"text": title}, **more}


def band(
    x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], colour: str, model: str
) -> list[dict[str, Any]]:
    """A filled band between two curves, where both are finite, as two traces without hover."""
    fine = np.isfinite(low) & np.isfinite(high)
    shared = {
        "x": numbers(x[fine]),
        "mode": "lines",
        "line": {"width": 0},
        "hoverinfo": "skip",
        "meta": {"model": model, "band": True},
    }
    return [
        {**shared, "y": numbers(low[fine])},
        {**shared, "y": numbers(high[fine]), "fill": "tonexty", "fillcolor": f"{colour}/20"},
    ]
