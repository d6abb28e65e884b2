from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kaon.registry import lookup
from kaon.simulate import simulate_to_file
from kaon.simulate.recipe import load_recipe
from kaon.studies.base import perform
from kaon.studies.transfer import figure, verdict, worth
from kaon.studies.transfer.grid import FROZEN, RANDOM, SCRATCH, TUNED, WAYS, Found
from kaon.studies.transfer.tasks import TASKS, w_like_top

SIZES = (100, 1_000, 10_000)


def found(**levels: list[float]) -> Found:
    noise = np.array([-0.001, 0.0, 0.001])
    scores = {way: np.array(levels[way.replace(" ", "_")])[:, None] + noise for way in WAYS}
    return Found(TASKS[1], SIZES, scores, {way: np.ones((3, 3)) for way in WAYS}, np.full(3, 0.9), (), 500)


def test_worth_is_read_off_the_curve_from_scratch() -> None:
    scratch = np.array([0.7, 0.8, 0.9])
    assert worth(SIZES, scratch, 0.8) == pytest.approx(1_000)
    assert worth(SIZES, scratch, 0.75) == pytest.approx(10**2.5)
    assert worth(SIZES, scratch, 0.6) == 100
    assert worth(SIZES, scratch, 0.95) is None


def test_the_verdict_says_what_the_numbers_say() -> None:
    good = {FROZEN: [0.8, 0.82, 0.85], TUNED: [0.78, 0.85, 0.91], SCRATCH: [0.7, 0.8, 0.9], RANDOM: [0.6, 0.65, 0.7]}
    words = verdict(found(**{way.replace(" ", "_"): values for way, values in good.items()}))
    assert "make 100 events worth about 1,000 from scratch" in words
    assert "better than random ones at every size" in words
    assert "From 10,000 events on, training from scratch beats the frozen features" in words
    bad = good | {FROZEN: [0.6, 0.65, 0.7], TUNED: [0.7, 0.8, 0.9]}
    words = verdict(found(**{way.replace(" ", "_"): values for way, values in bad.items()}))
    assert "no way of transfer is better than training from scratch" in words
    assert "no better than random ones" in words


def test_the_figure_shows_what_is_missed_with_bands_around_it() -> None:
    level = [0.7, 0.8, 0.9]
    made = figure(found(**{way.replace(" ", "_"): level for way in WAYS}))
    lines = [trace for trace in made.data if trace.get("name")]
    assert [line["name"] for line in lines] == list(WAYS)
    np.testing.assert_allclose(np.asarray(lines[0]["y"], float), 1 - np.array(level))
    assert sum("fillcolor" in trace for trace in made.data) == len(WAYS)


def test_the_smoke_scale_runs(tmp_path: Path, kaon_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pythia8mc", reason="the simulation needs the extra sim")
    if not (kaon_data / "mnist").is_dir():
        pytest.skip("MNIST is not in KAON_DATA")
    study = lookup("kaon.studies", "transfer")
    scale = study.scales["smoke"]
    events = tmp_path / "transfer" / "smoke" / "events"
    events.mkdir(parents=True)
    for recipe, count in ((w_like_top(), scale.events), (load_recipe("top-tagging"), scale.settings["tops"])):
        # In small chunks, since a chunk is made whole.
        quick = recipe.model_copy(update={"chunk_events": 60})
        simulate_to_file(quick, count, events / f"{recipe.name}-{count}-seed1.h5", seed=1)
    result, folder = perform(study, "smoke", tmp_path)
    assert [row.name for row in result.rows] == [f"{pair.name}, {way}" for pair in TASKS for way in WAYS]
    assert all(0 <= (v.obtained or 0) <= 1 and v.seeds == 1 for row in result.rows for v in row.values.values())
    kept = json.loads((folder / "table.json").read_text())
    assert len(kept["summary"]) == 2
    assert "from scratch" in (folder / "report.html").read_text()
    monkeypatch.setattr("kaon.learn.run.train", None)  # a second call trains nothing
    again, _ = perform(study, "smoke", tmp_path)
    assert [row.values for row in again.rows] == [row.values for row in result.rows]
