"""Each publication figure: which numbers it shows and how. One function a figure, each from finished runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from kaon.data import Predictions
from kaon.errors import DataError
from kaon.evaluate import (
    RejectionCurve,
    calibration_curve,
    expected_calibration_error,
    mass_sculpting,
    overtraining_check,
    rejection_against,
    rejection_curve,
    significance_improvement,
    working_point,
)
from kaon.report.canvas import COLOURS, MARKERS, Canvas, plain
from kaon.report.runs import Comparison, RunRecord

__all__ = [
    "DRAWINGS",
    "calibration",
    "mass",
    "rejection_by_pt",
    "roc",
    "scores",
    "significance",
    "training",
]

Array = NDArray[np.float64]
Paper = Callable[..., Canvas]
"""Canvas(note, ratio=...) in the style asked for."""

_GRID = np.linspace(0.01, 1.0, 199)
_EFFICIENCY = 0.5
_BELIEVED = 1 / 3
"""Largest relative statistical error of a rejection that is drawn: about nine background events left."""

_SIGNAL = r"$\varepsilon_{\mathrm{S}}$"
_BACKGROUND = r"$\varepsilon_{\mathrm{B}}$"


def roc(comparison: Comparison, paper: Paper) -> dict[str, Figure]:
    """Background rejection against signal efficiency, and below it the ratio to the first model.

    Lines are the mean over the seeds; bands span the seeds, or show the statistical error where there is one seed.
    A curve begins where the background that is left is known to better than a third.
    """
    tests = _tests(comparison)
    if not tests:
        return {}
    canvas = paper(_versus(comparison), ratio=len(tests) > 1)
    handles: list[Any] = []
    reference: Array | None = None
    for number, (model, several) in tests.items():
        curves = [rejection_curve(p, signal_efficiency=_GRID) for p in several]
        mean, low, high = _over_seeds(curves)
        reference = mean if reference is None else reference
        label = f"{plain(model)}, AUC {_mean_spread(_metric(comparison, model, 'auc'))}"
        handles.append(_line(canvas, number, _GRID, mean, low, high, label))
        if canvas.ratio:
            with np.errstate(invalid="ignore"):
                _line(canvas, number, _GRID, mean / reference, low / reference, high / reference, "", lower=True)
    guess = canvas.main.plot(_GRID, 1 / _GRID, color="0.5", ls=":", zorder=1, label="random choice")
    canvas.main.set(yscale="log", xlim=(0, 1), ylabel=f"Background rejection 1/{_BACKGROUND}")
    canvas.main.set_ylim(bottom=0.8)
    canvas.lower.set_xlabel(f"Signal efficiency {_SIGNAL}")
    if canvas.ratio:
        first = next(iter(tests.values()))[0]
        canvas.lower.set_ylabel(f"Ratio to\n{plain(first) if len(first) <= 10 else 'the first'}", loc="center")
        canvas.lower.set_ylim(bottom=0)
    return {"roc": canvas.finish([*handles, *guess])}


def significance(comparison: Comparison, paper: Paper) -> dict[str, Figure]:
    """Significance improvement against signal efficiency, where the background left is known to better than 20%."""
    tests = _tests(comparison)
    if not tests:
        return {}
    canvas = paper(_versus(comparison))
    handles: list[Any] = []
    for number, (model, several) in tests.items():
        found = [significance_improvement(p) for p in several]
        curves = np.stack([_on_grid(f.signal_efficiency[f.reliable], f.value[f.reliable]) for f in found])
        best = _mean_spread(np.array([f.maximum.value for f in found]), 2)
        low, high = curves.min(axis=0), curves.max(axis=0)
        handles.append(_line(canvas, number, _GRID, curves.mean(axis=0), low, high, f"{plain(model)}, max. {best}"))
    guess = canvas.main.plot(_GRID, np.sqrt(_GRID), color="0.5", ls=":", zorder=1, label="random choice")
    canvas.main.set(xlabel=f"Signal efficiency {_SIGNAL}", xlim=(0, 1))
    canvas.main.set_ylabel(r"Significance improvement $\varepsilon_{\mathrm{S}}\,/\,\varepsilon_{\mathrm{B}}^{1/2}$")
    canvas.main.set_ylim(bottom=0)
    return {"significance": canvas.finish([*handles, *guess])}


def scores(comparison: Comparison, paper: Paper) -> dict[str, Figure]:
    """Signal score of each class, test filled and training as points: one figure a model, of its first seed."""
    figures = {}
    edges = np.linspace(0, 1, 41)
    centres, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    for model, runs in comparison.models.items():
        run = next((r for r in runs if r.labelled() is not None), None)
        test = None if run is None else run.labelled()
        if run is None or test is None:
            continue
        train = run.labelled("train")
        seed = f", seed {run.seed}" if len(runs) > 1 else ""
        canvas = paper(f"{plain(model)}{seed}")
        agreement = {} if train is None else overtraining_check(train, test)
        handles: list[Any] = []
        smallest = []
        for i, name in enumerate(test.classes):
            colour = COLOURS[1 if i == len(test.classes) - 1 else 0 if i == 0 else i + 1]
            density, _ = _density(test, i, edges)
            canvas.main.stairs(density, edges, fill=True, color=colour, alpha=0.3)
            canvas.main.stairs(density, edges, color=colour)
            handles.append(Patch(facecolor=(colour, 0.3), edgecolor=colour, label=f"{plain(name)}, test"))
            smallest += density[density > 0].tolist()
            if train is not None:
                dots, error = _density(train, i, edges)
                p_value = f" (KS $p$ = {agreement[name].p_value:.2g})" if name in agreement else ""
                drawn = dots > 0
                handles.append(
                    canvas.main.errorbar(
                        centres[drawn],
                        dots[drawn],
                        np.minimum(error, 0.99 * dots)[drawn],
                        width[drawn] / 2,
                        fmt=MARKERS[i],
                        color=colour,
                        mec="black",
                        mew=0.5,
                        label=f"{plain(name)}, training{p_value}",
                    )
                )
        canvas.main.set(yscale="log", xlim=(0, 1), ylabel="Events, normalised to unit area")
        canvas.main.set_ylim(bottom=0.5 * min(smallest, default=0.1))
        canvas.main.set_xlabel(f"Score for {plain(test.classes[-1])}")
        figures[f"scores_{model}"] = canvas.finish(handles)
    return figures


def calibration(comparison: Comparison, paper: Paper) -> dict[str, Figure]:
    """Observed share of signal against the score: the first seed of each model."""
    tests = _tests(comparison)
    if not tests:
        return {}
    canvas = paper(_versus(comparison))
    for number, (model, several) in tests.items():
        balanced = _balanced(comparison.models[model][0])
        signal = several[0].classes[-1]
        errors = np.array([expected_calibration_error(p, balanced=balanced, signal=signal) for p in several])
        curve = calibration_curve(several[0], balanced=balanced)
        canvas.main.errorbar(
            curve.predicted,
            curve.observed,
            curve.error,
            fmt=f"{MARKERS[number % 10]}-",
            color=COLOURS[number % 10],
            label=f"{plain(model)}, ECE {_mean_spread(errors, 3)}",
        )
    canvas.main.plot([0, 1], [0, 1], color="0.5", ls=":", zorder=1, label="perfect")
    canvas.main.set(xlim=(0, 1), xlabel=f"Score for {plain(comparison.classes[-1])}", ylabel="Observed share of signal")
    canvas.main.set_ylim(min(0.0, canvas.main.dataLim.y0), max(1.0, canvas.main.dataLim.y1))
    figure = canvas.finish()
    canvas.main.set_yticks(np.linspace(0, 1, 6))
    canvas.main.set_yticks(np.linspace(0, 1, 21), minor=True)
    return {"calibration": figure}


def rejection_by_pt(comparison: Comparison, paper: Paper) -> dict[str, Figure]:
    """Background rejection in bins of the jet pT, half of the signal kept in each; an arrow is a 95% lower limit."""
    tests = _tests(comparison, "jet_pt")
    if not tests:
        return {}
    canvas = paper(_versus(comparison))
    pt = np.asarray(next(iter(tests.values()))[1][0].spectators["jet_pt"], np.float64)
    edges = np.unique(np.quantile(pt, np.linspace(0, 1, 9)))
    if len(edges) < 2:
        return {}
    centres, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    lowest = float("inf")
    handles: list[Any] = []
    limits = False
    for place, (number, (model, several)) in enumerate(tests.items()):
        found = [rejection_against(p, against="jet_pt", bins=edges, signal_efficiency=_EFFICIENCY) for p in several]
        value, error, lower = (np.stack(v).mean(axis=0) for v in list(zip(*found, strict=True))[1:])
        shift = (place - (len(tests) - 1) / 2) * min(0.12, 0.8 / len(tests)) * width
        colour, marker = COLOURS[number % 10], MARKERS[number % 10]
        known, limited = np.isfinite(value), np.isinf(value)
        points = canvas.main.errorbar(
            (centres + shift)[known],
            value[known],
            np.minimum(error[known], 0.99 * value[known]),
            (width / 2 + np.array([[1], [-1]]) * shift)[:, known],
            fmt=marker,
            color=colour,
            label=plain(model),
        )
        handles.append(points)
        if limited.any():
            canvas.main.vlines((centres + shift)[limited], lower[limited], 1.6 * lower[limited], color=colour)
            canvas.main.plot((centres + shift)[limited], lower[limited], "_", color=colour)
            canvas.main.plot((centres + shift)[limited], 1.6 * lower[limited], "^", color=colour)
            limits = True
        ends = value[known] - np.minimum(error[known], 0.9 * value[known]), lower[limited]
        lowest = min(lowest, *(float(np.min(e, initial=np.inf)) for e in ends))
    canvas.main.set(yscale="log", xlim=(edges[0], edges[-1]), xlabel=r"Jet $p_{\mathrm{T}}$ [GeV]")
    canvas.main.set_ylabel(f"Rejection 1/{_BACKGROUND} at {_SIGNAL} = {_EFFICIENCY:g}")
    if np.isfinite(lowest):
        canvas.main.set_ylim(bottom=0.7 * lowest)
    if limits:
        handles.append(Line2D([], [], color="0.4", marker="^", label="lower limit, 95% CL"))
    return {"rejection_pt": canvas.finish(handles)}


def mass(comparison: Comparison, paper: Paper) -> dict[str, Figure]:
    """Background mass before and after the cut that keeps half of the signal, and the ratio of the two.

    The divergence is that of 40 bins; with it stands the one that chance alone would give. Where little background is
    left, bins are drawn together for legibility.
    """
    tests = _tests(comparison, "jet_mass")
    if not tests:
        return {}
    first = next(iter(tests.values()))[1][0]
    of_background = np.asarray(first.spectators["jet_mass"], np.float64)[first.labels != len(first.classes) - 1]
    low, high = np.quantile(of_background[np.isfinite(of_background)], (0.0, 0.995))
    edges = np.linspace(low, high if high > low else low + 1, 41)
    background = " or ".join(plain(c) for c in comparison.classes[:-1])
    found = {}
    for number, (_, several) in tests.items():
        # A model so good that a seed leaves no background to look at is left out.
        with suppress(DataError):
            found[number] = [mass_sculpting(p, mass="jet_mass", efficiency=_EFFICIENCY, bins=edges) for p in several]
    tests = {number: tests[number] for number in found}
    if not tests:
        return {}
    canvas = paper(f"{background}, {_SIGNAL} = {_EFFICIENCY:g}", ratio=True)
    drawn = edges[:: _merged(min(_left(p) for _, several in tests.values() for p in several))]
    before = _merge(next(iter(found.values()))[0].before, edges, drawn)
    canvas.main.stairs(before, drawn, fill=True, color="0.85")
    handles: list[Any] = [Patch(color="0.85", label="before the cut")]
    for number, (model, _) in tests.items():
        after = _merge(np.mean([f.after for f in found[number]], axis=0), edges, drawn)
        divergence = _mean_spread(np.array([f.divergence for f in found[number]]), 3)
        chance = np.mean([f.floor for f in found[number]])
        colour = COLOURS[number % 10]
        canvas.main.stairs(after, drawn, color=colour)
        handles.append(Line2D([], [], color=colour, label=f"{plain(model)}, JSD {divergence} (chance {chance:.3f})"))
        ratio = np.divide(after, before, out=np.full_like(after, np.nan), where=before > 0)
        canvas.lower.stairs(ratio, drawn, color=colour, baseline=None)
    canvas.lower.axhline(1, color="0.5", lw=1, zorder=1)
    canvas.main.set(xlim=(edges[0], edges[-1]), ylabel="Share of background / GeV")
    canvas.main.set_ylim(bottom=0)
    canvas.lower.set(xlabel="Jet mass [GeV]")
    canvas.lower.set_ylabel("After /\nbefore", loc="center")
    canvas.lower.set_ylim(0, min(max(2.0, 1.15 * float(canvas.lower.dataLim.y1)), 6.0))
    return {"mass_sculpting": canvas.finish(handles)}


def training(comparison: Comparison, paper: Paper) -> dict[str, Figure]:
    """Loss by epoch in training and validation, one figure a model, a line a seed.

    Below it the validation AUC, or the accuracy of more than two classes.
    """
    figures = {}
    for number, (model, runs) in enumerate(comparison.models.items()):
        logs = [r.log for r in runs if np.isfinite(r.log.get("train_loss", r.log.get("validation_loss", []))).any()]
        if not logs:
            continue
        level, name = ("validation_accuracy", "accuracy") if comparison.many else ("validation_auc", "AUC")
        with_level = [log for log in logs if np.isfinite(log.get(level, [])).any()]
        seeds = f", {len(runs)} seeds" if len(runs) > 1 else ""
        canvas = paper(f"{plain(model)}{seeds}", ratio=bool(with_level))
        colour = COLOURS[number % 10]
        for log in logs:
            for column, line in (("train_loss", "--"), ("validation_loss", "-")):
                values = log.get(column, np.array([]))
                canvas.main.plot(np.arange(len(values)) + 1, values, line, color=colour, **_dot(values))
        for log in with_level:
            values = log[level]
            canvas.lower.plot(np.arange(len(values)) + 1, values, color=colour, **_dot(values))
        longest = max(len(next(iter(log.values()))) for log in logs)
        canvas.lower.set(xlabel="Epoch", xlim=(1, longest) if longest > 1 else (0.5, 1.5))
        canvas.lower.xaxis.set_major_locator(MaxNLocator(integer=True))
        canvas.main.set_ylabel("Mean loss")
        if with_level:
            canvas.lower.set_ylabel(f"Validation\n{name}", loc="center")
        handles = [Line2D([], [], color=colour, ls=ls, label=n) for n, ls in (("training", "--"), ("validation", "-"))]
        figures[f"training_{model}"] = canvas.finish(handles)
    return figures


DRAWINGS = (roc, significance, scores, calibration, rejection_by_pt, mass, training)
"""All of them, in the order of a paper."""


def _tests(comparison: Comparison, spectator: str | None = None) -> dict[int, tuple[str, list[Predictions]]]:
    """Number of each model -> its name and its labelled test predictions (with that spectator)."""
    found: dict[int, tuple[str, list[Predictions]]] = {}
    for number, (model, runs) in enumerate(comparison.models.items()):
        several = [p for run in runs if (p := run.labelled()) is not None]
        several = [p for p in several if spectator is None or spectator in p.spectators]
        if several:
            found[number] = (model, several)
    return found


def _versus(comparison: Comparison) -> str:
    *background, signal = comparison.classes
    return f"{plain(signal)} vs {' or '.join(plain(b) for b in background)}"


def _over_seeds(curves: Sequence[RejectionCurve]) -> tuple[Array, Array, Array]:
    """Mean, lower and upper end of a rejection over the seeds; NaN where one of them is too uncertain."""
    values, errors = np.stack([c.value for c in curves]), np.stack([c.error for c in curves])
    believed = (np.isfinite(values) & (errors <= _BELIEVED * values)).all(axis=0)
    values, errors = np.where(believed, values, np.nan), np.where(believed, errors, np.nan)
    mean = values.mean(axis=0)
    if len(curves) > 1:
        return mean, values.min(axis=0), values.max(axis=0)
    return mean, mean - errors[0], mean + errors[0]


def _line(
    canvas: Canvas, number: int, x: Array, mean: Array, low: Array, high: Array, label: str, *, lower: bool = False
) -> Any:
    ax, colour = canvas.lower if lower else canvas.main, COLOURS[number % 10]
    ax.fill_between(x, low, high, color=colour, alpha=0.25, lw=0)
    (line,) = ax.plot(x, mean, color=colour, ls=("-", "--", "-.")[number // 10 % 3], label=label)
    return line


def _on_grid(x: Array, y: Array) -> Array:
    order = np.argsort(x, kind="stable")  # negative weights make an efficiency fall in places
    return np.asarray(np.interp(_GRID, x[order], y[order], left=np.nan, right=np.nan), np.float64)


def _density(predictions: Predictions, number: int, edges: Array) -> tuple[Array, Array]:
    """Signal score of one class with unit area, and its statistical error, per bin."""
    chosen = predictions.labels == number
    score, weight = predictions.signal_score[chosen], predictions.weights[chosen]
    sums, squares = (np.histogram(score, edges, weights=weight**p)[0] for p in (1, 2))
    area = max(float(sums.sum()), np.finfo(float).tiny) * np.diff(edges)
    return sums / area, np.sqrt(squares) / area


def _left(predictions: Predictions) -> float:
    """Background events that the cut leaves."""
    background = predictions.labels != len(predictions.classes) - 1
    threshold = working_point(predictions, signal_efficiency=_EFFICIENCY).threshold
    return float((predictions.signal_score[background] >= threshold).sum())


def _merged(left: float) -> int:
    """How many of 40 bins to draw as one, so that some five events fall into each on average."""
    return next((n for n in (1, 2) if left * n >= 5 * 40), 4)


def _merge(share: Array, edges: Array, drawn: Array) -> Array:
    """Share per GeV in the wider bins."""
    return np.asarray(np.add.reduceat(share, np.searchsorted(edges, drawn[:-1])) / np.diff(drawn), np.float64)


def _metric(comparison: Comparison, model: str, name: str) -> Array:
    values = [run.metrics.get(name) for run in comparison.models[model]]
    return np.array([v for v in values if v is not None], np.float64)


def _mean_spread(values: Array, digits: int = 4) -> str:
    if not len(values):
        return "unknown"
    spread = f" ± {values.std(ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{values.mean():.{digits}f}{spread}"


def _balanced(run: RunRecord) -> bool:
    """Whether the training gave all classes the same weight."""
    options = run.config.get("train")
    return isinstance(options, Mapping) and options.get("class_weights") == "balanced"


def _dot(values: Array) -> dict[str, Any]:
    """A line of one epoch would be invisible."""
    return {"marker": "o"} if len(values) == 1 else {}
