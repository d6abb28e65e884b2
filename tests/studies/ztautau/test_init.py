from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.registry import lookup
from kaon.report.study import Result
from kaon.studies.base import Study, perform
from kaon.studies.ztautau import answer
from kaon.studies.ztautau.events import ADDED, FIVE, preselected
from kaon.studies.ztautau.judge import judge

MODELS = ("bdt", "nn", "dn")

# So few events leave bins empty, of which the analysis tells.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*the total weight is zero or negative:kaon.errors.KaonWarning"),
    pytest.mark.filterwarnings("ignore:.*(the fit merges|the fit takes as zero):kaon.errors.KaonWarning"),
]


@pytest.mark.parametrize(
    ("gain", "error", "begins"),
    [(1.0, 0.4, "Yes: nn gains 1.00"), (-1.0, 0.4, "No: nn loses 1.00"), (0.5, 0.4, "That cannot be told: nn is 0.50")],
)
def test_the_answer_is_as_sure_as_the_error_allows(gain: float, error: float, begins: str) -> None:
    assert answer(gain, error, "nn").startswith(begins)
    assert "below the cuts" in answer(-0.5, 0.4, "nn")


def performed(make_ntuples: Any, output: Path, **options: Any) -> tuple[Result, Path]:
    """The smoke scale without the printable figures of its analysis, which are slow and which tests/report draws."""
    study: Study = lookup("kaon.studies", "ztautau")
    home = output / study.name / "smoke" / "ntuples" / f"{study.scales['smoke'].events}-seed1"
    make_ntuples(home, events=500)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kaon.report.analysis_page.write_stacks", lambda *_: [])
        return perform(study, "smoke", output, **options)


def regions_of(folder: Path) -> set[str]:
    return {line["region"] for line in json.loads((folder / "analysis" / "analysis.json").read_text())["yields"]}


@pytest.fixture(scope="module")
def smoke(make_ntuples: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    return performed(make_ntuples, tmp_path_factory.mktemp("ztautau"))


def test_the_smoke_scale_runs(smoke: tuple[Result, Path]) -> None:
    result, folder = smoke
    tried = {f"bdt without {x}" for x in FIVE} | {f"bdt with {x}" for x in (*ADDED, "all")}
    tried |= {"bdt, against Wmunu only", "bdt, events not weighted"}
    names = [row.name for row in result.rows]
    assert names[:4] == ["cuts", *MODELS]
    assert set(names[4:]) == tried
    assert (folder / "report.html").exists()
    assert all((folder / page).exists() for page in result.pages.values())
    assert result.summary[0].split(":")[0] in ("Yes", "No", "That cannot be told")


def test_numbers_are_those_of_the_selections(smoke: tuple[Result, Path]) -> None:
    """The cuts are counted again; what tells signal from background in the ntuples is missed, the rest is not."""
    result, folder = smoke
    values = {row.name: row.values for row in result.rows}
    (ntuples,) = (folder / "ntuples").iterdir()
    events, _ = preselected(ntuples)
    cuts = judge({"cuts": np.asarray(events["cuts"], bool)}, events.labels, events.weights)["cuts"]
    assert values["cuts"]["significance"].obtained == pytest.approx(cuts.significance)
    assert values["cuts"]["background"].obtained == pytest.approx(cuts.background)
    auc = {name: found["auc"].obtained or 0.0 for name, found in values.items() if "auc" in found}
    assert auc["bdt without dPhiSum"] < auc["bdt"] - 0.02
    assert auc["bdt without transverseMass"] < auc["bdt"] - 0.01
    assert auc["bdt with tau_eta"] == pytest.approx(auc["bdt"], abs=0.02)
    for name in MODELS:
        gain = (values[name]["significance"].obtained or 0.0) - cuts.significance
        assert values[name]["gain"].obtained == pytest.approx(gain)


def test_the_analysis_has_the_region_that_the_trees_select(smoke: tuple[Result, Path]) -> None:
    _, folder = smoke
    assert {"learned", "learned_same", "signal"} <= regions_of(folder)


def test_one_model_alone(make_ntuples: Any, tmp_path: Path) -> None:
    result, folder = performed(make_ntuples, tmp_path, models=["nn"], seeds=2)
    assert [row.name for row in result.rows] == ["cuts", "nn"]
    found = result.rows[1].values["significance"]
    assert (found.seeds, found.spread is not None) == (2, True)
    assert "learned" not in regions_of(folder)
