"""The stacks of an analysis: each histogram in each region, and all regions side by side."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kaon.analysis import Analysis
from kaon.analysis.backgrounds.uncertain import Uncertain, joined
from kaon.analysis.entries import DATA
from kaon.analysis.writing import errors_of
from kaon.report.analysis_regions import expected, processes_in, regions_shown, regions_with_data
from kaon.report.canvas import Style
from kaon.report.stack import Stack, palette
from kaon.report.stack_figure import write_stack_figure

__all__ = [
    "colours",
    "drawn_in",
    "order",
    "region_stack",
    "regions_shown",
    "regions_with_data",
    "stack_of",
    "write_stacks",
]


def order(analysis: Analysis) -> tuple[str, ...]:
    """Processes from the bottom of a stack: estimates first, then simulated ones; signals come on top by themselves."""
    simulated = tuple(analysis.config.processes)
    return (*(name for name in analysis.processes if name not in simulated), *simulated)


def colours(analysis: Analysis) -> dict[str, str]:
    """Of all processes and estimates, the same in every figure, as #rrggbb."""
    config = analysis.config
    chosen = {n: p.color for n, p in {**config.estimates, **config.processes}.items() if p.color}
    names = order(analysis)
    return palette(names, config.signals, {n: c for n, c in chosen.items() if n in names})


def drawn_in(analysis: Analysis, histogram: str) -> tuple[str, ...]:
    """Regions in which a histogram is drawn: where the configuration wants it, and anything is expected or seen."""
    wanted = analysis.config.histograms[histogram].regions
    found = analysis.templates.histograms[histogram]
    return tuple(
        region
        for region in regions_shown(analysis)
        if (wanted is None or region in wanted) and any(v.values.any() for v in found[region].values())
    )


def stack_of(analysis: Analysis, region: str, histogram: str) -> Stack:
    """One histogram in one region."""
    config = analysis.config.histograms[histogram]
    return _stack(
        analysis,
        processes_in(analysis, region, histogram),
        expected(analysis, region, histogram),
        edges=config.binning,
        x=config.label or histogram,
    )


def region_stack(analysis: Analysis, regions: Sequence[str] | None = None) -> Stack:
    """Events of the regions side by side; data only if no region is blind."""
    shown = tuple(analysis.config.regions) if regions is None else tuple(regions)
    found = {region: processes_in(analysis, region) for region in shown}
    nothing = Uncertain(np.zeros(1))
    names = [name for name in order(analysis) if any(name in here for here in found.values())]
    made = {name: joined(found[region].get(name, nothing) for region in shown) for name in names}
    if all(DATA in here for here in found.values()):
        made[DATA] = joined(here[DATA] for here in found.values())
    total = joined(expected(analysis, region) for region in shown)
    return _stack(analysis, made, total, names=[analysis.config.region_label(region) for region in shown])


def write_stacks(analysis: Analysis, folder: str | os.PathLike[str], style: Style = "atlas") -> list[Path]:
    """Draw `regions`, and `HISTOGRAM_REGION` of every histogram, each as PDF and PNG.

    A histogram is drawn in the regions that the configuration gives it, or else in those of the fit, or else in all.

    Args:
        analysis: its result.
        folder: made if it does not exist.
        style: `atlas`, `cms` or `plain`.

    Returns:
        The files.

    Raises:
        DataError: a folder that cannot be written.
    """
    config, home = analysis.config, Path(folder)
    conditions = {"luminosity": config.luminosity, "energy": config.energy, "style": style}
    regions = region_stack(analysis, regions_with_data(analysis))
    several = bool(analysis.processes)  # which span decades
    files = write_stack_figure(regions, home / "regions", lower="pulls", logarithmic=several, **conditions)
    for histogram, settings in config.histograms.items():
        wanted = settings.regions or (tuple(config.fit.regions) if config.fit else tuple(config.regions))
        for region in (r for r in drawn_in(analysis, histogram) if r in wanted):
            files += write_stack_figure(
                stack_of(analysis, region, histogram).trimmed(),
                home / f"{histogram}_{region}",
                note=config.region_label(region),
                logarithmic=settings.logarithmic,
                **conditions,
            )
    return files


def _stack(analysis: Analysis, found: Mapping[str, Uncertain], total: Uncertain, **more: Any) -> Stack:
    statistical, systematic = errors_of(total)
    processes = {name: found[name].counts for name in order(analysis) if name in found}
    return Stack(
        **{"edges": np.zeros(0), **more},
        processes=processes,
        data=found[DATA].counts if DATA in found else None,
        signals=tuple(name for name in analysis.config.signals if name in processes),
        statistical=statistical,
        systematic=systematic if systematic.any() else None,
        labels={name: analysis.config.label(name) for name in processes},
        colours={name: colour for name, colour in colours(analysis).items() if name in processes},
    )
