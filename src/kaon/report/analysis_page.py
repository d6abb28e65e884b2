"""The page of an analysis: what was seen, what was expected, where that comes from, and what follows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from kaon.analysis import Analysis
from kaon.analysis.entries import DATA
from kaon.files import write_text
from kaon.report.analysis_fitted import fitted_as
from kaon.report.analysis_regions import made_from, regions_shown, regions_with_data
from kaon.report.analysis_stacks import drawn_in, region_stack, stack_of, write_stacks
from kaon.report.analysis_tables import cut_flow, estimates, results, systematics, yields
from kaon.report.analysis_words import answer, question
from kaon.report.canvas import Style
from kaon.report.charts.chart import Chart, Missing
from kaon.report.charts.limit import limit_chart
from kaon.report.charts.stack import stacked, stacked_by
from kaon.report.frame import Section, render
from kaon.report.listing import Listing
from kaon.report.origins import Origin

__all__ = ["write_analysis", "write_analysis_page"]


_BESIDE = {
    "yields": "yields.csv",
    "cut flow": "cutflow.csv",
    "all numbers": "analysis.json",
    "pyhf workspace": "workspace.json",
    "figures": "figures",
    "configuration": "analysis.yaml",
}
"""What the page links to, where it is there: words -> name beside it."""

_STACKED = (
    "Processes upon one another, data as points with Poisson error bars, the uncertainty of the prediction in grey."
)


def write_analysis(
    analysis: Analysis, folder: str | os.PathLike[str], *, style: Style = "atlas"
) -> dict[str, Path | list[Path]]:
    """Write the page and the printed figures of an analysis into the folder of its tables.

    Args:
        analysis: its result.
        folder: made if it does not exist; the page links to the tables and the workspace that are there.
        style: of the figures: `atlas`, `cms` or `plain`.

    Returns:
        `report`, the page, and `figures`, PDF and PNG of every histogram in every region.

    Raises:
        UnknownName: no such style.
        DataError: a folder that cannot be written.
    """
    home = Path(folder)
    figures = write_stacks(analysis, home / "figures", style)
    there = {title: name for title, name in _BESIDE.items() if (home / name).exists()}
    return {"report": write_analysis_page(analysis, home / "report.html", there), "figures": figures}


def write_analysis_page(
    analysis: Analysis, path: str | os.PathLike[str], pages: Mapping[str, str] | None = None
) -> Path:
    """Write the interactive page of an analysis, which needs nothing but itself.

    Args:
        analysis: its result.
        path: the HTML file to write.
        pages: what lies beside it: words -> path relative to the page, for example of the workspace.

    Raises:
        DataError: the file cannot be written.
    """
    return write_text(path, _render(analysis, dict(pages or {})))


def _render(analysis: Analysis, pages: dict[str, str]) -> str:
    first = analysis.config.region_label(regions_shown(analysis)[0])
    return render(
        "analysis.html.jinja",
        [section for section in _sections(analysis) if section.items],
        _origins(analysis),
        question=question(analysis),
        models=(),
        best=first,
        answer=[sentence.replace(" ± ", "\u00a0±\u00a0") for sentence in answer(analysis)],
        facts=_facts(analysis),
        yields=yields(analysis),
        pages=pages,
    )


def _sections(analysis: Analysis) -> list[Section]:
    simulated = bool(analysis.processes)
    return [
        Section(
            "fit",
            "What does the fit say?",
            "All regions and bins of the fit at once, with every uncertainty as a parameter that the data may move.",
            _fit(analysis),
        ),
        Section(
            "regions",
            "Do the regions agree?" if simulated else "How many events are in the regions?",
            "Events of every region, and how far the data are from the prediction in standard deviations. An estimate "
            "from data brings its own control region into agreement; the others test it."
            if simulated
            else "Data alone: there is no simulation to compare them with.",
            _regions(analysis),
        ),
        Section(
            "histograms",
            "What do the distributions look like?",
            f"{_STACKED if simulated else 'Data, with Poisson error bars.'} What lies beyond the edges is in the first "
            "and the last bin. Pick a region in any chart.",
            _histograms(analysis),
        ),
        Section(
            "estimates",
            "Where does the background come from?",
            "What is not taken from simulation is measured in control regions.",
            [estimates(analysis)] if analysis.config.estimates else [],
        ),
        Section(
            "systematics",
            "What is uncertain?",
            "Sources of systematic uncertainty, the largest first.",
            [] if (found := systematics(analysis)) is None else [found],
        ),
        Section("cutflow", "What did each cut do?", "From all events in the files to the regions.", cut_flow(analysis)),
    ]


def _fit(analysis: Analysis) -> list[Chart | Missing | Listing]:
    table = results(analysis)
    if analysis.fit is None or table is None:
        return []
    limit = analysis.fit.limit
    return [table] if limit is None else [table, limit_chart(limit.expected, limit.observed, limit.level)]


def _regions(analysis: Analysis) -> list[Chart | Missing | Listing]:
    compared = [r for r in analysis.config.regions if r in regions_with_data(analysis)]
    caption = "A pull is (data − prediction) over the uncertainty of the two." if analysis.processes else ""
    if filled := [analysis.config.region_label(r) for r in compared if made_from(analysis, r)]:
        caption += f" By construction there is none in {', '.join(filled)}: a background is estimated from their data."
    if left_out := [analysis.config.region_label(r) for r in analysis.config.regions if r not in compared]:
        caption += f" Left out, being blind: {', '.join(left_out)}."
    stack = region_stack(analysis, compared)
    several = bool(analysis.processes)  # which span decades; data alone are compared with nothing but each other
    return [
        stacked("regions", "Events", stack, caption=caption.strip(), logarithmic=several, lower="pulls", size="full")
    ]


def _histograms(analysis: Analysis) -> list[Chart | Missing | Listing]:
    items: list[Chart | Missing | Listing] = []
    for name, settings in analysis.config.histograms.items():
        stacks = {
            analysis.config.region_label(region): stack_of(analysis, region, name)
            for region in drawn_in(analysis, name)
        }
        title = (settings.label or name).partition(" [")[0]
        if stacks:
            scale, caption = settings.logarithmic, fitted_as(analysis, name)
            items.append(stacked_by(f"histogram-{name}", title, stacks, caption=caption, logarithmic=scale))
        else:
            items.append(Missing(title, "No event is in any region in which it should be drawn."))
    return items


def _facts(analysis: Analysis) -> list[tuple[str, str]]:
    config = analysis.config
    samples = analysis.provenance.get("samples", {})
    events = {name: found.get("events", 0) for name, found in samples.items()}
    simulated = [n for name, n in events.items() if name != DATA]
    found = [
        ("Collisions", "" if config.energy is None else f"{config.energy:g} TeV"),
        ("Luminosity", "" if config.luminosity is None else f"{config.luminosity:g} fb⁻¹"),
        ("Signal", ", ".join(config.label(name) for name in config.signals)),
        ("Data", f"{events[DATA]:,} events read" if DATA in events else ""),
        ("Simulation", f"{sum(simulated):,} events read" if simulated else ""),
        ("Scores", "; ".join(f"{s.name} of {', '.join(s.features)}" for s in analysis.scorers)),
    ]
    return [(name, value) for name, value in found if value]


def _origins(analysis: Analysis) -> list[Origin]:
    samples = yaml.safe_dump(dict(analysis.provenance), sort_keys=False, allow_unicode=True, width=100)
    return [
        Origin("Configuration", analysis.config.to_yaml().strip(), "as it was run"),
        Origin("Samples and software", samples.strip()),
    ]
