from __future__ import annotations

import json

import numpy as np
import pytest
from tests.studies.conftest import MakeEvents

from kaon.data import Predictions
from kaon.registry import lookup
from kaon.report import RunRecord
from kaon.report.study import Value
from kaon.studies.base import perform
from kaon.studies.nsubjettiness_saturation import BODIES, rejections, saturation


def test_saturates_where_nothing_larger_is_better() -> None:
    def values(*pairs: tuple[float, float]) -> dict[int, Value]:
        return {m: Value(auc, spread, 3) for m, (auc, spread) in enumerate(pairs, start=2)}

    assert saturation(values((0.90, 0.001), (0.92, 0.001), (0.95, 0.001), (0.9505, 0.001), (0.951, 0.001))) == 4
    assert saturation(values((0.90, 0.001), (0.92, 0.001))) == 3
    assert saturation(values((0.95, 0.1), (0.96, 0.1))) == 2, "nothing is certain"
    assert saturation({2: Value(0.9), 3: Value(0.95)}) is None, "one seed has no spread"
    assert saturation({}) is None


def test_rejections_are_counted_on_the_test_jets() -> None:
    """Signal uniform in [0.5, 1], background in [0, 1]: the cut for eps_S leaves eps_B = eps_S / 2."""
    n = 2000
    score = np.concatenate([(np.arange(n) + 0.5) / n, 0.5 + (np.arange(n) + 0.5) / (2 * n)])
    made = Predictions(np.stack([1 - score, score], axis=1), np.repeat([0, 1], n))
    record = RunRecord("r", "m", 0, {}, predictions={"test": made})
    for efficiency in (0.3, 0.7):
        found = rejections([record, record], efficiency)
        assert found.obtained == pytest.approx(2 / efficiency, rel=0.02)
        assert (found.spread, found.seeds) == (0.0, 2)
    assert rejections([], 0.5).obtained is None


def test_the_smoke_scale_runs(events_of_study: MakeEvents) -> None:
    home = events_of_study("nsubjettiness-saturation")
    study = lookup("kaon.studies", "nsubjettiness-saturation")
    result, folder = perform(study, "smoke", home)
    assert [row.name for row in result.rows] == ["jet mass", *(f"M = {m}" for m in BODIES), "constituents"]
    areas = [row.values["auc"].obtained for row in result.rows]
    assert all(area is not None and 0 < area <= 1 for area in areas)
    # 3 M - 4 observables and the mass: the first layer of 200 is all that grows.
    sizes = [row.values["parameters"].obtained or 0 for row in result.rows if row.name.startswith("M")]
    assert np.diff(sizes).tolist() == [600] * (len(BODIES) - 1)
    assert json.loads((folder / "table.json").read_text())["summary"]
    assert "Rejection against the number of bodies" in (folder / "report.html").read_text()
