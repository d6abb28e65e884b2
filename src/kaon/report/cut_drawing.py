"""Publication figure of a cut: efficiencies and purity, and below them the significance for the expected events."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from kaon.evaluate import best_cut
from kaon.report.canvas import COLOURS, Canvas, plain
from kaon.report.charts.cut import GRID, scan_at
from kaon.report.runs import Comparison

__all__ = ["cut"]


def cut(comparison: Comparison, paper: Callable[..., Canvas]) -> dict[str, Figure]:
    """What passes `score > cut` in the first seed of each model: one figure a model.

    Above: share of signal, share of background, and purity; below: Asimov significance with the uncertainty of the
    background, and S / sqrt(S + B) dotted, where the simulated background that is left is known to better than 20%.
    """
    figures = {}
    expected = comparison.expected
    for model, runs in comparison.models.items():
        test = next((p for run in runs if (p := run.labelled()) is not None), None)
        if test is None:
            continue
        scan = best_cut(
            test,
            signal_events=expected.signal,
            background_events=expected.background,
            background_uncertainty=expected.uncertainty,
        )
        signal, background, purity, asimov, simple = scan_at(scan, GRID)
        numbers = f"S = {expected.signal:,.6g}, B = {expected.background:,.6g} ± {100 * expected.uncertainty:.3g}%"
        canvas = paper(f"{plain(model)}, {numbers}", ratio=True)
        canvas.main.plot(GRID, signal, color=COLOURS[1], label="signal efficiency")
        canvas.main.plot(GRID, background, color=COLOURS[0], label="background efficiency")
        canvas.main.plot(GRID, purity, color="black", ls="--", label="purity")
        canvas.main.set(xlim=(0, 1), ylim=(0, 1), ylabel="Efficiency, purity")
        canvas.lower.plot(GRID, asimov, color=COLOURS[3])
        canvas.lower.plot(GRID, simple, color=COLOURS[3], ls=":")
        canvas.lower.set_ylim(0, max(1.2 * float(np.nanmax([asimov, simple], initial=0.1)), 0.1))
        canvas.lower.set_ylabel("Signifi-\ncance", loc="center")
        canvas.lower.set_xlabel(f"Cut on the score for {plain(test.classes[-1])}")
        handles = [
            *canvas.main.get_legend_handles_labels()[0],
            Line2D([], [], color=COLOURS[3], label=f"Asimov, at best {scan.maximum.value:.2f}"),
            Line2D([], [], color=COLOURS[3], ls=":", label=r"$S/\sqrt{S+B}$"),
        ]
        figures[f"cut_{model}"] = canvas.finish(handles)
        canvas.main.set_yticks(np.linspace(0, 1, 6))
        canvas.main.set_yticks(np.linspace(0, 1, 21), minor=True)
    return figures
