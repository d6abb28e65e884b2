from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

from kaon.analysis.methods import Normalise
from kaon.data.cuts import parse
from kaon.errors import DataError
from kaon.simulate import Recipe
from kaon.studies.base import Context, Scale
from kaon.studies.ztautau.events import ADDED, CLASSES, FIVE, SPECTATOR, configuration, ntuples, preselected


def branches(file: Path) -> dict[str, Any]:
    with uproot.open(file) as opened:
        return dict(opened["events"].arrays(library="np"))


def passes(file: Path, *, signal_region: bool) -> tuple[Any, Any]:
    """Which events pass the preselection of the exercise, or lie in its signal region; written down a second time."""
    c = {name.removeprefix("evtsel_"): values for name, values in branches(file).items()}
    passed = (c["is_dilepVeto"] > 0) & (c["is_tau"] > 0) & (np.abs(c["tau_eta"]) < 2.47) & (c["tau_numTrack"] == 1)
    passed &= (c["is_mu"] > 0) & (c["lep_pt"] > 26) & (np.abs(c["lep_eta"]) < 2.4) & (c["is_conf_lep_veto"] == 1)
    passed &= (c["is_isoLep"] > 0) & (c["is_oppositeSign"] > 0)
    passed &= (c["transverseMass"] < 30) & (c["dPhiSum"] < 3.5) if signal_region else c["transverseMass"] < 70
    return passed, c


def test_preselected_events_are_those_of_the_exercise_with_their_weights(stand_in: Path) -> None:
    events, config = preselected(stand_in)
    assert events.classes == CLASSES
    process = np.asarray(events["process"])
    for number, name in enumerate(config.processes):
        file = stand_in / ("Powheg_ttbar.root" if name == "ttbar" else f"{name}.root")
        passed, c = passes(file, signal_region=False)
        own = process == number
        assert own.sum() == passed.sum() > 0
        assert events.weights[own].sum() == pytest.approx(c["WeightLumi"][passed].sum())
        assert set(events.labels[own]) == {int(name == "Ztautau")}
        within, c = passes(file, signal_region=True)
        assert np.asarray(events["cuts"])[own].sum() == (within & passed).sum()
        np.testing.assert_allclose(np.asarray(events["tau_et"])[own], c["tau_et"][passed])
        np.testing.assert_allclose(np.asarray(events["tau_eta"])[own], np.abs(c["tau_eta"][passed]))
        parts = np.asarray(events["cos_lepton"])[own], np.asarray(events["cos_tau"])[own]
        for found, who in zip(parts, ("lep", "tau"), strict=True):
            np.testing.assert_allclose(found, np.cos(c[f"{who}_phi"] - c["met_phi"])[passed], atol=1e-12)
    assert {*FIVE, *ADDED, SPECTATOR} <= set(events.fields)


def test_multijets_are_simulated_for_the_models_and_estimated_in_the_analysis(stand_in: Path) -> None:
    alone, both = (configuration(stand_in, multijet=m) for m in (False, True))
    assert [name for name in both.processes if name not in alone.processes] == ["QCD"]
    assert "multijet" in alone.estimates
    w = alone.estimates["W"]
    assert isinstance(w, Normalise)
    assert {"Wenu", "Zee"}.isdisjoint({*alone.processes, *w.processes}), "the exercise wants a muon"
    changed = configuration(stand_in, multijet=False, changes={"fit": None, "title": "another"})
    assert (changed.fit, changed.title) == (None, "another")


def test_nothing_is_preselected(make_ntuples: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="passes the preselection; simulate more"):
        preselected(make_ntuples(tmp_path / "few", events=40, keep=lambda c: c["is_isoLep"] == 0))


def test_ntuples_are_simulated_once_with_muons_only(
    make_ntuples: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[Recipe, int, int]] = []

    def simulate(recipe: Recipe, count: int, folder: Path, *, seed: int, **options: Any) -> Path:
        made.append((recipe, count, seed))
        return Path(make_ntuples(folder, events=40, seed=seed))

    monkeypatch.setattr("kaon.studies.ztautau.events.simulate_to_ntuples", simulate)
    context = Context("ztautau", "smoke", Scale(20), tmp_path)
    folder = ntuples(context, 20, 3)
    assert folder == ntuples(context, 20, 3) == tmp_path / "ntuples" / "20-seed3"
    ((recipe, *asked),) = made
    assert asked == [20, 3]
    Recipe.model_validate(recipe.model_dump())  # what the study changed makes sense to the simulation
    assert {f"{p.name}.root" for p in recipe.processes} == {f.name for f in folder.glob("*.root")} - {"data.root"}
    assert recipe.objects is not None
    muon = {name: np.array([1, 1]) for name in ("is_tau", "is_mu")} | {"lep_pt": np.array([30, 20])}
    select = parse(recipe.objects.select)
    assert select.mask(muon).tolist() == [True, False]
    assert not select.mask({**muon, "is_mu": np.array([0, 0])}).any()
