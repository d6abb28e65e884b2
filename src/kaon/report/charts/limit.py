"""An upper limit on the signal strength, with the bands that chance allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kaon.report.charts.chart import Chart, Key, axis, numbers

__all__ = ["limit_chart"]


def limit_chart(expected: Sequence[float], observed: float | None, level: float = 0.95) -> Chart:
    """Observed limit over the bands expected without signal.

    Args:
        expected: at -2, -1, 0, 1, 2 standard deviations.
        observed: from the data; None without data.
        level: of confidence.
    """
    data: list[dict[str, Any]] = []
    for low, high, shade in ((0, 4, "class-3/35"), (1, 3, "class-2/60")):
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "base": numbers([expected[low]]),
                "x": numbers([expected[high] - expected[low]]),
                "y": [0],
                "width": [0.5],
                "marker": {"color": shade, "line": {"width": 0}},
                "hovertemplate": f"{expected[low]:.3g} to {expected[high]:.3g}",
                "name": "95 %" if low == 0 else "68 %",
            }
        )
    keys = [Key("expected, 68 %", "class-2", "fill"), Key("expected, 95 %", "class-3", "fill")]
    marks = [(expected[2], "expected", "muted", "dash")]
    marks += [] if observed is None else [(observed, "observed", "ink", "solid")]
    for value, name, colour, dash in marks:
        line = {"color": colour, "dash": dash, "width": 2.5}
        drawn = {"x": numbers([value, value]), "y": [-0.35, 0.35], "mode": "lines", "line": line}
        data.append({**drawn, "name": name, "hovertemplate": "%{x:.3g}"})
        keys.append(Key(name, colour, "dash" if dash == "dash" else "line"))
    return Chart(
        "limit",
        f"Upper limit on the signal strength at {100 * level:g} %",
        "The bands hold the limit of 68 % and 95 % of experiments without signal. An observed limit far to the right "
        "of them is what a signal looks like.",
        data,
        {
            "barmode": "overlay",
            "hovermode": "closest",
            "xaxis": axis("signal strength μ", rangemode="tozero"),
            "yaxis": axis("", showticklabels=False, range=[-0.6, 0.6], showgrid=False, ticks=""),
        },
        keys,
    )
