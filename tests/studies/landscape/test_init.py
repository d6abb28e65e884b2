"""The whole study, small: on the user's files and on simulated jets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kaon.data import Events, Predictions, Provenance
from kaon.data.io import write
from kaon.errors import ConfigError, DataError
from kaon.evaluate import background_rejection
from kaon.report import load
from kaon.report.study import Result
from kaon.studies.base import perform
from kaon.studies.landscape import LANDSCAPE

MODELS = ("bdt", "topodnn", "efn", "goat")


@pytest.fixture(scope="module")
def files(make_jets: Callable[..., Events], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Training, validation and test jets in the layout of the public files, each numbered from zero."""
    folder = tmp_path_factory.mktemp("public")
    sizes = {"train": 300, "val": 260, "test": 200}
    jets = [make_jets(n, seed=i, classes=("background", "signal")) for i, n in enumerate(sizes.values())]
    return [str(write(j, folder / f"{n}.h5", layout="top-tagging")) for n, j in zip(sizes, jets, strict=True)]


@pytest.fixture(scope="module")
def done(files: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    return perform(LANDSCAPE, "smoke", tmp_path_factory.mktemp("out"), data=files, models=MODELS, seeds=2)


def of(folder: Path, model: str, part: str, seed: int = 0) -> Predictions:
    return Predictions.load(folder / "comparison" / "runs" / f"{model}-seed{seed}" / "predictions" / f"{part}.parquet")


def test_the_table_has_every_tagger_obtained_beside_published(done: tuple[Result, Path]) -> None:
    result, folder = done
    assert [row.name for row in result.rows] == list(MODELS)
    rows = {row.name: row.values for row in result.rows}
    assert rows["topodnn"]["rejection_30"].published == 295
    assert rows["goat"]["rejection_30_ensemble"].published == 1549
    assert rows["bdt"]["auc"].published is None
    for name, values in rows.items():
        runs = load(folder / "comparison").models[name]
        assert values["auc"].obtained == pytest.approx(np.mean([run.metrics["auc"] for run in runs]))
        assert values["auc"].seeds == 2
        assert 25_000 < (values["parameters"].obtained or 0) < 35_000 or name != "goat"
    assert {p.name for p in folder.iterdir()} >= {"table.json", "table.md", "report.html", "study.json"}
    assert json.loads((folder / "table.json").read_text())["rows"][3]["name"] == "goat"


def test_the_ensemble_is_the_mean_of_the_scores(done: tuple[Result, Path]) -> None:
    result, folder = done
    one, two = (of(folder, "efn", "test", seed) for seed in (0, 1))
    expected = background_rejection((one.score + two.score) / 2, one.labels, 0.3)
    found = next(row for row in result.rows if row.name == "efn").values["rejection_30_ensemble"]
    assert found.obtained == pytest.approx(expected.value) or found.limit == pytest.approx(expected.lower)


def test_all_are_judged_on_the_same_jets_and_goat_learns_from_others(done: tuple[Result, Path]) -> None:
    _, folder = done
    tested = [of(folder, model, "test").index for model in MODELS]
    for index in tested[1:]:
        np.testing.assert_array_equal(index, tested[0])
    seen = [np.asarray(of(folder, "efn", part).index) for part in ("train", "validation", "test")]
    own = [np.asarray(of(folder, "goat", part).index) for part in ("train", "validation")]
    for index in own:
        assert not set(index) & set(np.concatenate(seen))
    everyone = np.concatenate([*seen, *own])
    assert len(everyone) == len(set(everyone)), "no jet is in two parts"
    config = load(folder / "comparison").models["goat"][0].config
    assert config["representation_options"]["features"] == ["logit_topodnn", "logit_efn"], "trees are for orientation"


def test_figures_and_words_say_what_was_done(done: tuple[Result, Path]) -> None:
    result, folder = done
    page = (folder / "report.html").read_text()
    charts = [item.title for section in result.sections for item in section.items]
    assert charts == [
        "All taggers", "Correlation of scores, background jets", "Correlation of scores, signal jets",
        "What more jets would change",
    ]  # fmt: skip
    assert all(f"<h3>{title}</h3>" in page for title in charts)
    words = " ".join(result.notes)
    assert f"here there are {len(of(folder, 'efn', 'train')):,}, one in" in words
    assert "GoaT combines 2 taggers" in words
    assert "What more data would change: from" in words
    assert "They are the files that were given" in words


def test_again_nothing_is_trained(done: tuple[Result, Path], files: list[str]) -> None:
    result, folder = done
    written = {p: p.stat().st_mtime_ns for p in folder.rglob("metrics.json")}
    assert len(written) == 2 * 4 + 1
    again, _ = perform(LANDSCAPE, "smoke", folder.parents[1], data=files, models=MODELS, seeds=2)
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("metrics.json")} == written
    assert again.table() == result.table()


def test_more_taggers_and_seeds_later_make_goat_anew(done: tuple[Result, Path], files: list[str]) -> None:
    _, folder = done
    taken = ("topodnn", "efn", "pfn", "goat")
    result, _ = perform(LANDSCAPE, "smoke", folder.parents[1], data=files, models=taken, seeds=1)
    assert [row.name for row in result.rows] == list(taken)
    config = load(folder / "comparison").models["goat"][0].config
    assert config["representation_options"]["features"] == ["logit_topodnn", "logit_efn", "logit_pfn"]


def test_simulated_jets_one_tagger_and_no_goat(make_jets: Callable[..., Events], tmp_path: Path) -> None:
    jets = replace(make_jets(400), provenance=Provenance("top-tagging", seed=1))
    file = tmp_path / "landscape" / "smoke" / "events" / "top-tagging-400-seed1.h5"  # as if stopped after simulating
    file.parent.mkdir(parents=True)
    write(jets, file)
    result, _ = perform(LANDSCAPE, "smoke", tmp_path, models=["topodnn", "goat"])
    assert [row.name for row in result.rows] == ["topodnn"]
    assert "stand-in for the public sample" in result.facts["Data"]


def test_wrong_wishes(files: list[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names 2 files; the landscape wants three"):
        perform(LANDSCAPE, "smoke", tmp_path, data=files[:2], models=["topodnn"])
    with pytest.raises(DataError, match=r"140 jets are in .*train\.h5 and in .*train\.h5 as well"):
        perform(LANDSCAPE, "smoke", tmp_path, data=[files[0], files[1], files[0]], models=["topodnn"])
    perform(LANDSCAPE, "smoke", tmp_path, data=files, models=["topodnn"])  # what failed has left no trace
    with pytest.raises(ConfigError, match="nothing to compare among goat"):
        perform(LANDSCAPE, "smoke", tmp_path / "other", data=files, models=["goat"])


@pytest.mark.slow
def test_every_tagger(files: list[str], tmp_path: Path) -> None:
    result, _ = perform(LANDSCAPE, "smoke", tmp_path, data=files)
    from kaon.registry import variants

    there: dict[str, Any] = variants("kaon.models")
    assert [row.name for row in result.rows] == [m for m in LANDSCAPE.models if m in there]
