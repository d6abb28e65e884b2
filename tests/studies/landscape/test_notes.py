from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kaon.data import Events
from kaon.learn import Parts
from kaon.report import Comparison, RunRecord
from kaon.studies.base import Context, ScaleName
from kaon.studies.landscape import LANDSCAPE
from kaon.studies.landscape.notes import facts, notes
from kaon.studies.landscape.sample import Sample
from kaon.studies.landscape.taggers import TAGGERS


def words(make_jets: Callable[..., Events], scale: ScaleName, goat: bool, simulated: bool = True) -> str:
    jets = make_jets(100)
    sample = Sample(Parts(jets, jets, jets), make_jets(30), "100 jets", simulated, {})
    context = Context("landscape", scale, LANDSCAPE.scales[scale], Path("nowhere"))
    models = ("pfn", "goat") if goat else ("pfn",)
    runs = [
        RunRecord(m, m, 0, {"train_seconds": 90.0}, environment={"started": f"2026-01-02T03:0{len(m)}:05"})
        for m in models
    ]
    taggers = [t for t in TAGGERS if t.model == "pfn"]
    comparison = Comparison(tuple(runs))
    assert facts(sample, comparison)["Begun"] == "2026-01-02 03:03"
    assert facts(sample, comparison)["Jets"] == "100 training, 100 validation, 30 held out, 100 test"
    learned = {"pfn": {50: 0.9, 100: 0.95}} if goat else {"pfn": {100: 0.95}}
    return " ".join(notes(context, sample, taggers, comparison, learned))


def test_what_was_done_is_said(make_jets: Callable[..., Events]) -> None:
    said = words(make_jets, "quick", goat=True)
    assert "one in 12,110" in said
    assert "20 for pfn" in said
    assert "the AUC of pfn goes from 0.9000 to 0.9500" in said
    assert "GoaT combines 1 taggers. It is trained on 30 jets" in said
    assert "Not in this version of kaon: " in said
    assert "simulated after its recipe" in said


def test_what_was_not_done_is_not_said(make_jets: Callable[..., Events]) -> None:
    said = words(make_jets, "full", goat=False, simulated=False)
    assert "papers', as far as they give them" in said
    assert not any(word in said for word in ("GoaT", "more data", "simulated after"))


def test_a_study_of_few_models_does_not_complain_of_others(make_jets: Callable[..., Events]) -> None:
    jets = make_jets(50)
    sample = Sample(Parts(jets, jets, jets), jets, "", True, {})
    context = Context("landscape", "quick", LANDSCAPE.scales["quick"], Path("nowhere"))
    runs = Comparison((RunRecord("pfn", "pfn", 0, {}),))
    chosen = notes(replace(context, models=("pfn",)), sample, TAGGERS[:1], runs, {})
    assert not any("Not in this version" in text for text in chosen)
