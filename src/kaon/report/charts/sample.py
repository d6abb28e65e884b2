"""The events themselves: distributions of the inputs and the average image of each class."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from kaon.report.charts.chart import Chart, Key, Missing, axis, class_colour, label, numbers, pretty
from kaon.report.charts.gallery import gallery
from kaon.report.runs import Comparison

__all__ = ["class_keys", "correlations", "examples", "images", "inputs"]

_RAMP = tuple((i / 4, f"heat-{i + 1}") for i in range(5))
_DECADES = 4.0
_DIVERGING = ((0.0, "series-1"), (0.5, "surface"), (1.0, "signal"))
_ANNOTATED = 8
"""Matrices of so few inputs have room for their numbers."""


def inputs(comparison: Comparison) -> list[Chart | Missing]:
    """One small chart an input: its distribution in each class, each of unit area."""
    sample = comparison.sample or {}
    features = sample.get("features") or ()
    if not features:
        return [Missing("Input distributions", "The run kept no histograms of its inputs (no sample.json beside it).")]
    classes = tuple(sample.get("classes", ()))
    return [_histogram(number, feature, classes) for number, feature in enumerate(features)]


def _histogram(number: int, feature: Mapping[str, Any], classes: tuple[str, ...]) -> Chart:
    edges = np.asarray(feature["edges"], dtype=np.float64)
    width = np.diff(edges)
    data = []
    for i, name in enumerate(classes):
        counts = np.asarray(feature["counts"].get(name, np.zeros(len(width))), dtype=np.float64)
        total = counts.sum()
        density = counts / (total * width) if total > 0 else np.full(len(width), np.nan)
        colour = class_colour(i, len(classes))
        data.append(
            {
                "x": numbers(edges),
                "y": numbers(np.append(density, density[-1:])),
                "mode": "lines",
                "line": {"shape": "hv", "color": colour, "width": 1.75},
                "fill": "tozeroy",
                "fillcolor": f"{colour}/14",
                "name": label(name),
                "hovertemplate": "%{y:.3g}",
            }
        )
    unit = f" [{feature['unit']}]" if feature.get("unit") else ""
    return Chart(
        name=f"input-{number}",
        title=f"{feature['name']}{unit}",
        caption=_missing(feature),
        data=data,
        layout={
            "xaxis": axis(""),
            "yaxis": axis("", showticklabels=False, rangemode="tozero"),
            "hovermode": "x unified",
        },
        size="third",
    )


def _missing(feature: Mapping[str, Any]) -> str:
    shares = feature.get("missing") or {}
    return "Missing in " + ", ".join(f"{share:.0%} of {name}" for name, share in shares.items()) + "." if shares else ""


def correlations(comparison: Comparison) -> list[Chart | Missing]:
    """Linear correlation of every two inputs: one matrix a class, on one colour scale."""
    found = (comparison.sample or {}).get("correlation")
    if not found:
        return [Missing("Correlations", "The run kept no correlations of its inputs: it has fewer than two of them.")]
    names = [label(name) for name in found["names"]]
    few = len(names) <= _ANNOTATED
    ticks = {"type": "category", "showgrid": False, "showline": False, "tickfont": {"size": 11 if few else 8}}
    charts: list[Chart | Missing] = []
    for number, (name, matrix) in enumerate(found["matrices"].items()):
        charts.append(
            Chart(
                name=f"correlation-{number}",
                square=True,
                title=f"Correlations in {name}",
                caption="",
                data=[
                    {
                        "type": "heatmap",
                        "x": names,
                        "y": names,
                        "z": matrix,
                        "zmin": -1,
                        "zmax": 1,
                        "colorscale": [list(stop) for stop in _DIVERGING],
                        **({"texttemplate": "%{z:.2f}"} if few else {}),
                        "hovertemplate": "%{y}, %{x}: %{z:.2f}<extra></extra>",
                        "xgap": 1,
                        "ygap": 1,
                        "colorbar": {"thickness": 10, "outlinewidth": 0, "len": 0.9},
                    }
                ],
                layout={
                    "xaxis": axis("", tickangle=-90, dtick=1, constrain="domain", **ticks),
                    "yaxis": axis("", autorange="reversed", dtick=1, scaleanchor="x", constrain="domain", **ticks),
                    "hovermode": "closest",
                },
            )
        )
    return charts


def images(comparison: Comparison) -> list[Chart | Missing]:
    """Average image of each class, logarithmic, on one shared colour scale."""
    image = (comparison.sample or {}).get("image")
    if not image:
        return [Missing("Average image", "The events have no constituents to make an image of, or none was asked for.")]
    edges = np.asarray(image["edges"], dtype=np.float64)
    centres = (edges[1:] + edges[:-1]) / 2
    # stored as (eta, phi); plotly's rows are y, that is phi
    means = {name: np.asarray(pixels, dtype=np.float64).T for name, pixels in image["mean"].items()}
    highest = max((float(m.max()) for m in means.values() if m.size), default=0.0)
    if highest <= 0:
        return [Missing("Average image", "The average images are empty: no energy falls into their pixels.")]
    top = float(np.log10(highest))
    ticks = np.arange(np.ceil(top - _DECADES), np.floor(top) + 1)
    unit = image.get("unit") or ""
    colours = {"zmin": top - _DECADES, "zmax": top, "colorscale": [list(stop) for stop in _RAMP]}
    charts: list[Chart | Missing] = []
    for number, (name, mean) in enumerate(means.items()):
        shown = np.where(mean > 10 ** (top - _DECADES), mean, np.nan)
        charts.append(
            Chart(
                name=f"image-{number}",
                square=True,
                title=f"Average {name} jet",
                caption="",
                data=[
                    {
                        "type": "heatmap",
                        "x": numbers(centres),
                        "y": numbers(centres),
                        "z": [numbers(row, 4) for row in np.log10(shown)],
                        "text": [[pretty(v) for v in row] for row in mean],
                        "hovertemplate": "η %{x:.2f}, φ %{y:.2f}<br>%{text} " + label(unit) + "<extra></extra>",
                        **colours,
                        "colorbar": {
                            "title": {"text": label(unit), "side": "right"},
                            "tickvals": numbers(ticks),
                            "ticktext": [f"10<sup>{t:.0f}</sup>" for t in ticks],
                            "thickness": 10,
                            "outlinewidth": 0,
                            "len": 0.9,
                        },
                    }
                ],
                layout={
                    "xaxis": axis("Δη", constrain="domain", showgrid=False),
                    "yaxis": axis("Δφ", scaleanchor="x", constrain="domain", showgrid=False),
                    "hovermode": "closest",
                },
            )
        )
    return charts


def examples(comparison: Comparison) -> Chart | None:
    """Some pictures of each class, a row a class; None where the events are no pictures."""
    found = (comparison.sample or {}).get("pictures")
    if not found:
        return None
    pixels = np.frombuffer(base64.b64decode(found["pixels"]), np.uint8).reshape(found["shape"])
    across = int(found["across"])
    names = [name if i == 0 else "" for name in found["classes"] for i in range(across)]
    return gallery("examples", "Examples", "A row for each class.", pixels, captions=names, columns=across)


def class_keys(comparison: Comparison) -> list[Key]:
    """The legend that all charts by class share."""
    classes = comparison.classes
    return [Key(name, class_colour(i, len(classes)), "fill") for i, name in enumerate(classes)]
