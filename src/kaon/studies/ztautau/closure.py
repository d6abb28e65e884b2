"""Estimated backgrounds of the pseudo-data beside what they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kaon.analysis import Analysis, analyse
from kaon.analysis.backgrounds.closure import Closure, closure
from kaon.analysis.backgrounds.uncertain import Uncertain, summed
from kaon.analysis.counts import Counts
from kaon.analysis.entries import DATA
from kaon.data import Events
from kaon.data.cuts import parse
from kaon.data.io import read
from kaon.report.charts.chart import Chart
from kaon.report.charts.points import Series, points
from kaon.report.frame import Section
from kaon.report.study import Result, ResultRow, Value
from kaon.report.table import Column
from kaon.studies.base import Context, Scale, Study, machine
from kaon.studies.ztautau.events import PREFIX, configuration, ntuples

__all__ = ["ALL", "CLOSURE", "MULTIJET", "REGIONS", "W", "closures", "estimate"]

ALL, W, MULTIJET = "all backgrounds", "W", "multijet"
REGIONS = ("signal", "preselection", "qcd_w_opposite")
"""Where multijets are estimated; in the others the data themselves stand for them."""

_TRUTH = Path("truth") / "data.parquet"
_MADE = {W: ("Wmunu", "Wtaunu"), MULTIJET: ("QCD",)}


_SIGNAL_SHARE = 0.8
"""Less than in the recipe: backgrounds are what is tested, and taus are what takes the time."""
_QUESTION = "Are the estimated backgrounds true?"
_COLUMNS = (
    Column("estimated", "Estimated", 0, "events, from the data themselves; with its uncertainty", decimals=1),
    Column("true", "True", 0, "events that were drawn", decimals=0),
    Column("pull", "Pull", 0, "(estimated - true) / uncertainty of the difference", decimals=2),
)


def estimate(folder: Path) -> Analysis:
    """The shipped analysis without its scores, histograms and fit: cuts, regions and background estimates."""
    return analyse(configuration(folder, multijet=False, changes={"scores": None, "histograms": None, "fit": None}))


def closures(analysis: Analysis, folder: Path) -> dict[str, Closure]:
    """Estimate beside truth in `REGIONS`: of all backgrounds together, of W and of multijets.

    Drawn events fluctuate about what an estimate predicts, so the truth carries the variance of that many events; where
    more were drawn than estimated, of as many as were drawn.

    Args:
        analysis: of the ntuples in the folder.
        folder: with the truth of its pseudo-data.
    """
    truth, drawn = read(str(folder / _TRUTH)), read(str(folder / "data.root"))
    signal = set(analysis.config.signals)
    found = {}
    for what in (ALL, W, MULTIJET):
        true = [n for n in truth.classes if n not in signal] if what == ALL else _MADE[what]
        estimated, counted = {}, {}
        for region in REGIONS:
            here = analysis.yields[region]
            names = [n for n in here if n not in signal | {DATA}] if what == ALL else _names(what, here)
            estimated[region] = summed(here[n] for n in names)
            count = float(_inside(truth, drawn, analysis, region, true).sum())
            variance = max(count, float(estimated[region].values[0]))
            counted[region] = Counts(np.array([count]), np.array([variance]))
        found[what] = closure(estimated, counted)
    return found


def _names(what: str, here: dict[str, Uncertain]) -> Sequence[str]:
    return [MULTIJET] if what == MULTIJET else [n for n in _MADE[what] if n in here]


def _inside(truth: Events, drawn: Events, analysis: Analysis, region: str, classes: Sequence[str]) -> np.ndarray:
    """Which drawn events of these classes lie in a region."""
    config = analysis.config
    columns = {name: drawn[f"{PREFIX}{name}"] for name in config.variables if f"{PREFIX}{name}" in drawn}
    cuts = [*config.selection.values(), *config.regions[region].cuts.values()]
    passed = np.logical_and.reduce([parse(cut).mask(columns) for cut in cuts])
    return np.asarray(passed & np.isin(truth.labels, [truth.classes.index(c) for c in classes]))


def run(context: Context) -> Result:
    """Estimate the backgrounds of several sets of pseudo-data, and look at the truth afterwards."""
    made = []
    for seed in range(1, 1 + context.trainings):
        folder = ntuples(context, context.scale.events, seed, _SIGNAL_SHARE)
        made.append(closures(estimate(folder), folder))
    rows = [
        ResultRow(f"{what}, {region}", _values(found[what], region), f"simulation {number}")
        for number, found in enumerate(made, start=1)
        for region in REGIONS
        for what in (ALL, W, MULTIJET)
    ]
    return Result(
        context.study,
        context.scale_name,
        _QUESTION,
        "a closure test on pseudo-data, as analyses make it before they look at their signal region",
        _COLUMNS,
        rows,
        summary=_summary(made),
        notes=_NOTES,
        facts={
            "Events": f"{context.scale.events:,} simulated events of six processes in each simulation, and as many "
            "for its pseudo-data",
            "Simulations": f"{len(made)}, with seeds of their own",
            "Machine": machine(),
        },
        sections=[Section("pulls", "How far off?", _LEAD, [_figure(made)])],
    )


def _values(closed: Closure, region: str) -> dict[str, Value]:
    i = closed.regions.index(region)
    estimated, pull = closed.estimated, float(closed.pulls[i])
    return {
        "estimated": Value(float(estimated.values[i]), error=float(estimated.errors[i])),
        "true": Value(float(closed.true.values[i])),
        "pull": Value(pull if np.isfinite(pull) else None),
    }


def _summary(made: Sequence[Mapping[str, Closure]]) -> list[str]:
    said = []
    for what in (ALL, W, MULTIJET):
        pulls = np.array([pull for found in made for pull in found[what].pulls])
        worst = np.abs(pulls).max()
        within = [int((np.abs(pulls) < n).sum()) for n in (1, 2)]
        said.append(
            f"{what}: {within[0]} of {len(pulls)} estimates within one standard deviation of the truth, {within[1]} "
            f"within two, the farthest {worst:.1f} away."
        )
    return said


def _figure(made: Sequence[Mapping[str, Closure]]) -> Chart:
    kinds = [(what, region) for what in (ALL, W, MULTIJET) for region in REGIONS]
    series = [
        Series(
            f"simulation {number}",
            [f"{what}, {region}" for what, region in kinds],
            [float(found[what].pulls[found[what].regions.index(region)]) for what, region in kinds],
            (),
            f"series-{1 + (number - 1) % 8}",
            "point",
        )
        for number, found in enumerate(made, start=1)
    ]
    caption = "Of honest estimates two thirds lie between −1 and 1. Regions of one simulation share events."
    drawn = points("pulls", "(estimated − true) / uncertainty", caption, series, x="", y="pull")
    return replace(drawn, size="full")


_LEAD = (
    "The rates of W and of multijets in the pseudo-data differ from the simulation by factors that the estimates do "
    "not know. Multijets come from events of the same sign, W is normalised where the transverse mass is large, all "
    "else is simulation."
)
_NOTES = (
    "The uncertainty is that of the counts, of data and simulation, with what regions share; the truth carries the "
    "Poisson error of as many events, because drawn events fluctuate about what an estimate predicts.",
)

CLOSURE = Study(
    name="ztautau-closure",
    question=_QUESTION,
    source="the background estimates of the study ztautau, after ATLAS, Phys. Rev. D 84 (2011) 112006, arXiv:1108.2016",
    scales={"smoke": Scale(1500, 1), "quick": Scale(3_000, 5), "full": Scale(200_000, 20)},
    run=run,
    recipes=("ztautau",),
)
