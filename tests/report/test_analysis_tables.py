from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kaon.analysis import Analysis
from kaon.report.analysis_tables import cut_flow, estimates, purity, results, systematics, yields
from kaon.report.listing import Listing


def column(table: Listing, heading: str) -> dict[str, str]:
    at = [h.text for h in table.headings].index(heading) - 1
    return {line.name: line.entries[at].text for line in table.lines if line.entries}


def test_yields_of_the_regions(analysis: Analysis) -> None:
    table = yields(analysis)
    assert [line.name for line in table.lines][:2] == ["Signal region", "Same sign"]
    assert column(table, "Data")["W control, same sign"] == f"{analysis.yields['w_same']['data'].values[0]:,.0f}"
    assert column(table, "Pull")["Same sign"] == "—"
    assert column(table, "Pull")["W control, same sign"] == "0.0"  # it is normalised there
    assert {line.name: line.note for line in table.lines}["QCD, same sign"] == "Multijet is what the others leave"
    assert {line.name: line.note for line in table.lines}["W control, same sign"] == "without Multijet"
    signal, total = analysis.yields["signal"]["ztautau"], analysis.expected("signal")
    assert purity(analysis, "signal").values[0] == pytest.approx(signal.values[0] / total.values[0])


def test_purity_counts_what_enters_both_once(analysis: Analysis) -> None:
    """s / (s + b) of independent s and b: the error is hypot(b ds, s db) / (s + b)^2, smaller than that of s alone."""
    found = analysis.yields["signal"]
    share = purity(analysis, "signal")
    s = found["ztautau"]
    assert share.errors[0] / share.values[0] < s.errors[0] / s.values[0]


def test_cut_flow_gives_shares_of_the_cut_before(analysis: Analysis) -> None:
    selection, regions = cut_flow(analysis)
    before, after = (line.entries[0].value for line in selection.lines)
    assert before is not None
    assert after is not None
    assert selection.lines[1].entries[0].note.endswith(f"{100 * after / before:.3g} %")
    assert regions.folded
    groups = [line.name for line in regions.lines if not line.entries]
    assert groups == [analysis.config.region_label(r) for r in analysis.config.regions]
    first = regions.lines[1].entries[0]
    assert first.value is not None
    assert first.note.endswith(f"{100 * first.value / after:.3g} %")  # of the whole selection


def test_estimates_show_factors_and_what_they_changed(analysis: Analysis) -> None:
    table = estimates(analysis)
    lines = {(line.name, line.note): line for line in table.lines if line.entries}
    w = lines["Signal region", "measured in W control, opposite sign"]
    factor, before, after = (entry.value for entry in w.entries)
    assert None not in (factor, before, after)
    assert (factor or 0) * (before or 0) == pytest.approx(after)
    assert lines["Signal region", ""].entries[1].text == "—"  # multijet has no simulation


def test_systematics_and_fit(analysis: Analysis) -> None:
    table = systematics(analysis)
    assert table is not None
    assert column(table, "Signal region: signal")["luminosity"] == "+2.00 %"
    sizes = [max(entry.value or 0 for entry in line.entries) for line in table.lines]
    assert sizes == sorted(sizes, reverse=True)
    fitted = results(analysis)
    assert fitted is not None
    assert analysis.fit is not None
    assert f"{analysis.fit.discovery.expected:.3g} σ" == fitted.lines[0].entries[0].text
    assert results(replace(analysis, fit=None)) is None
    values = np.array([analysis.fit.discovery.mu])
    assert 0.7 < values[0] < 1.3  # the data hold one times the signal
