from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kaon.report import Comparison, RunRecord, load
from kaon.report.origins import origins


def run(model: str, seed: int, epochs: int = 5, started: str = "") -> RunRecord:
    config = {"model": model, "train": {"epochs": epochs, "seed": seed}}
    return RunRecord(f"{model}-{seed}", model, seed, {}, config=config, environment={"cores": 2, "started": started})


def test_runs_that_differ_in_the_seed_share_an_entry() -> None:
    found = origins(Comparison((run("a", 0), run("a", 1), run("b", 0))))
    assert [(o.title, o.note) for o in found] == [
        ("Configuration", "of a, seeds 0, 1"),
        ("Configuration", "of b, seed 0"),
        ("Environment", "of all runs"),
    ]
    assert yaml.safe_load(found[0].text) == {"model": "a", "train": {"epochs": 5}}


def test_any_other_difference_makes_an_entry() -> None:
    found = origins(Comparison((run("a", 0, started="now"), run("a", 1, epochs=6, started="later"))))
    assert [(o.title, o.note) for o in found][:2] == [
        ("Configuration", "of a, seed 0"),
        ("Configuration", "of a, seed 1"),
    ]
    assert [o.note for o in found if o.title == "Environment"] == ["of all runs"]


def test_events_are_told_in_full(comparison_directory: Path) -> None:
    events = origins(load(comparison_directory))[0]
    told = yaml.safe_load(events.text)
    assert events.note == "top-tagging"
    assert told["seed"] == 1
    assert told["settings"]["detector"] == "atlas"
    assert told["versions"]["pythia8mc"] == "8.317.2"
    assert told["events"] == {"qcd": 5000, "top": 5000}


@pytest.mark.parametrize("sample", [None, {}, {"provenance": {}}])
def test_nothing_recorded_is_said(sample: dict[str, object] | None) -> None:
    (entry,) = origins(Comparison((RunRecord("a", "a", 0, {}),), sample))
    assert "neither configuration nor environment" in entry.text
