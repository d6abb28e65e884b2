from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

from kaon.analysis import Analysis, analyse
from kaon.report.analysis_words import answer, question


def test_a_signal_that_is_there(analysis: Analysis) -> None:
    assert question(analysis) == "Z → ττ: is the signal there?"
    said = " ".join(answer(analysis))
    assert said.startswith("Yes: the data reject the background alone")
    assert "events were seen where" in said
    assert "of them Z → ττ" in said
    assert "(Signal region)." in said


def test_little_evidence_comes_with_a_limit(analysis: Analysis) -> None:
    assert analysis.fit is not None
    weak = replace(analysis.fit, discovery=replace(analysis.fit.discovery, observed=1.2))
    said = " ".join(answer(replace(analysis, fit=weak)))
    assert said.startswith("Not shown: ")
    assert "are excluded at 95 %" in said
    evidence = replace(analysis.fit, discovery=replace(analysis.fit.discovery, observed=3.2))
    assert answer(replace(analysis, fit=evidence))[0].startswith("There is evidence")
    unseen = replace(analysis.fit, discovery=replace(analysis.fit.discovery, observed=None, mu=None))
    assert answer(replace(analysis, fit=unseen))[0].startswith("A signal of the expected strength would be seen")


def test_regions_that_differ_are_named(ntuples: Path, analysis_settings: dict[str, Any]) -> None:
    settings = copy.deepcopy(analysis_settings) | {"estimates": {}, "systematics": {}, "fit": None}
    found = analyse(settings, data=ntuples)
    assert question(found) == "Z → ττ: do data and prediction agree?"
    assert "differ by more than 2 standard deviations in QCD, same sign (+" in " ".join(answer(found))
    only = analyse({**settings, "processes": {}, "weight": None}, data=ntuples)
    assert question(only) == "Z → ττ: what was seen?"
    assert answer(only)[0].endswith(" events were seen.")
