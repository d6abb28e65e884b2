from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from kaon.data import Events
from kaon.data.bundle import Bundle
from kaon.errors import ConfigError, DataError
from kaon.learn.classifier import Classifier
from kaon.learn.compare import compare
from kaon.learn.config import TrainConfig
from kaon.learn.ensemble import Ensemble
from kaon.learn.folds import cross_train
from kaon.learn.frozen import head_features
from kaon.learn.run import Parts, RunConfig, execute_run
from kaon.learn.tagger import Tagger, load
from kaon.learn.tensors import as_tensors
from kaon.learn.train import train
from kaon.learn.transfer import Start, StartConfig, fingerprint, head_names
from kaon.models.base import Net

OPTIONS = {"hidden": [16, 8]}
CONFIG = TrainConfig(epochs=3, batch_size=64, learning_rate=0.01)


def gaussians(count: int, seed: int, classes: int, direction: int, columns: int = 5) -> Events:
    """Normal features, of which one is shifted by the class number."""
    random = np.random.default_rng(seed)
    target = random.integers(0, classes, count)
    x = random.normal(size=(count, columns))
    x[:, direction] += 1.5 * target
    names = tuple(f"class_{i}" for i in range(classes))
    array = ak.Array({f"x{i}": column for i, column in enumerate(x.T)})
    return Events(array, target, None, np.arange(count), names)


@pytest.fixture(scope="module")
def source() -> Tagger:
    return train("mlp", gaussians(600, 0, 2, 0), None, CONFIG, options=OPTIONS)


@pytest.fixture
def target() -> Events:
    return gaussians(500, 1, 3, 1)


def weights(tagger: Tagger) -> dict[str, torch.Tensor]:
    assert isinstance(tagger.model, Net)
    return dict(tagger.model.state_dict())


def is_head(name: str) -> bool:
    return name.startswith("head.")


def transferred(source: Tagger, events: Events, freeze: Any, rate: float = 1.0, **settings: Any) -> Tagger:
    config = CONFIG.model_copy(update=settings)
    return train(source.model_name, events, events, config, start=Start(source, freeze, rate))


def test_frozen_features_stay_bit_for_bit_and_the_head_does_not(source: Tagger, target: Events) -> None:
    before = {name: value.clone() for name, value in weights(source).items()}
    made = transferred(source, target, "features")
    after = weights(made)
    assert after["head.weight"].shape == (3, 8)
    assert all(torch.equal(after[name], before[name]) for name in before if not is_head(name))
    assert all(torch.equal(value, before[name]) for name, value in weights(source).items())
    assert made.classes == target.classes
    assert made.spec == source.spec
    assert made.parameter_count == sum(v.numel() for n, v in after.items() if not n.startswith("normalise"))


def test_fine_tuning_changes_the_features_and_a_small_rate_changes_them_less(source: Tagger, target: Events) -> None:
    old = weights(source)

    def moved(rate: float) -> float:
        new = weights(transferred(source, target, "none", rate))
        assert torch.equal(new["normalise.shift"], old["normalise.shift"])
        return max(float((new[n] - v).abs().max()) for n, v in old.items() if n.startswith("body"))

    assert 0 < moved(0.01) < 0.2 * moved(1.0)


def test_a_head_on_frozen_features_is_logistic_regression(source: Tagger, target: Events) -> None:
    config = {"epochs": 250, "batch_size": 500, "weight_decay": 0.0, "learning_rate": 0.3}
    made = transferred(source, target, "features", **config)
    assert isinstance(source.model, Net)
    inputs = as_tensors(source.representation.transform(target).inputs)
    found = head_features(source.model, {"head.weight", "head.bias"}, inputs)
    assert found is not None
    exact = LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000).fit(found[0].numpy(), target.labels)
    best = exact.predict_proba(found[0].numpy())
    score = made.predict(target).score
    rows = np.arange(len(target))
    losses = [-np.log(p[rows, target.labels]).mean() for p in (score, best)]
    assert losses[1] <= losses[0] + 1e-6
    assert losses[0] - losses[1] < 1e-4
    assert np.abs(score - best).max() < 0.02


def test_equal_seeds_give_equal_taggers_and_others_do_not(source: Tagger, target: Events) -> None:
    a, b, c = (transferred(source, target, "features", seed=seed).predict(target).score for seed in (1, 1, 2))
    assert (a == b).all()
    assert (a != c).any()


def test_a_transferred_tagger_is_saved_with_its_origin_and_without_a_path(
    source: Tagger, target: Events, tmp_path: Path
) -> None:
    (tmp_path / "far").mkdir()
    file = source.save(tmp_path / "far" / "away.kaon")
    made = Classifier(model_from=str(file), freeze="features", epochs=2, validation_fraction=0).fit(target)
    made.save(tmp_path / "new.kaon")
    again = load(tmp_path / "new.kaon")
    assert (again.predict(target).score == made.predict_proba(target)).all()
    noted = again.training["start"]
    assert noted["name"] == "away.kaon"
    assert noted["fingerprint"] == fingerprint(source) == fingerprint(load(file))
    assert noted["classes"] == ["class_0", "class_1"]
    assert str(tmp_path) not in json.dumps(Bundle.load(tmp_path / "new.kaon").training)


def test_a_transferred_tagger_is_exported(source: Tagger, target: Events, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the extra `deploy` is not installed")
    pytest.importorskip("onnxruntime", reason="the extra `deploy` is not installed")
    from kaon.deploy.onnx import export_onnx
    from kaon.deploy.session import OnnxTagger

    made = transferred(source, target, "features")
    report = export_onnx(made, tmp_path / "t.onnx", data=made.representation.transform(target))
    theirs = OnnxTagger.load(report.path).predict(target)
    np.testing.assert_allclose(theirs.score, made.predict(target).score, atol=1e-5)
    assert theirs.classes == target.classes


def test_a_classifier_takes_a_tagger(source: Tagger, target: Events) -> None:
    made = Classifier(model_from=source, freeze="features", epochs=2).fit(target)
    assert made.tagger_.model_name == "mlp"
    assert made.tagger_.training["start"]["freeze"] == "features"


def test_a_run_starts_from_a_file_is_resumed_and_refuses_another_one(
    source: Tagger, target: Events, tmp_path: Path
) -> None:
    file = source.save(tmp_path / "source.kaon")
    config = RunConfig(model="mlp", train=CONFIG, start=StartConfig(model_from=str(file), freeze="features"))
    parts = Parts.of(target, (0.6, 0.2, 0.2), 0)

    def stop(done: float, _: float, __: dict[str, float]) -> None:
        if done > 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute_run(config, parts, tmp_path / "run", progress=stop)
    resumed = execute_run(config, parts, tmp_path / "run")
    whole = execute_run(config, parts, tmp_path / "whole")
    assert (resumed.tagger().predict(target).score == whole.tagger().predict(target).score).all()
    written = RunConfig.from_mapping(json.loads(config.resolved().model_dump_json()))
    assert written.start is not None
    assert written.start.fingerprint == fingerprint(source)
    execute_run(written, parts, tmp_path / "run")
    transferred(source, target, "none").save(file)
    with pytest.raises(ConfigError, match="not the tagger that this run was begun with"):
        execute_run(written, parts, tmp_path / "run")
    with pytest.raises(DataError, match="other settings"):
        execute_run(config, parts, tmp_path / "run")


def test_comparisons_and_folds_start_from_a_tagger_too(source: Tagger, target: Events, tmp_path: Path) -> None:
    file = source.save(tmp_path / "source.kaon")
    config = RunConfig(model="mlp", train=CONFIG, start=StartConfig(model_from=str(file), freeze="features"))
    runs = compare(target, [config], tmp_path / "c", seeds=2)
    assert [run.tagger().training["start"]["name"] for run in runs] == ["source.kaon"] * 2
    assert compare(target, [config], tmp_path / "c", seeds=2)[0].metrics == runs[0].metrics
    _, taggers = cross_train("mlp", target, 2, CONFIG, start=config.opened(), folder=tmp_path / "f")
    assert all("start" in tagger.training for tagger in taggers)
    assert str(tmp_path) not in (tmp_path / "f" / "folds.json").read_text()


def test_what_cannot_be_kept_is_told(source: Tagger, target: Events, tmp_path: Path) -> None:
    trees = train("bdt", gaussians(200, 0, 2, 0), options={"trees": 3})
    with pytest.raises(ConfigError, match="bdt is made of trees"):
        Start(trees)
    solved = train("fisher", gaussians(200, 0, 2, 0))
    with pytest.raises(ConfigError, match="fisher is solved at once"):
        Start(solved)
    with pytest.raises(ConfigError, match="the rate must be positive"):
        Start(source, "none", -1.0)
    with pytest.raises(ConfigError, match="holds a mlp, not a cnn"):
        train("cnn", target, start=Start(source))
    with pytest.raises(ConfigError, match="keeps its representation tabular"):
        train("mlp", target, start=Start(source), representation_options={"transform": "auto"})
    with pytest.raises(ConfigError, match=r"do not fit a mlp with .*\[4\]"):
        train("mlp", target, start=Start(source), options={"hidden": [4]})
    with pytest.raises(ConfigError, match="freeze"):
        StartConfig.from_mapping({"model_from": "x.kaon", "freeze": "all"})
    with pytest.raises(ConfigError, match="feature_rate is for features that are trained"):
        StartConfig.from_mapping({"model_from": "x.kaon", "freeze": "features", "feature_rate": 0.1})
    with pytest.raises(DataError, match=r"does not exist"):
        StartConfig(model_from=str(tmp_path / "no.kaon")).open()
    several = Ensemble((source, replace(source)), (0.5, 0.5))
    several.save(tmp_path / "several.kaon")
    with pytest.raises(ConfigError, match="several taggers as one"):
        StartConfig(model_from=str(tmp_path / "several.kaon")).open()


def test_events_of_another_form_are_refused_with_both_forms(source: Tagger) -> None:
    with pytest.raises(DataError, match=r"x4.*The mlp of tagger reads features \(5,\) as tabular"):
        train("mlp", gaussians(100, 0, 2, 0, columns=4), start=Start(source))


def images(count: int, size: int, channels: int, classes: int) -> Events:
    random = np.random.default_rng(count)
    pixels = random.integers(0, 256, (count, channels, size, size), np.uint8)
    names = tuple("abcd"[:classes])
    return Events(ak.Array({"image": pixels}), np.arange(count) % classes, None, np.arange(count), names)


@pytest.mark.parametrize("form", [(20, 1), (16, 3)])
def test_images_of_another_size_or_other_channels_are_refused(form: tuple[int, int]) -> None:
    small = {"filters": [4, 4], "hidden": [8]}
    quick = TrainConfig(epochs=1, batch_size=32)
    tagger = train("cnn", images(64, 16, 1, 2), None, quick, options=small)
    other = images(64, *form, 3)
    with pytest.raises(DataError, match=rf"{form[1]}, {form[0]}.*reads image \(1, 16, 16\).*size of images"):
        train("cnn", other, None, quick, start=Start(tagger, "features"))


def test_the_head_is_what_depends_on_the_number_of_classes(source: Tagger) -> None:
    assert head_names("mlp", source.spec, OPTIONS) == {"head.weight", "head.bias"}
    assert head_names("goat", source.spec, {}) == {"head.weight", "head.bias", "direct.weight"}
    with pytest.raises(ConfigError, match="only layers that depend"):
        head_names("mlp", source.spec, {"hidden": []})


def test_a_network_that_does_not_depend_on_the_classes_has_no_head(tmp_path: Path) -> None:
    file = tmp_path / "pairs.py"
    file.write_text(
        "from torch import nn\n"
        "from kaon.models.base import Net\n"
        "class Two(Net):\n"
        "    representations = ('tabular',)\n"
        "    def __init__(self, spec, outputs):\n"
        "        super().__init__(spec, outputs)\n"
        "        self.layer = nn.Linear(5, 2)\n"
        "    def forward(self, inputs):\n"
        "        return self.layer(inputs['features'])\n"
        "VARIANTS = {'two': Two}\n"
    )
    tagger = train(str(file), gaussians(100, 0, 2, 0), None, TrainConfig(epochs=1))
    with pytest.raises(ConfigError, match="no layer that depends"):
        train(str(file), gaussians(100, 0, 2, 1), None, TrainConfig(epochs=1), start=Start(tagger))
