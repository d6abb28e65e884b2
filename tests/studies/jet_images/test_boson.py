from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import jets_of

from kaon.data import Provenance
from kaon.data.io import write
from kaon.registry import lookup
from kaon.report.study import Value
from kaon.simulate import load_recipe
from kaon.studies.base import perform
from kaon.studies.jet_images.boson import _ANN, _BOTH, _CNN, STEPS, _summary


def test_the_smoke_scale_runs(tmp_path: Path) -> None:
    pytest.importorskip("fastjet")
    study = lookup("kaon.studies", "jet-images-w")
    count = study.scales["smoke"].events
    events = replace(jets_of(count, classes=("qcd", "w")), provenance=Provenance("w-tagging", seed=1))
    write(events, tmp_path / "jet-images-w" / "smoke" / "events" / f"w-tagging-{count}-seed1.h5")
    result, folder = perform(study, "smoke", tmp_path)
    assert [row.name for row in result.rows] == [
        "jet mass", "τ₂₁", "jet mass and τ₂₁",
        "unrolled image, maxout", "convolutions, 3 × 3", "convolutions, 11 × 11",
    ]  # fmt: skip
    auc = {row.name: row.values["auc"].obtained or 0 for row in result.rows}
    assert auc["jet mass"] > 0.8, "three prongs are heavier than one"
    assert result.rows[3].values["parameters"].obtained == 975_693
    names = [chart.name for chart in result.sections[1].items]  # type: ignore[union-attr]  # all are charts
    assert names == [f"{step}-{part}" for step in STEPS for part in ("W", "QCD", "difference")]
    assert len(result.sections[2].items) == 3
    assert (folder / "report.html").exists()


def test_the_last_step_is_what_the_networks_see() -> None:
    assert STEPS["normalised"][0] == lookup("kaon.represent", "images_w")().picture


def test_the_recipe_is_the_published_one() -> None:
    """As https://arxiv.org/abs/1511.05190 says, section 2."""
    recipe = load_recipe("w-tagging")
    jets = recipe.jets
    assert jets.grooming is not None
    assert jets.mass is not None
    assert [recipe.energy, jets.radius, *jets.pt, *jets.mass] == [14_000, 1.0, 250, 300, 65, 95]
    assert [jets.grooming.radius, jets.grooming.fraction] == [0.3, 0.05]
    assert recipe.detector == "towers"
    assert {"NewGaugeBoson:ffbar2Wprime = on", "Wprime:coup2WZ = 1", "24:onIfAny = 1 2 3 4"} <= {
        *recipe.processes[1].settings
    }
    assert recipe.processes[0].settings[0] == "HardQCD:all = on"


@pytest.mark.parametrize(("auc", "words"), [(0.87, "0.020 more"), (0.83, "0.020 less")])
def test_words_follow_the_numbers(auc: float, words: str) -> None:
    found = {_BOTH: Value(0.85), _ANN: Value(0.82, 0.01, 3), _CNN: Value(auc, 0.002, 3)}
    said = " ".join(_summary(found))
    assert words in said
    assert f"{_CNN} {auc:.3f} ± 0.002" in said
    assert _summary({}) == []
