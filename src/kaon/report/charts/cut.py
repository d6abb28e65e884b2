"""What a cut on the score leaves: efficiencies and purity, and what it is worth for an expected number of events."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.evaluate import CutScan, best_cut
from kaon.report.charts.chart import Chart, Key, Missing, axis, label, model_key, model_style, numbers, pretty
from kaon.report.runs import Comparison, Expected

__all__ = ["efficiencies", "gain", "scan_at"]

GRID = np.linspace(0.0, 1.0, 201)
"""Cuts at which curves are drawn."""

_NONE = "There are no labelled test events with both signal and background, so there is no cut to choose."
_CURVES = (
    ("signal efficiency", "signal", "solid"),
    ("background efficiency", "class-1", "solid"),
    ("purity", "ink", "dash"),
)


def efficiencies(comparison: Comparison) -> Chart | Missing:
    """Signal and background efficiency and purity against the cut, one model at a time, its first seed."""
    title = "Efficiencies against the cut"
    data: list[dict[str, Any]] = []
    for model, scan in _scans(comparison).items():
        for (name, colour, dash), values in zip(_CURVES, scan_at(scan, GRID)[:3], strict=True):
            data.append(
                {
                    "x": numbers(GRID),
                    "y": numbers(values),
                    "mode": "lines",
                    "line": {"color": colour, "dash": dash, "width": 2.25},
                    "name": name,
                    "hovertemplate": "%{y:.3f}",
                    "meta": {"model": model},
                }
            )
    if not data:
        return Missing(title, _NONE)
    return Chart(
        name="efficiencies",
        title=title,
        caption="Share of signal and of background whose score is above the cut, and the share of signal among what "
        f"passes, for {_words(comparison.expected)}. The first seed of each model is shown.",
        data=data,
        layout={
            "xaxis": axis(f"cut on the score for {label(comparison.classes[-1])}", range=[0, 1], hoverformat=".3f"),
            "yaxis": axis("efficiency, purity", range=[0, 1.02]),
            "hovermode": "x unified",
        },
        keys=[Key(name, colour, "dash" if dash == "dash" else "line") for name, colour, dash in _CURVES],
        picks=list(dict.fromkeys(str(t["meta"]["model"]) for t in data)),
    )


def gain(comparison: Comparison) -> Chart | Missing:
    """Discovery significance against the cut: Asimov with background uncertainty, and S / sqrt(S + B) dotted."""
    title = "Significance against the cut"
    data: list[dict[str, Any]] = []
    keys = []
    for model, scan in _scans(comparison).items():
        number = list(comparison.models).index(model)
        colour, dash = model_style(number)
        *_, asimov, simple = scan_at(scan, GRID)
        shared = {"x": numbers(GRID), "mode": "lines", "hovertemplate": "%{y:.2f}", "meta": {"model": model}}
        best = f"{model}: {pretty(float(scan.maximum))} at {scan.threshold[scan.best]:.2f}"
        data += [
            {
                **shared,
                "y": numbers(asimov),
                "line": {"color": colour, "dash": dash, "width": 2.25},
                "name": label(model),
            },
            {
                **shared,
                "y": numbers(simple),
                "line": {"color": colour, "dash": "dot", "width": 1.25},
                "name": f"{label(model)}, S / √(S + B)",
            },
        ]
        key = model_key(model, number)
        keys.append(Key(best, key.colour, key.mark, model))
    if not data:
        return Missing(title, _NONE)
    return Chart(
        name="gain",
        title=title,
        caption=f"Expected discovery significance of what passes the cut, for {_words(comparison.expected)}: the "
        "Asimov formula with the uncertainty of the background; dotted S / √(S + B), which knows none. The legend "
        "gives the largest significance and the cut where it is reached. Drawn where the simulated background that is "
        "left is known to better than 20 %. The first seed of each model.",
        data=data,
        layout={
            "xaxis": axis(f"cut on the score for {label(comparison.classes[-1])}", range=[0, 1], hoverformat=".3f"),
            "yaxis": axis("significance [σ]", rangemode="tozero"),
            "hovermode": "x unified",
        },
        keys=keys,
    )


def scan_at(scan: CutScan, cuts: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Signal efficiency, background efficiency, purity, Asimov significance and S / sqrt(S + B) at these cuts, each
    (cuts,); the significances are NaN where too little simulated background is left to believe them.
    """
    # Thresholds fall; what passes `score >= cut` is what passes the last threshold that is not below the cut.
    last = np.searchsorted(-scan.threshold, -cuts, side="right") - 1
    both = scan.signal + scan.background
    # Negative weights can take a sum below zero.
    simple = np.divide(scan.signal, np.sqrt(np.maximum(both, 0)), out=np.full_like(both, np.nan), where=both > 0)
    believed = scan.reliable
    columns = (
        scan.signal_efficiency,
        scan.background_efficiency,
        scan.purity,
        np.where(believed, scan.significance, np.nan),
        np.where(believed, simple, np.nan),
    )
    return tuple(column[np.maximum(last, 0)] for column in columns)


def _scans(comparison: Comparison) -> dict[str, CutScan]:
    found = {}
    expected = comparison.expected
    for model, runs in comparison.models.items():
        tests = [p for run in runs if (p := run.labelled()) is not None]
        if tests:
            found[model] = best_cut(
                tests[0],
                signal_events=expected.signal,
                background_events=expected.background,
                background_uncertainty=expected.uncertainty,
            )
    return found


def _words(expected: Expected) -> str:
    return (
        f"{pretty(expected.signal)} signal and {pretty(expected.background)} background events before the cut, the "
        f"latter known to {pretty(100 * expected.uncertainty)} %"
    )
