"""An analysis in words: its question, and the answer in a few sentences."""

from __future__ import annotations

import numpy as np

from kaon.analysis import Analysis
from kaon.analysis.entries import DATA
from kaon.report.analysis_regions import compared, expected, regions_shown
from kaon.report.analysis_stacks import region_stack
from kaon.report.analysis_tables import purity
from kaon.report.listing import asymmetric, quantity

__all__ = ["answer", "question"]

_FAR = 2.0
"""A region further from its prediction, in standard deviations, is named."""


def question(analysis: Analysis) -> str:
    """The question that the page answers."""
    config = analysis.config
    name = config.title or config.name
    if analysis.fit is not None:
        return f"{name}: is the signal there?"
    if not analysis.processes:
        return f"{name}: what was seen?"
    return f"{name}: do data and prediction agree?" if config.data else f"{name}: what is expected?"


def answer(analysis: Analysis) -> list[str]:
    """What was found in the first region of the fit, or the first region; then how the others look."""
    return [*_fit(analysis), *_first(analysis), *_agreement(analysis)]


def _fit(analysis: Analysis) -> list[str]:
    if analysis.fit is None:
        return []
    found, limit = analysis.fit.discovery, analysis.fit.limit
    if found.observed is None:
        said = [f"A signal of the expected strength would be seen with {found.expected:.2g} standard deviations."]
    else:
        verdict = "yes" if found.observed >= 5 else "there is evidence" if found.observed >= 3 else "not shown"
        said = [
            f"{verdict.capitalize()}: the data reject the background alone with {found.observed:.3g} standard "
            f"deviations ({found.expected:.3g} expected)."
        ]
    if found.mu is not None:
        down, up = found.mu_error or (float("nan"), float("nan"))
        mu, errors = asymmetric(found.mu, down, up)
        shown = f"{mu} {errors}" if errors.startswith("±") else f"{mu} ({errors})" if errors else mu
        said.append(f"The signal's strength is {shown} times the predicted one.")
    if limit is not None and (found.observed is None or found.observed < 3):
        value = limit.expected[2] if limit.observed is None else limit.observed
        kind = "expected" if limit.observed is None else f"expected {limit.expected[2]:.3g}"
        said.append(f"Strengths above {value:.3g} are excluded at {100 * limit.level:g} % ({kind}).")
    return said


def _first(analysis: Analysis) -> list[str]:
    config, region = analysis.config, regions_shown(analysis)[0]
    seen, where = analysis.yields[region].get(DATA), config.region_label(region)
    if not analysis.processes:
        return [f"{where}: {seen.values[0]:,.0f} events were seen."] if seen is not None else []
    sum_of_all = expected(analysis, region)
    total = quantity(float(sum_of_all.values[0]), float(sum_of_all.errors[0]))
    count = "" if seen is None else f"{seen.values[0]:,.0f} events were seen where "
    share = ""
    if config.signals and sum_of_all.values[0] > 0:
        part = purity(analysis, region)
        names = " and ".join(config.label(name) for name in config.signals)
        share = f", {quantity(100 * float(part.values[0]), 100 * float(part.errors[0]))} % of them {names}"
    return [f"{where}: {count}{total} are expected{share}."]


def _agreement(analysis: Analysis) -> list[str]:
    regions, config = compared(analysis), analysis.config
    pulls = region_stack(analysis, regions).pulls if regions and analysis.processes else None
    if pulls is None:
        return []
    far = [
        f"{config.region_label(region)} ({pull:+.1f})".replace("-", "−")
        for region, pull in sorted(zip(regions, pulls, strict=True), key=lambda pair: -abs(np.nan_to_num(pair[1])))
        if abs(pull) > _FAR
    ]
    if not far:
        several = f"all {len(regions)} regions that test it"
        where = f"in {several}" if len(regions) > 1 else f"({config.region_label(regions[0])})"
        return [f"Data and prediction agree within {_FAR:g} standard deviations {where}."]
    more = f" and {len(far) - 4} more" if len(far) > 4 else ""
    return [f"Data and prediction differ by more than {_FAR:g} standard deviations in {', '.join(far[:4])}{more}."]
