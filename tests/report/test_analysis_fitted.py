from __future__ import annotations

from dataclasses import replace

import numpy as np

from kaon.analysis import Analysis
from kaon.analysis.backgrounds.uncertain import Uncertain
from kaon.analysis.entries import DATA
from kaon.analysis.fit import adjustments
from kaon.report.analysis_fitted import fitted_as
from kaon.report.analysis_page import _histograms
from kaon.report.analysis_tables import results


def test_the_page_tells_of_bins_that_the_fit_changes(analysis: Analysis) -> None:
    assert analysis.config.fit is not None
    region, histogram = next(iter(analysis.config.fit.regions.items()))
    here = analysis.templates.histograms[histogram][region]
    bins = len(here[DATA])
    flat = {name: Uncertain(np.full(bins, 5.0)) for name in here}
    whole = replace(analysis, templates=analysis.templates.replacing({histogram: {region: flat}}))
    assert adjustments(whole.templates, whole.config)[region].starts == tuple(range(bins))
    assert fitted_as(whole) == ""

    name = next(n for n in here if n not in (DATA, *analysis.config.signals))
    negative = {name: Uncertain(np.where(np.arange(bins) == 1, -2.0, 5.0))}
    below = replace(whole, templates=whole.templates.replacing({histogram: {region: negative}}))
    assert adjustments(below.templates, below.config)[region].negative == (name,)
    label, where = analysis.config.label(name), analysis.config.region_label(region)
    said = f"The fit of {where} takes bins in which {label} is below zero as zero."
    assert fitted_as(below) == fitted_as(below, histogram) == said
    assert fitted_as(below, "another") == ""
    table = results(below)
    assert table is not None
    assert table.caption.endswith(said)
    assert [said in getattr(chart, "caption", "") for chart in _histograms(below)].count(True) == 1

    nothing = {n: Uncertain(np.where(np.arange(bins) == 0, 0.0, 5.0)) for n in here if n != DATA}
    merged = replace(whole, templates=whole.templates.replacing({histogram: {region: nothing}}))
    assert fitted_as(merged).endswith(f"merges {bins} bins into {bins - 1}, so that background is expected in each.")
    assert fitted_as(replace(merged, config=merged.config.model_copy(update={"fit": None}))) == ""
