from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from kaon.data import Events
from kaon.errors import BundleError, ConfigError, DataError, UnknownName
from kaon.evaluate import auc
from kaon.learn.config import TrainConfig
from kaon.learn.tagger import load
from kaon.learn.train import build, choose_representation, prepare, train
from kaon.simulate.toys.shapes import shapes

QUICK = TrainConfig(epochs=3, learning_rate=0.01, batch_size=64)


@pytest.mark.parametrize("model", ["bdt", "mlp"])
def test_nets_and_trees_learn_plain_columns(table: Events, model: str) -> None:
    fit, test = table.split((0.7, 0.3))
    tagger = train(model, fit, None, QUICK)
    assert tagger.representation_name == "tabular"
    assert auc(tagger.predict(test)) > 0.68  # the ideal is Phi(1 / sqrt 2) = 0.76


@pytest.mark.parametrize("model", ["bdt", "mlp"])
def test_three_classes(model: str) -> None:
    random = np.random.default_rng(0)
    target = random.integers(0, 3, 900)
    events = Events(ak.Array({"x": target + 0.2 * random.normal(size=900)}), target)
    predictions = train(model, events, None, TrainConfig(epochs=15, learning_rate=0.02, batch_size=64)).predict(events)
    assert predictions.score.shape == (900, 3)
    assert (predictions.score.argmax(1) == target).mean() > 0.9


def test_the_first_usable_representation_is_chosen(table: Events) -> None:
    assert choose_representation("mlp", table) == "tabular"
    jets = Events(ak.Array({"constituents": [[{"px": 1.0, "py": 0.0, "pz": 0.0, "E": 1.0}]]}))
    assert choose_representation("mlp", jets) == "jet_features"
    assert choose_representation("pfn", jets, "point_cloud") == "point_cloud"


def test_who_has_pictures_is_told_of_models_for_pictures() -> None:
    events = shapes(3)
    with pytest.raises(DataError, match=r"pfn needs the columns.*for pictures: conv_classifier"):
        choose_representation("pfn", events)
    with pytest.raises(DataError, match=r"no numeric columns.*conv_classifier"):
        prepare("tabular", {}, events, None)


def test_a_model_that_cannot_use_the_events_says_what_it_needs(table: Events) -> None:
    with pytest.raises(DataError, match=r"pfn needs the columns \['constituents'\].*bdt, mlp"):
        train("pfn", table)


def test_a_representation_of_the_same_form_is_read_too(jets: Events) -> None:
    assert choose_representation("mlp", jets, "higgs_variables") == "higgs_variables"
    with pytest.raises(ConfigError, match="pfn cannot read"):
        choose_representation("pfn", jets, "higgs_variables")


def test_a_wrong_representation_is_refused(table: Events) -> None:
    with pytest.raises(ConfigError, match="pfn cannot read the representation 'tabular'; it reads: momentum_fractions"):
        choose_representation("pfn", table, "tabular")
    with pytest.raises(UnknownName, match="did you mean tabular"):
        choose_representation("mlp", table, "tabula")


def test_a_wrong_hyper_parameter_lists_the_right_ones(table: Events) -> None:
    with pytest.raises(ConfigError, match="the model mlp has no option hiden; allowed: hidden, dropout"):
        train("mlp", table, options={"hiden": (3,)})


def test_build_passes_options_on() -> None:
    def thing(first: int, *, second: int = 2) -> tuple[int, int]:
        return first, second

    assert build("thing", "it", thing, (1,), {"second": 3}) == (1, 3)


def test_unlabelled_and_one_class_events_are_refused(table: Events) -> None:
    with pytest.raises(DataError, match="no labels"):
        train("bdt", replace(table, target=None))
    with pytest.raises(DataError, match=r"of one class .*0 signal"):
        train("bdt", table.take(table.labels == 0))


def test_negative_weights_stop_trees_but_not_nets(table: Events) -> None:
    weighted = replace(table, weight=np.where(table.index % 10 == 0, -1.0, 1.0))
    train("mlp", weighted, None, TrainConfig(epochs=1))
    with pytest.raises(ConfigError, match="bdt cannot be trained"):
        train("bdt", weighted)
    train("bdt", weighted, weighted, TrainConfig(negative_weights="abs"))


@pytest.mark.parametrize("model", ["mlp", "fisher"])
def test_missing_values_stop_nets_but_not_trees(table: Events, model: str) -> None:
    name = table.fields[0]
    holed = table.with_columns(**{name: np.where(np.arange(len(table)) % 7, table[name], np.nan)})
    keep = {"missing": "keep"}
    assert np.isfinite(train("bdt", holed, representation_options=keep).predict(holed).score).all()
    with pytest.raises(DataError, match=f"{model} is a network, .* missing=median"):
        train(model, holed, None, QUICK, representation_options=keep)
    filled = train(model, holed, None, QUICK, representation_options={"missing": "median"})
    assert np.isfinite(filled.predict(holed).score).all()


def test_dropped_events_are_really_left_out(table: Events) -> None:
    poisoned = replace(table, weight=np.where(table.index % 2 == 0, 1.0, -1.0))
    flipped = replace(poisoned, target=np.where(table.index % 2 == 0, table.labels, 1 - table.labels))
    config = TrainConfig(epochs=3, learning_rate=0.01, negative_weights="drop")
    assert auc(train("mlp", flipped, None, config).predict(table)) > 0.68


def test_a_users_own_model_file(table: Events, tmp_path: Path) -> None:
    source = tmp_path / "mine.py"
    source.write_text(
        "from torch import nn\n"
        "from kaon.models.base import Net\n"
        "class Linear(Net):\n"
        "    representations = ('tabular',)\n"
        "    def __init__(self, spec, outputs, *, scale=1.0):\n"
        "        super().__init__(spec, outputs)\n"
        "        self.head = nn.Linear(spec['features'].width, outputs)\n"
        "    def forward(self, inputs):\n"
        "        return self.head(inputs['features'])\n"
        "VARIANTS = {'linear': Linear}\n"
    )
    tagger = train(str(source), table, None, TrainConfig(epochs=10, learning_rate=0.05), options={"scale": 2.0})
    assert auc(tagger.predict(table)) > 0.68
    tagger.save(tmp_path / "t.kaon")
    with pytest.raises(BundleError, match=r"defined in mine.py, and code is run only if you name it"):
        load(tmp_path / "t.kaon")
    again = load(tmp_path / "t.kaon", sources=[source])
    assert (again.predict(table).score == tagger.predict(table).score).all()


def test_no_files_are_left_without_a_folder(table: Events, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    train("mlp", table, None, TrainConfig(epochs=1))
    assert list(tmp_path.iterdir()) == []


def test_deformations_are_for_models_that_read_images(table: Events) -> None:
    with pytest.raises(ConfigError, match=r"deform=rotate=15: .* leave deform out"):
        train("bdt", table, config=TrainConfig(deform={"rotate": 15}))


def test_images_of_jets_are_deformed_like_any_other(jets: Events) -> None:
    def trained(**deform: float) -> np.ndarray:
        tagger = train(
            "cnn",
            jets,
            config=TrainConfig(epochs=1, deform=deform),
            options={"filters": (4, 4), "hidden": (8,)},
            representation="images",
            representation_options={"pixels": 16},
        )
        assert np.isfinite(tagger.predict(jets).score).all()
        return tagger.predict(jets).score

    plain = trained()
    assert np.array_equal(plain, trained(elastic_sigma=2.0))
    assert not np.array_equal(plain, trained(flip=0.5, flip_vertical=0.5, rotate=180))
