"""The tables of an analysis: yields, cut flow, estimates, systematic variations, fit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kaon.analysis import Analysis
from kaon.analysis.backgrounds.uncertain import Uncertain, summed
from kaon.analysis.entries import DATA
from kaon.analysis.measure import Step
from kaon.analysis.templates import Statistical
from kaon.analysis.writing import errors_of
from kaon.report.analysis_fitted import fitted_as
from kaon.report.analysis_regions import expected, lacking, made_from, processes_in, regions_shown
from kaon.report.analysis_stacks import colours, order, region_stack
from kaon.report.listing import Entry, Heading, Line, Listing, asymmetric, quantity, signed

__all__ = ["cut_flow", "estimates", "purity", "results", "systematics", "yields"]


def yields(analysis: Analysis) -> Listing:
    """Events of every region, with the pull of the data."""
    config, shades = analysis.config, colours(analysis)
    names = [n for n in reversed(order(analysis)) if n not in config.signals]
    names = [*config.signals, *names]
    headings = [Heading("Region"), Heading("Data")]
    if analysis.processes:
        headings += [Heading("Prediction", "all processes; ± stat. (± syst.)")]
        headings += [Heading("Pull", "(data − prediction) / uncertainty of the two")]
    headings += [Heading("Purity", "share of the signal in the prediction")] if config.signals else []
    headings += [Heading(config.label(n), colour=shades[n]) for n in names]
    lines = []
    for region in regions_shown(analysis):
        found, by = processes_in(analysis, region), made_from(analysis, region)
        pulls = region_stack(analysis, [region]).pulls if analysis.processes and not by else None
        pull = float("nan") if pulls is None else float(pulls[0])
        entries = [_data(found.get(DATA))]
        if analysis.processes:
            entries.append(_entry(expected(analysis, region)))
            entries.append(Entry(signed(pull), None if np.isnan(pull) else pull, marked=abs(pull) > 2))
        if config.signals:
            share = purity(analysis, region)
            entries.append(Entry(quantity(100 * share.values[0], 100 * share.errors[0]) + " %", float(share.values[0])))
        entries += [_total_error(found.get(name)) for name in names]
        notes = ["blind"] * config.regions[region].blind + [f"{config.label(by)} is what the others leave"] * bool(by)
        notes += [f"without {config.label(name)}" for name in lacking(analysis, region)]
        lines.append(Line(config.region_label(region), entries, ", ".join(notes)))
    caption = (
        "Events of the prediction ± statistical ± systematic uncertainty, of a process ± both together. A pull beyond "
        "two standard deviations is tinted; there is none where an estimate is made from the data of the same region."
    )
    return Listing("", headings, lines, caption if analysis.processes else "", sortable=True)


def purity(analysis: Analysis, region: str) -> Uncertain:
    """Share of the signal in what is expected in a region, (1,); NaN where nothing is."""
    found = processes_in(analysis, region)
    signals = [found[name] for name in analysis.config.signals if name in found]
    return summed(signals) / expected(analysis, region)


def cut_flow(analysis: Analysis) -> list[Listing]:
    """Of the selection, and of the regions."""
    config, shades = analysis.config, colours(analysis)
    names = [DATA] * (DATA in analysis.cut_flow) + [n for n in analysis.cut_flow if n != DATA]
    headings = [Heading("Cut"), *(Heading(config.label(n), colour=shades.get(n, "")) for n in names)]
    steps = {name: {(s.region, s.cut): s for s in analysis.cut_flow[name]} for name in names}
    keys = list(dict.fromkeys((s.region, s.cut) for n in names for s in analysis.cut_flow[n]))
    caption = (
        "Large: weighted, at the luminosity of the data. Small: events in the files, and the share that the cut keeps."
    )

    def lines(region: str) -> list[Line]:
        made, before = [], dict[str, Step | None]()
        if region:
            last = [cut for r, cut in keys if r == ""]
            before = {n: steps[n].get(("", last[-1])) for n in names} if last else {}
        for _, cut in (key for key in keys if key[0] == region):
            here = {n: steps[n].get((region, cut)) for n in names}
            made.append(Line(cut, [_passed(here[n], before.get(n)) for n in names]))
            before = here
        return made

    found = [Listing("Selection", headings, lines(""), caption)]
    every = [line for region in config.regions for line in (Line(config.region_label(region)), *lines(region))]
    return [*found, Listing("Cuts of the regions, after the selection", headings, every, caption, folded=True)]


def estimates(analysis: Analysis) -> Listing:
    """Factors that were measured, and what they changed."""
    config, lines = analysis.config, []
    for name, method in config.estimates.items():
        lines.append(Line(config.label(name), note=method.method.replace("_", " ")))
        touched = method.processes_used or (name,)
        for region, factor in analysis.factors.get(name, {}).items():
            before, after = (_sum(found[region], touched) for found in (_simulated(analysis), analysis.yields))
            source = getattr(method, "control", {}).get(region, "")
            lines.append(
                Line(
                    config.region_label(region),
                    [
                        _entry(factor),
                        Entry("—") if before is None else _entry(before),
                        Entry("—") if after is None else _entry(after),
                    ],
                    f"measured in {config.region_label(source)}" if source else "",
                )
            )
    headings = [
        Heading("Estimate"),
        Heading("Factor", "normalisation or transfer factor, ± stat. ± syst."),
        Heading("From simulation"),
        Heading("Estimated"),
    ]
    caption = (
        "A normalisation factor is (data − others) / simulation of its control region; the factor of a same-sign or "
        "ABCD estimate carries the events of one region to another. What enters several times is counted once."
    )
    return Listing("", headings, lines, caption)


def systematics(analysis: Analysis) -> Listing | None:
    """What one standard deviation of each source does to signal and background in the regions of the fit, or in the
    first one; None if there are no sources.
    """
    config = analysis.config
    regions = tuple(config.fit.regions) if config.fit else regions_shown(analysis)[:1]
    found: dict[str, dict[tuple[str, str], float]] = {}
    for region in regions:
        here = analysis.yields[region]
        backgrounds = [n for n in here if n != DATA and n not in config.signals]
        for kind, names in (("signal", config.signals), ("background", backgrounds)):
            total = _sum(here, names)
            if total is None or total.values[0] <= 0:
                continue
            for source, response in total.responses.items():
                if not isinstance(source, Statistical):
                    shift = float(response.sum(axis=0)[0] / total.values[0])
                    found.setdefault(str(source), {})[region, kind] = 100 * shift
    if not found:
        return None
    columns = [(region, kind) for region in regions for kind in ("signal", "background")]
    headings = [Heading("Source"), *(Heading(f"{config.region_label(r)}: {kind}") for r, kind in columns)]
    lines = [
        Line(source, [Entry(signed(shift.get(c, float("nan")), 2, " %"), abs(shift.get(c, 0.0))) for c in columns])
        for source, shift in sorted(found.items(), key=lambda item: -max(map(abs, item[1].values())))
    ]
    caption = "Change of the number of events for one standard deviation up, after the estimates took their part of it."
    return Listing("", headings, lines, caption, sortable=True)


def results(analysis: Analysis) -> Listing | None:
    """Significance, signal strength and limit; None without a fit."""
    if analysis.fit is None:
        return None
    found, limit = analysis.fit.discovery, analysis.fit.limit
    lines = [
        Line(
            "Significance",
            [Entry(f"{found.expected:.3g} σ"), Entry("—" if found.observed is None else f"{found.observed:.3g} σ")],
            "of the background-only hypothesis",
        )
    ]
    if found.mu is not None:
        down, up = found.mu_error or (float("nan"), float("nan"))
        value, errors = asymmetric(found.mu, down, up)
        lines.append(Line("Signal strength μ", [Entry("1"), Entry(value, note=errors)]))
    if limit is not None:
        low, high = limit.expected[1], limit.expected[3]
        expected = Entry(f"{limit.expected[2]:.3g}", note=f"68 %: {low:.3g} to {high:.3g}")
        observed = "—" if limit.observed is None else f"{limit.observed:.3g}"
        lines.append(Line(f"Upper limit on μ, {100 * limit.level:g} % CLs", [expected, Entry(observed)]))
    caption = (
        "From the profile likelihood with asymptotic formulae (arXiv:1007.1727); the limit is expected without signal."
    )
    caption = f"{caption} {fitted_as(analysis)}".strip()
    return Listing("", [Heading(""), Heading("Expected"), Heading("Observed")], lines, caption, size="half")


def _entry(found: Uncertain | None) -> Entry:
    if found is None:
        return Entry("")
    statistical, systematic = (float(e[0]) for e in errors_of(found))
    return Entry(quantity(float(found.values[0]), statistical, systematic), float(found.values[0]))


def _total_error(found: Uncertain | None) -> Entry:
    if found is None:
        return Entry("")
    value = float(found.values[0])
    return Entry(quantity(value, float(found.errors[0])), value)


def _data(found: Uncertain | None) -> Entry:
    return Entry("—") if found is None else Entry(quantity(float(found.values[0])), float(found.values[0]))


def _passed(step: Step | None, before: Step | None) -> Entry:
    if step is None:
        return Entry("")
    value = float(step.weighted.values[0])
    earlier = float(before.weighted.values[0]) if before is not None else 0.0
    share = f" · {100 * value / earlier:.3g} %" if earlier > 0 else ""
    return Entry(quantity(float(f"{value:.4g}")), value, f"{step.raw:,}{share}")


def _simulated(analysis: Analysis) -> dict[str, Mapping[str, Uncertain]]:
    return dict(analysis.simulated.histograms["yield"])


def _sum(found: Mapping[str, Uncertain], names: tuple[str, ...] | list[str]) -> Uncertain | None:
    parts = [found[name] for name in names if name in found]
    total = parts[0] if parts else None
    for part in parts[1:]:
        total = None if total is None else total + part
    return total
