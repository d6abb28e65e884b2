from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot
from numpy.typing import NDArray

from kaon.analysis.config import AnalysisConfig, load_config
from kaon.analysis.entries import Score
from kaon.analysis.samples import samples_of
from kaon.analysis.scores import Scorer, read_scorer, train_scorer
from kaon.data import Events
from kaon.data.cuts import parse
from kaon.data.split import assign_folds
from kaon.errors import ConfigError, DataError
from kaon.learn import TrainConfig, train
from kaon.learn.ensemble import Ensemble

FEATURES = ("x", "y")


def events_of(shift: float, count: int, seed: int) -> dict[str, NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    return {"x": rng.normal(shift, 1, count), "y": rng.normal(0, 1, count), "w": rng.uniform(0.5, 1.5, count)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("scores")
    for name, shift, seed in (("sig", 2.0, 1), ("bkg", 0.0, 2), ("other", 0.0, 3)):
        with uproot.recreate(place / f"{name}.root") as file:
            columns = events_of(shift, 600, seed)
            file.mktree("tree", {n: v.dtype for n, v in columns.items()}).extend(columns)
    return place


def config_of(folder: Path, **more: Any) -> AnalysisConfig:
    settings: dict[str, Any] = {"model": "bdt", "features": ["x", "y"], "folds": 2, "options": {"trees": 20}}
    tree = {
        "weight": "w",
        "processes": {"sig": {"files": "sig.root", "signal": True}, "bkg": "bkg.root", "other": "other.root"},
        "selection": "y > -2",
        "regions": {"all": "x > -9"},
        "scores": {"score": {"train": settings | more}},
    }
    return load_config(tree, folder)


def trained(config: AnalysisConfig, work: Path | None = None) -> Scorer:
    settings = config.scores["score"].train
    assert settings is not None
    return train_scorer("score", settings, config, samples_of(config), work)


@pytest.fixture(scope="module")
def scorer(folder: Path) -> Scorer:
    return trained(config_of(folder))


def test_every_event_is_scored_by_the_model_of_its_own_fold(scorer: Scorer) -> None:
    columns, index = events_of(1.0, 300, 9), np.arange(1000, 1300)
    found = scorer(columns, index, "somewhere")
    fold = assign_folds(index, 2, 0)
    events = Events(ak.Array({n: columns[n] for n in FEATURES}))
    for number, tagger in enumerate(scorer.taggers):
        alone = tagger.predict(events).score[:, -1]
        np.testing.assert_allclose(found[fold == number], alone[fold == number], rtol=1e-6)
        assert not np.allclose(found[fold != number], alone[fold != number])


def test_a_bundle_predicts_here_as_everywhere(tmp_path: Path) -> None:
    """Ensembles do, and taggers that average over the detector's symmetries."""
    rng = np.random.default_rng(5)
    target = np.arange(300) % 2
    columns = {"lep_eta": rng.normal(target, 1), "pt": rng.exponential(1 + target)}
    events = Events(ak.Array(columns), target, classes=("background", "signal"))
    config = TrainConfig(epochs=1, augment=("reflect_eta",), test_time_augmentation=1)
    options: dict[str, Any] = {"representation": "tabular", "representation_options": {"features": ["lep_eta", "pt"]}}
    tagger = train("nn", events, None, config, **options)
    for name, made in (("one", tagger), ("two", Ensemble((tagger, train("fisher", events, **options))))):
        file = made.save(tmp_path / f"{name}.kaon")
        found = read_scorer(name, Score(bundle=str(file)))(columns, np.arange(300), "somewhere")
        np.testing.assert_allclose(found, made.predict(events).score[:, -1], rtol=1e-6)


def test_no_model_saw_the_events_that_it_scores(tmp_path: Path) -> None:
    """What tells signal from background is opposite in the two folds: who learnt in the other one is always wrong."""
    side = 2.0 * assign_folds(np.arange(600), 2, 0) - 1
    for name, sign in (("sig", 1), ("bkg", -1)):
        columns = events_of(0, 600, sign + 1)
        columns["x"] = sign * side * (5 + columns["x"])
        with uproot.recreate(tmp_path / f"{name}.root") as file:
            file.mktree("tree", {n: v.dtype for n, v in columns.items()}).extend(columns)
    tree = config_of(tmp_path).settings_tree()
    del tree["processes"]["other"]
    config = load_config(tree, tmp_path)
    found = trained(config)
    means = {}
    for name, sample in samples_of(config).items():
        (part,) = sample.parts([parse("x"), parse("y")])
        means[name] = found(part.columns, part.index, name).mean()
    assert means["sig"] < 0.1
    assert means["bkg"] > 0.9


def test_finished_folds_are_found_again_unless_the_settings_changed(folder: Path, tmp_path: Path) -> None:
    config = config_of(folder)
    first = trained(config, tmp_path / "work")
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "work").rglob("bundle.kaon")}
    again = trained(config, tmp_path / "work")
    assert {p: p.stat().st_mtime_ns for p in stamps} == stamps
    columns, index = events_of(1.0, 50, 9), np.arange(50)
    np.testing.assert_array_equal(first(columns, index, ""), again(columns, index, ""))
    trained(config_of(folder, options={"trees": 5}), tmp_path / "work")
    assert {p: p.stat().st_mtime_ns for p in stamps} != stamps


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"signal": "sig", "background": ["sig", "bkg"]}, "sig are both"),
        ({"signal": ["sig", "bkg", "other"]}, "the background is missing"),
    ],
)
def test_signal_and_background_must_be_two(folder: Path, more: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        trained(config_of(folder, **more))


def test_nothing_to_train_on(folder: Path) -> None:
    with pytest.raises(DataError, match="no simulated event passes"):
        trained(config_of(folder, select="x > 99"))


def test_a_bundle_is_read_and_its_variables_are_checked(tmp_path: Path) -> None:
    rows = [events_of(2.0 * target, 200, target) for target in (0, 1)]
    columns = {n: np.concatenate([r[n] for r in rows]) for n in FEATURES}
    events = Events(ak.Array(columns), np.repeat([0, 1], 200))
    options = {"features": ["x", "y"]}
    tagger = train("fisher", events, representation="tabular", representation_options=options)
    path = tagger.save(tmp_path / "fisher.kaon")
    found = read_scorer("score", Score(bundle=str(path)))
    assert found.features == FEATURES
    np.testing.assert_allclose(found(columns, np.arange(400), ""), tagger.predict(events).score[:, -1])
    assert read_scorer("score", Score(bundle=str(path), features=("y", "x"))).features == FEATURES
    with pytest.raises(ConfigError, match="was trained on x, y, but features names x, z"):
        read_scorer("score", Score(bundle=str(path), features=("x", "z")))


def test_a_feature_that_is_nan_is_told(scorer: Scorer) -> None:
    columns = events_of(1.0, 10, 9)
    columns["x"][3] = np.nan
    with pytest.raises(DataError, match=r"x is NaN or infinite in 1 selected events of Zee.*isfinite\(x\)"):
        scorer(columns, np.arange(10), "Zee")
