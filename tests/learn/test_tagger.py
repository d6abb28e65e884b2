from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kaon.data import Events
from kaon.data.bundle import Bundle
from kaon.errors import BundleError, UnknownName
from kaon.learn.config import TrainConfig
from kaon.learn.tagger import Tagger, load, spectators_of
from kaon.learn.train import train


@pytest.fixture(params=["bdt", "mlp"])
def tagger(request: pytest.FixtureRequest, table: Events) -> Tagger:
    options = {"hidden": (8,)} if request.param == "mlp" else {"trees": 10}
    return train(request.param, table, None, TrainConfig(epochs=2), options=options, spectators=("x1",))


def test_loaded_predictions_equal_the_saved_models_exactly(tagger: Tagger, table: Events, tmp_path: Path) -> None:
    tagger.save(tmp_path / "t.kaon")
    again = load(tmp_path / "t.kaon")
    first, second = tagger.predict(table), again.predict(table)
    assert np.array_equal(first.score, second.score)
    assert again.classes == tagger.classes
    assert again.spec == tagger.spec
    assert dict(again.options).keys() == dict(tagger.options).keys()


def test_predictions_carry_everything_along(tagger: Tagger, table: Events) -> None:
    weighted = replace(table, weight=np.linspace(-1, 1, len(table)), index=table.index + 7)
    made = tagger.predict(weighted)
    assert np.array_equal(made.weights, weighted.weights)
    assert np.array_equal(made.labels, table.labels)
    assert made.index is not None
    assert made.index[0] == 7
    assert np.array_equal(made.spectators["x1"], np.asarray(table["x1"]))
    assert made.score.sum(1) == pytest.approx(np.ones(len(table)), abs=1e-5)


def test_a_spectator_can_get_another_name(table: Events) -> None:
    found = spectators_of(table, ("jet_pt=x1", "x2", "absent", "jet_mass=absent"))
    assert set(found) == {"jet_pt", "x2"}
    assert np.array_equal(found["jet_pt"], np.asarray(table["x1"]))


def test_unlabelled_events_can_be_predicted(tagger: Tagger, table: Events) -> None:
    assert tagger.predict(replace(table, target=None, classes=())).target is None


def test_slices_do_not_change_the_scores(tagger: Tagger, table: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tagger.predict(table).score
    monkeypatch.setattr("kaon.learn.tagger._SLICE", 7)
    assert np.allclose(tagger.predict(table).score, whole, atol=1e-6)


def test_no_events_give_no_scores(tagger: Tagger, table: Events) -> None:
    assert tagger.predict(table.take(slice(0, 0))).score.shape == (0, 2)


def test_a_bundle_whose_weights_do_not_fit_is_refused(table: Events) -> None:
    bundle = train("mlp", table, None, TrainConfig(epochs=1), options={"hidden": (8,)}).to_bundle()
    tensors = {**bundle.tensors, "head.weight": np.zeros((3, 3), np.float32)}
    with pytest.raises(BundleError, match="do not fit the model mlp"):
        Tagger.from_bundle(replace(bundle, tensors=tensors))


def test_a_bundle_of_an_unknown_model_names_the_known(tagger: Tagger) -> None:
    bundle: Bundle = replace(tagger.to_bundle(), model="mlpp")
    with pytest.raises(UnknownName, match="did you mean mlp"):
        Tagger.from_bundle(bundle)


def test_trees_without_their_text_are_refused(table: Events) -> None:
    bundle = train("bdt", table, options={"trees": 3}).to_bundle()
    with pytest.raises(BundleError, match="holds no trees"):
        Tagger.from_bundle(replace(bundle, texts={}))
