from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kaon.data import Events
from kaon.errors import ConfigError, DataError, UnknownName
from kaon.files import locked
from kaon.learn import Run, RunConfig
from kaon.registry import variants
from kaon.report import table
from kaon.report.study import Result, ResultRow, measured
from kaon.studies.base import SCALES, Context, Scale, Silent, Study, machine, perform, state

COLUMNS = table.COLUMNS[:2]


class Diary(Silent):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def stage(self, text: str) -> None:
        self.words.append(text)

    @contextmanager
    def trainings(self, count: int) -> Iterator[Any]:
        def follow(model: str, seed: int, run: Run | None) -> None:
            self.words.append(f"{model} {seed} {'begins' if run is None else 'ends'}")

        self.words.append(f"{count} trainings")
        yield follow


def study_of(events: Events | None) -> Study:
    """A comparison of two tree models on the given events, or on simulated ones."""

    def run(context: Context) -> Result:
        sample = context.simulated("top-tagging") if events is None else events
        models = context.chosen(("bdt", "bdt_xgboost"))
        configs = [RunConfig(model=m, options={"trees": context.scale.settings["trees"]}) for m in models]
        comparison = context.compare(sample, configs)
        rows = [
            ResultRow(m, {c.key: measured(runs, c, published=0.98) for c in COLUMNS}, model=m)
            for m, runs in comparison.models.items()
        ]
        return Result(context.study, context.scale_name, "Which trees?", "a paper", COLUMNS, rows)

    scales = {"smoke": Scale(60, 2, settings={"trees": 3}), "full": Scale(10**6, settings={"trees": 300})}
    return Study("trees", "Which trees?", "a paper", scales, run, ("bdt", "bdt_xgboost"))  # type: ignore[arg-type]  # names as plain text


def test_a_study_runs_once_and_is_then_read(jets: Events, tmp_path: Path) -> None:
    study, diary = study_of(jets), Diary()
    assert [s.words for s in state(study, tmp_path)] == ["not run", "not run"]
    first, folder = perform(study, "smoke", tmp_path, models=["bdt"], reporter=diary)
    assert folder == tmp_path / "trees" / "smoke"
    assert diary.words == ["2 trainings", "bdt 0 begins", "bdt 0 ends", "bdt 1 begins", "bdt 1 ends"]
    assert [s.words for s in state(study, tmp_path)] == ["done", "not run"]
    stored = json.loads((folder / "table.json").read_text())
    assert stored == json.loads(json.dumps(first.table()))
    assert stored["rows"][0]["values"]["auc"]["published"] == 0.98
    assert {p.name for p in folder.iterdir()} == {"comparison", "study.json", "table.json", "table.md", "report.html"}
    assert (folder / "comparison" / "report.html").exists()

    written = {p: p.stat().st_mtime_ns for p in folder.glob("comparison/runs/*/metrics.json")}
    assert len(written) == 2
    again, _ = perform(study, "smoke", tmp_path, models=["bdt"])
    assert again.table() == first.table()
    assert {p: p.stat().st_mtime_ns for p in written} == written


def test_a_stopped_study_is_partly_done_and_goes_on(jets: Events, tmp_path: Path) -> None:
    class Stopped(Diary):
        @contextmanager
        def trainings(self, count: int) -> Iterator[Any]:
            def follow(model: str, seed: int, run: Run | None) -> None:
                if seed == 1:
                    raise KeyboardInterrupt

            yield follow

    study = study_of(jets)
    with pytest.raises(KeyboardInterrupt):
        perform(study, "smoke", tmp_path, seeds=2, models=["bdt"], reporter=Stopped())
    assert state(study, tmp_path)[0].words == "partly"
    kept = tmp_path / "trees" / "smoke" / "comparison" / "runs" / "bdt-seed0" / "metrics.json"
    before = kept.stat().st_mtime_ns
    result, _ = perform(study, "smoke", tmp_path, seeds=2, models=["bdt"])
    assert kept.stat().st_mtime_ns == before
    assert result.rows[0].values["auc"].seeds == 2
    assert state(study, tmp_path)[0].words == "done"


def test_events_are_simulated_once_and_those_of_others_refused(jets: Events, tmp_path: Path) -> None:
    pytest.importorskip("pythia8mc", reason="the simulation needs the extra sim")
    from kaon.data.io import write
    from kaon.simulate import load_recipe

    scale, diary = Scale(20), Diary()
    context = Context("one", "smoke", scale, tmp_path, reporter=diary)
    recipe = load_recipe("top-tagging").model_copy(update={"chunk_events": 60})
    made = context.simulated(recipe)
    assert (len(made), made.classes) == (20, ("qcd", "top"))
    again = context.simulated(recipe)
    assert again.array.to_list() == made.array.to_list()
    assert diary.words == ["simulating 20 events of the recipe top-tagging"]
    (file,) = (tmp_path / "events").iterdir()
    file.unlink()
    write(jets, file)
    with pytest.raises(DataError, match="this study did not make"):
        context.simulated("top-tagging")


def test_wrong_wishes(jets: Events, tmp_path: Path) -> None:
    study = study_of(jets)
    with pytest.raises(UnknownName, match=r"scale 'smokey'.*did you mean smoke.*full, smoke"):
        perform(study, "smokey", tmp_path)
    with pytest.raises(ConfigError, match="seeds=0"):
        perform(study, "smoke", tmp_path, seeds=0)
    with pytest.raises(ConfigError, match="takes no --data"):
        perform(study, "smoke", tmp_path, data=["a.h5"])
    with pytest.raises(UnknownName, match="did you mean bdt"):
        perform(study, "smoke", tmp_path, models=["bdtt"])
    assert not list(tmp_path.iterdir())


def test_other_data_and_a_second_process_are_refused(jets: Events, tmp_path: Path) -> None:
    from dataclasses import replace

    study = replace(study_of(jets), takes_data="one file")
    perform(study, "smoke", tmp_path, seeds=1, models=["bdt"])
    with pytest.raises(DataError, match=r"begun with simulated events, not with the files a\.h5"):
        perform(study, "smoke", tmp_path, data=["a.h5"])
    with locked(tmp_path / "trees" / "smoke" / ".lock", "mine"), pytest.raises(DataError, match="another process"):
        perform(study, "smoke", tmp_path)


def test_the_machine_is_told_in_words() -> None:
    assert "cores" in machine()


@pytest.mark.parametrize("name", sorted(variants("kaon.studies")))
def test_every_registered_study_is_complete(name: str) -> None:
    study = variants("kaon.studies")[name]
    assert study.name == name
    assert study.question.endswith("?")
    assert "arXiv" in study.source or "https://" in study.source
    assert tuple(study.scales) == SCALES
    assert set(study.recipes) <= set(variants("kaon.simulate.recipes"))
    sizes = [study.scales[s].events for s in SCALES]
    assert sizes == sorted(sizes)
