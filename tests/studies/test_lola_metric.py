from __future__ import annotations

import json

import numpy as np
import pytest
from tests.studies.conftest import MakeEvents

from kaon.registry import lookup
from kaon.studies.base import perform
from kaon.studies.lola_metric import MINKOWSKI, normalised


@pytest.mark.parametrize("factor", [1.0, -1.0, 0.03, -250.0])
def test_no_common_factor_is_left(factor: float) -> None:
    np.testing.assert_allclose(normalised(factor * np.array(MINKOWSKI)), MINKOWSKI)
    some = np.array([0.5, -0.4, -0.7, 0.1])
    np.testing.assert_allclose(normalised(factor * some), normalised(some))
    assert np.abs(normalised(some)).mean() == pytest.approx(1)
    assert normalised(np.zeros(4)).tolist() == [0.0] * 4


def test_the_smoke_scale_runs(events_of_study: MakeEvents) -> None:
    home = events_of_study("lola-metric")
    result, folder = perform(lookup("kaon.studies", "lola-metric"), "smoke", home)
    assert [row.name for row in result.rows] == ["learned metric", "Minkowski's metric", "seed 0", "seed 1"]
    learned, _, *seeds = result.rows
    for name, exact in zip(("E", "px", "py", "pz"), MINKOWSKI, strict=True):
        value = learned.values[f"g_{name}"]
        assert value.published == exact
        assert value.obtained == pytest.approx(np.mean([row.values[f"g_{name}"].obtained for row in seeds]))
    for row in seeds:
        assert np.mean([abs(v.obtained or 0) for v in row.values.values()]) == pytest.approx(1)
    assert json.loads((folder / "table.json").read_text())["summary"]
    assert "The learned metric" in (folder / "report.html").read_text()
