from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.analysis import Analysis
from kaon.analysis.entries import DATA
from kaon.analysis.writing import errors_of
from kaon.report.analysis_stacks import colours, drawn_in, order, region_stack, stack_of, write_stacks
from kaon.report.stack import Stack


def test_stacks_hold_what_the_analysis_found(analysis: Analysis) -> None:
    stack = stack_of(analysis, "signal", "mass")
    assert stack.layers == ("multijet", "top", "w", "ztautau")
    found = analysis.histograms["signal"]["mass"]
    for name in stack.layers:
        np.testing.assert_allclose(stack.processes[name].values, found[name].values)
    assert stack.data is not None
    np.testing.assert_allclose(stack.data.values, found[DATA].values)
    total = analysis.expected("signal", "mass")
    np.testing.assert_allclose(stack.total.values, total.values)
    np.testing.assert_allclose(stack.uncertainty[1], total.errors)  # with what correlates the processes
    np.testing.assert_allclose(np.asarray(stack.systematic, np.float64), errors_of(total)[1])
    assert (stack.x, stack.label("top")) == ("Visible mass [GeV]", "tt̄")


def test_regions_side_by_side_are_their_yields(analysis: Analysis) -> None:
    stack = region_stack(analysis)
    assert stack.data is not None
    assert stack.data.values.tolist() == [analysis.yields[r][DATA].values[0] for r in analysis.config.regions]
    assert stack.processes["multijet"].values[0] == analysis.yields["signal"]["multijet"].values[0]
    assert stack.processes["multijet"].values[2] == 0  # nobody estimates it in the control region of W
    assert stack.names[0] == "Signal region"


def test_colours_are_the_same_everywhere(analysis: Analysis) -> None:
    assert order(analysis) == ("multijet", "top", "w", "ztautau")
    chosen = colours(analysis)
    for stack in (region_stack(analysis), region_stack(analysis, ["w_same"]), stack_of(analysis, "w_same", "mt")):
        assert all(stack.colour(name) == chosen[name] for name in stack.layers)


def test_figures_are_written_for_the_regions_of_the_fit(
    analysis: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, dict[str, Any]] = {}

    def write(stack: Stack, stem: Path, **options: Any) -> list[Path]:
        made[stem.name] = {"bins": stack.bins, **options}
        return [stem]

    monkeypatch.setattr("kaon.report.analysis_stacks.write_stack_figure", write)
    assert set(drawn_in(analysis, "mass")) == set(analysis.config.regions)
    files = write_stacks(analysis, tmp_path, "plain")
    assert files == [tmp_path / name for name in ("regions", "mass_signal", "mt_signal")]
    assert made["mt_signal"] == {
        "bins": 5, "note": "Signal region", "logarithmic": True, "luminosity": 20.3, "energy": 8, "style": "plain",
    }  # fmt: skip
    assert made["regions"]["lower"] == "pulls"  # and nothing is drawn beyond the cut at 30 GeV: 5 of 7 bins
