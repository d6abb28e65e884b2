"""What matters to an analysis: does the tagger depend on the jet's momentum, does it carve the background's mass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.data import Predictions
from kaon.errors import DataError
from kaon.evaluate import mass_sculpting, rejection_against, working_point
from kaon.report.charts.chart import Chart, Key, Missing, axis, label, model_key, model_style, numbers, pretty
from kaon.report.runs import Comparison

__all__ = ["rejection_by_pt", "sculpting"]

_EFFICIENCY = 0.5
_PT_BINS = (4, 8)
_MASS_BINS = (12, 40)


def rejection_by_pt(comparison: Comparison) -> Chart | Missing:
    """Background rejection in bins of the jet pT, at the same signal efficiency in every bin."""
    title = "Rejection against jet pT"
    by_model = _with_spectator(comparison, "jet_pt")
    if not by_model:
        return Missing(title, _reason("jet_pt"))
    pt = np.asarray(next(iter(by_model.values()))[0].spectators["jet_pt"], np.float64)
    bins = int(np.clip(_background_left(by_model) / 6, *_PT_BINS))
    edges = np.unique(np.quantile(pt, np.linspace(0, 1, bins + 1)))
    if len(edges) < 2:
        return Missing(title, "All test jets have the same pT, so nothing can depend on it.")
    centres, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    data, keys = [], []
    for number, (model, several) in enumerate(by_model.items()):
        curves = [rejection_against(p, against="jet_pt", bins=edges, signal_efficiency=_EFFICIENCY) for p in several]
        value, error = np.stack([c.value for c in curves]), np.stack([c.error for c in curves])  # (seeds, bins)
        colour, dash = model_style(list(comparison.models).index(model))
        shift = (number - (len(by_model) - 1) / 2) * 0.05 * width
        data.append(
            {
                "x": numbers(centres + shift),
                "y": numbers(value.mean(axis=0)),
                "error_y": {
                    "type": "data",
                    "array": numbers(error.mean(axis=0)),
                    "color": colour,
                    "thickness": 1.25,
                    "width": 0,
                },
                "customdata": [f"{low:,.0f} – {high:,.0f} GeV" for low, high in pairwise(edges)],
                "mode": "lines+markers",
                "line": {"color": colour, "dash": dash, "width": 1.5},
                "marker": {"color": colour, "size": 6},
                "name": label(model),
                "hovertemplate": "%{customdata}<br>1/ε<sub>B</sub> = %{y:,.1f} ± %{error_y.array:,.1f}",
                "meta": {"model": model},
            }
        )
        keys.append(model_key(model, list(comparison.models).index(model)))
    return Chart(
        name="pt",
        title=title,
        caption="Background rejection where half of the signal is kept, with a cut of its own in each bin of equal "
        "population. Flat is a tagger that works alike at all momenta. Mean over the seeds; bars are the statistical "
        "error of the test events, which all seeds share. A point is missing where a seed has no background left. "
        "Points of different models are moved apart for legibility.",
        data=data,
        layout={
            "xaxis": axis("jet p<sub>T</sub> [GeV]"),
            "yaxis": axis("1/ε<sub>B</sub> at ε<sub>S</sub> = 0.5", type="log", autorangeoptions={"minallowed": 0}),
            "hovermode": "closest",
        },
        keys=keys,
        scale=True,
    )


def sculpting(comparison: Comparison) -> Chart | Missing:
    """Background mass before and after a cut on the score, with the divergence of the two.

    Raises:
        DataError: no model leaves background after its cut, or the masses are not finite.
    """
    title = "Mass sculpting"
    by_model = _with_spectator(comparison, "jet_mass")
    if not by_model:
        return Missing(title, _reason("jet_mass"))
    first = next(iter(by_model.values()))[0]
    edges = _mass_edges(first, int(np.clip(2 * np.sqrt(_background_left(by_model)), *_MASS_BINS)))
    data: list[dict[str, Any]] = []
    keys: list[Key] = []
    before: NDArray[np.float64] | None = None
    failure = DataError("no background is left after the cut of any model")
    for model, several in by_model.items():
        number = list(comparison.models).index(model)
        colour, dash = model_style(number)
        key = model_key(model, number)
        try:
            found = [mass_sculpting(p, mass="jet_mass", efficiency=_EFFICIENCY, bins=edges) for p in several]
        except DataError as error:  # a model so good that a seed leaves no background to look at
            failure = error
            keys.append(replace(key, text=f"{model}: too little background left"))
            continue
        divergence = np.array([f.divergence for f in found])
        spread = f" ± {divergence.std(ddof=1):.3f}" if len(found) > 1 else ""
        chance = f"chance {np.mean([f.floor for f in found]):.3f}"
        keys.append(replace(key, text=f"{model}: JSD {divergence.mean():.3f}{spread} ({chance})"))
        before = found[0].before
        data.append(_step(edges, np.mean([f.after for f in found], axis=0), colour, dash, label(model), model))
    if before is None:
        raise failure
    background = " or ".join(comparison.classes[:-1])
    reference = {
        **_step(edges, before, "class-1", "solid", "before the cut", ""),
        "fill": "tozeroy",
        "fillcolor": "class-1/18",
    }
    return Chart(
        name="mass",
        title=title,
        caption=f"Jet mass of {background}, each of unit area: filled before, lines after the cut that keeps half of "
        "the signal. A line that leaves the filled shape makes background look like signal. JSD is the Jensen-Shannon "
        "divergence of the two in bits, 0 for equal and 1 for disjoint shapes; in brackets what chance alone gives "
        "with the events that are left. Mean over the seeds.",
        data=[reference, *data],
        layout={
            "xaxis": axis("jet mass [GeV]"),
            "yaxis": axis(f"share of background per {pretty(edges[1] - edges[0])} GeV", rangemode="tozero"),
            "hovermode": "x unified",
        },
        keys=[Key("before the cut", "class-1", "fill"), *keys],
    )


def _with_spectator(comparison: Comparison, name: str) -> dict[str, list[Predictions]]:
    """Labelled test predictions that carry this column, by model."""
    found = {
        model: [p for run in runs if (p := run.labelled()) is not None and name in p.spectators]
        for model, runs in comparison.models.items()
    }
    return {model: several for model, several in found.items() if several}


def _reason(name: str) -> str:
    return (
        f"No run kept the column {name} beside its labelled test predictions; "
        f"events with {name} among their columns make this chart appear, and so does --spectators {name}=COLUMN."
    )


def _background_left(by_model: Mapping[str, Sequence[Predictions]]) -> float:
    """Background events that pass the cut of the model that leaves the fewest."""
    left = []
    for several in by_model.values():
        background = (several[0].labels != len(several[0].classes) - 1).sum()
        left.append(background * working_point(several[0], signal_efficiency=_EFFICIENCY).background_efficiency)
    return max(float(min(left)), 0.0)


def _mass_edges(predictions: Predictions, bins: int) -> NDArray[np.float64]:
    """Bins of equal width that hold all but the highest half per cent of the background."""
    background = predictions.labels != len(predictions.classes) - 1
    mass = np.asarray(predictions.spectators["jet_mass"], np.float64)[background]
    if not np.isfinite(mass).all():
        raise DataError(
            f"{int((~np.isfinite(mass)).sum())} of {len(mass)} background jets have a mass that is NaN or infinite"
        )
    low, high = (float(q) for q in np.quantile(mass, (0.0, 0.995)))
    return np.linspace(low, high if high > low else low + 1, bins + 1)


def _step(
    edges: NDArray[np.float64], share: NDArray[np.float64], colour: str, dash: str, name: str, model: str
) -> dict[str, Any]:
    return {
        "x": numbers(edges),
        "y": numbers(np.append(share, share[-1:])),
        "mode": "lines",
        "line": {"shape": "hv", "color": colour, "dash": dash, "width": 1.75},
        "name": name,
        "hovertemplate": "%{y:.3g}",
        **({"meta": {"model": model}} if model else {}),
    }
