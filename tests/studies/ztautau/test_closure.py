from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.data.io import read
from kaon.registry import lookup
from kaon.studies.base import Study, perform
from kaon.studies.ztautau.closure import ALL, MULTIJET, REGIONS, W, closures, estimate


@pytest.fixture(scope="module")
def precise(make_ntuples: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So much simulation that the pseudo-data alone fluctuate."""
    folder: Path = make_ntuples(tmp_path_factory.mktemp("precise") / "ntuples", events=10_000)
    return folder


def test_estimates_find_the_truth_where_simulation_alone_does_not(precise: Path) -> None:
    analysis = estimate(precise)
    found = closures(analysis, precise)
    assert set(found) == {ALL, W, MULTIJET}
    for closed in found.values():
        assert closed.regions == REGIONS
        assert np.abs(closed.pulls).max() < 4
    # 40% more W in the pseudo-data than in the simulation is far outside the uncertainty of the estimate
    place = REGIONS.index("preselection")
    w = found[W]
    assert w.true.values[place] - w.estimated.values[place] / 1.4 > 4 * w.estimated.errors[place] / 1.4


def test_the_truth_is_what_was_drawn(precise: Path) -> None:
    """Of multijets in the region next to the signal, counted without the analysis."""
    truth, data = read(str(precise / "truth" / "data.parquet")), read(str(precise / "data.root"))
    c = {name: np.asarray(data[f"evtsel_{name}"]) for name in ("is_isoLep", "transverseMass", "dPhiSum")}
    inside = (c["is_isoLep"] == 0) & (c["transverseMass"] > 70) & (c["dPhiSum"] < 3.5)
    inside &= (np.asarray(data["evtsel_lep_pt"]) > 26) & (np.abs(np.asarray(data["evtsel_lep_eta"])) < 2.4)
    inside &= (np.asarray(data["evtsel_tau_numTrack"]) == 1) & (np.abs(np.asarray(data["evtsel_tau_eta"])) < 2.47)
    inside &= np.asarray(data["evtsel_is_oppositeSign"]) > 0
    drawn = inside & (truth.labels == truth.classes.index("QCD"))
    closed = closures(estimate(precise), precise)[MULTIJET]
    assert closed.true.values[REGIONS.index("qcd_w_opposite")] == drawn.sum() > 0


def test_the_smoke_scale_runs(make_ntuples: Any, tmp_path: Path) -> None:
    study: Study = lookup("kaon.studies", "ztautau-closure")
    count, seeds = study.scales["smoke"].events, 2
    for seed in range(1, 1 + seeds):
        make_ntuples(tmp_path / study.name / "smoke" / "ntuples" / f"{count}-seed{seed}", events=500, seed=seed)
    result, folder = perform(study, "smoke", tmp_path, seeds=seeds)
    assert len(result.rows) == seeds * len(REGIONS) * 3
    for row in result.rows:
        estimated, true, pull = (row.values[name] for name in ("estimated", "true", "pull"))
        assert estimated.obtained is not None
        assert true.obtained is not None
        assert estimated.error is not None
        # the error of the pull is that of the estimate, and the Poisson error of as many events
        drawn = np.sqrt(max(estimated.obtained, true.obtained))
        expected = (estimated.obtained - true.obtained) / np.hypot(estimated.error, drawn)
        assert pull.obtained == pytest.approx(expected)
    pulls = np.abs([row.values["pull"].obtained or 0.0 for row in result.rows if row.name.startswith(MULTIJET)])
    (said,) = (line for line in result.summary if line.startswith(MULTIJET))
    assert f"{(pulls < 1).sum()} of {len(pulls)} estimates within one" in said
    assert f"farthest {pulls.max():.1f}" in said
    assert (folder / "report.html").exists()
