from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.analysis import Analysis, analyse
from kaon.analysis.entries import DATA
from kaon.report.analysis_regions import compared, expected, lacking, made_from, processes_in, regions_shown


def test_which_region_is_what(analysis: Analysis) -> None:
    assert regions_shown(analysis)[0] == "signal"
    assert {r: made_from(analysis, r) for r in ("signal", "w_same", "same_sign", "qcd_opposite", "qcd_same")} == {
        "signal": "",
        "w_same": "",
        "same_sign": "multijet",
        "qcd_opposite": "multijet",
        "qcd_same": "multijet",
    }
    assert lacking(analysis, "w_same") == ("multijet",)
    assert lacking(analysis, "signal") == lacking(analysis, "qcd_same") == ()
    assert compared(analysis) == ("signal",)


def test_a_region_that_an_estimate_is_made_from_agrees_by_construction(analysis: Analysis) -> None:
    for region in ("same_sign", "qcd_opposite"):
        data = processes_in(analysis, region)[DATA]
        assert expected(analysis, region).values == pytest.approx(data.values)
        assert expected(analysis, region).errors == pytest.approx(data.errors)  # the simulation drops out
        bins = expected(analysis, region, "mass")
        np.testing.assert_allclose(bins.values, processes_in(analysis, region, "mass")[DATA].values, atol=1e-9)
    # the transfer factor is the ratio of the two
    sides = [processes_in(analysis, r)["multijet"].values[0] for r in ("qcd_opposite", "qcd_same")]
    assert analysis.factors["multijet"]["signal"].values[0] == pytest.approx(sides[0] / sides[1])
    np.testing.assert_allclose(expected(analysis, "signal").values, analysis.expected("signal").values)


def test_blind_regions_are_left_out(ntuples: Path, analysis_settings: dict[str, Any]) -> None:
    pytest.importorskip("pyhf")
    settings = copy.deepcopy(analysis_settings)
    settings["regions"]["signal"]["blind"] = True
    settings |= {"estimates": {}, "systematics": {}, "fit": None}
    found = analyse(settings, data=ntuples)
    assert "signal" not in compared(found)
    assert "w_same" in compared(found)
    assert DATA not in processes_in(found, "signal")
