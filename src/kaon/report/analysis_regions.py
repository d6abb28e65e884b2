"""What stands in each region of an analysis, and which regions test the prediction."""

from __future__ import annotations

from kaon.analysis import Analysis
from kaon.analysis.backgrounds.uncertain import Uncertain, summed
from kaon.analysis.entries import DATA
from kaon.analysis.measure import YIELD

__all__ = ["compared", "expected", "lacking", "made_from", "processes_in", "regions_shown", "regions_with_data"]


def regions_shown(analysis: Analysis) -> tuple[str, ...]:
    """Regions in order, those of the fit first."""
    fitted = analysis.config.fit.regions if analysis.config.fit else {}
    return (*fitted, *(region for region in analysis.config.regions if region not in fitted))


def regions_with_data(analysis: Analysis) -> tuple[str, ...]:
    """Regions that are not blind; all of them where there are no data at all."""
    seen = tuple(r for r in analysis.config.regions if DATA in analysis.templates.histograms[YIELD][r])
    return seen or tuple(analysis.config.regions)


def made_from(analysis: Analysis, region: str) -> str:
    """The estimate of a new process that is made from the data of this region, whichever comes first; or nothing."""
    here = analysis.templates.histograms[YIELD][region]
    for name, method in analysis.config.estimates.items():
        target = region in analysis.factors.get(name, {})
        if not method.processes_used and not target and region in method.regions_used and DATA in here:
            return name
    return ""


def processes_in(analysis: Analysis, region: str, histogram: str = YIELD) -> dict[str, Uncertain]:
    """Processes, estimates and `data`.

    In a region that an estimate is made from, the process is what data have beyond the others: so it was defined, and
    so the prediction agrees there by construction.
    """
    found = dict(analysis.templates.histograms[histogram][region])
    if (name := made_from(analysis, region)) and name not in found:
        found[name] = found[DATA] - analysis.expected(region, histogram)
    return found


def expected(analysis: Analysis, region: str, histogram: str = YIELD) -> Uncertain:
    """All of `processes_in` together, without the data."""
    found = {name: value for name, value in processes_in(analysis, region, histogram).items() if name != DATA}
    bins = 1 if histogram == YIELD else len(analysis.config.histograms[histogram].binning) - 1
    return summed(found.values(), bins)


def lacking(analysis: Analysis, region: str) -> tuple[str, ...]:
    """Estimates of new processes that nobody made for this region."""
    here = processes_in(analysis, region)
    return tuple(n for n, m in analysis.config.estimates.items() if not m.processes_used and n not in here)


def compared(analysis: Analysis) -> tuple[str, ...]:
    """Regions whose prediction is complete and does not agree by construction, as in a control region."""
    controls = {c for method in analysis.config.estimates.values() for c in getattr(method, "control", {}).values()}
    return tuple(
        region
        for region in regions_with_data(analysis)
        if region not in controls and not made_from(analysis, region) and not lacking(analysis, region)
    )
