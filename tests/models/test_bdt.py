"""LightGBM trees: what they learn, that they come back exactly, and that damaged text never reaches LightGBM."""

from __future__ import annotations

import re
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaon.data import Batch, Input, InputSpec
from kaon.errors import BundleError, ConfigError, DataError, NotFitted
from kaon.models.bdt import BDT

SPEC = InputSpec((Input("features", (3,), features=("pt", "mass", "tau 21")),))


def toy(events: int = 3000, classes: int = 2, seed: int = 0, missing: float = 0.0) -> Batch:
    """Classes shifted along one axis each; some values missing."""
    random = np.random.default_rng(seed)
    target = random.integers(0, classes, events)
    x = random.normal(size=(events, 3)).astype("float32")
    x[np.arange(events), target] += 1.5
    x[random.random(x.shape) < missing] = np.nan
    return Batch({"features": x}, target)


def fitted(classes: int = 2, missing: float = 0.0, **options: Any) -> BDT:
    model = BDT(SPEC, classes, **({"trees": 30} | options))
    model.fit(toy(classes=classes, missing=missing), toy(1000, classes, 1, missing), seed=0, threads=1)
    return model


def test_reaches_the_best_possible_loss_and_no_more() -> None:
    test = toy(20_000, seed=2)
    x, target = test.inputs["features"].astype(float), test.labels
    ratio = np.exp(1.5 * (x[:, 1] - x[:, 0]))  # the likelihood ratio of the two shifted Gaussians
    ideal = -np.log(np.where(target == 1, ratio / (1 + ratio), 1 / (1 + ratio))).mean()
    score = fitted(trees=300, learning_rate=0.05, leaves=8).predict(test.inputs)
    loss = -np.log(score[np.arange(len(target)), target]).mean()
    assert ideal - 0.005 < loss < ideal + 0.05


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities(classes: int) -> None:
    score = fitted(classes).predict(toy(50, classes, 5).inputs)
    assert score.shape == (50, classes)
    assert score.dtype == np.float32
    np.testing.assert_allclose(score.sum(1), 1, atol=1e-6)
    assert fitted(classes).predict({"features": np.zeros((0, 3), "float32")}).shape == (0, classes)


def test_reported_losses_are_the_weighted_log_loss() -> None:
    train, validation = toy(), toy(1000, seed=1)
    weight = np.random.default_rng(3).uniform(0.5, 2, 1000)
    model = BDT(SPEC, 2, trees=5, early_stopping=0)
    seen: list[tuple[int, int, dict[str, float]]] = []
    rows = model.fit(
        train,
        Batch(validation.inputs, validation.target, weight),
        seed=0,
        threads=1,
        progress=lambda *a: seen.append(a),
    )
    assert [s[:2] for s in seen] == [(i, 5) for i in range(1, 6)]
    assert [s[2] for s in seen] == rows
    for name, batch, w in (("train", train, train.weights), ("validation", validation, weight)):
        chance = model.predict(batch.inputs)[np.arange(len(batch)), batch.labels]
        assert rows[-1][f"{name}_loss"] == pytest.approx(np.average(-np.log(chance), weights=w), rel=1e-5)


def test_of_many_training_events_the_loss_of_a_sample_is_noted_and_no_tree_depends_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weight = np.random.default_rng(3).uniform(0.5, 2, 3000)
    train = Batch(toy().inputs, toy().target, weight)

    def trained() -> tuple[BDT, list[dict[str, float]]]:
        model = BDT(SPEC, 2, trees=100, learning_rate=0.5, row_fraction=0.7, early_stopping=5)
        return model, model.fit(train, toy(500, seed=1), seed=4, threads=1)

    model, rows = trained()
    monkeypatch.setattr(BDT, "shown_events", 200)
    other, sampled = trained()
    assert other.to_text() == model.to_text()
    assert [r["validation_loss"] for r in sampled] == [r["validation_loss"] for r in rows]
    best = int(np.argmin([r["validation_loss"] for r in sampled]))
    assert best < len(sampled) - 1 < 99, "the test needs a training that was stopped"

    part = model.shown(train, 4)
    assert len(part) == 200
    assert len(np.unique(part.inputs["features"], axis=0)) == 200
    chance = model.predict(part.inputs)[np.arange(200), part.labels]
    assert sampled[best]["train_loss"] == pytest.approx(np.average(-np.log(chance), weights=part.weights), rel=1e-4)
    assert sampled[best]["train_loss"] != rows[best]["train_loss"]


def test_early_stopping_keeps_the_best_round() -> None:
    model = BDT(SPEC, 2, trees=400, learning_rate=0.5, early_stopping=5)
    rows = model.fit(toy(500), toy(500, seed=1), seed=0, threads=1)
    best = int(np.argmin([r["validation_loss"] for r in rows]))
    assert len(rows) == best + 6 < 400
    assert len(model.forest().roots) == best + 1


def test_without_validation_all_rounds_are_kept() -> None:
    model = BDT(SPEC, 2, trees=7)
    assert [set(r) for r in model.fit(toy(), None, seed=0, threads=1)] == [{"train_loss"}] * 7
    assert len(model.forest().roots) == 7


def test_same_seed_same_text_whatever_the_threads(capfd: pytest.CaptureFixture[str]) -> None:
    texts = []
    for seed, threads in ((0, 1), (0, 2), (1, 1)):
        model = BDT(SPEC, 2, trees=10, row_fraction=0.5, feature_fraction=0.7)
        model.fit(toy(), toy(500, seed=1), seed=seed, threads=threads)
        texts.append(model.to_text())
    assert texts[0] == texts[1] != texts[2]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_the_unit_of_the_weights_does_not_matter(unit: float) -> None:
    one, other = BDT(SPEC, 2, trees=10), BDT(SPEC, 2, trees=10)
    train = toy()
    one.fit(train, None, seed=0, threads=1)
    other.fit(Batch(train.inputs, train.target, np.full(len(train), unit)), None, seed=0, threads=1)
    np.testing.assert_allclose(one.predict(train.inputs), other.predict(train.inputs), rtol=1e-4)
    assert one.parameter_count == other.parameter_count


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_text_round_trip_is_exact_and_is_lightgbms_own(classes: int, missing: float) -> None:
    model, again = fitted(classes, missing), BDT(SPEC, classes)
    again.load_text(model.to_text())
    inputs = toy(500, classes, 7, 0.3).inputs
    np.testing.assert_array_equal(model.predict(inputs), again.predict(inputs))
    assert again.to_text() == model.to_text()
    assert again.parameter_count == model.parameter_count
    theirs = lgb.Booster(model_str=model.to_text()).predict(inputs["features"])
    np.testing.assert_array_equal(model.predict(inputs)[:, -1], np.float32(theirs.T[-1] if classes > 2 else theirs))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_plain_arrays_decide_as_lightgbm_does(classes: int, missing: float) -> None:
    model = fitted(classes, missing)
    forest = model.forest()
    cuts = forest.threshold[forest.feature >= 0]
    edges = np.concatenate([cuts, np.nextafter(cuts, np.float32(np.inf)), [0, np.nan, np.inf, -np.inf, 1e-40]])
    x = np.random.default_rng(0).choice(edges, size=(4000, 3)).astype("float32")
    np.testing.assert_allclose(forest.predict(x), model.predict({"features": x}), atol=1e-6)


def test_a_split_between_missing_and_known_values() -> None:
    train = toy()
    x = train.inputs["features"].copy()
    x[train.labels == 1, 0] = np.nan  # nothing but its absence tells the classes apart
    model = BDT(SPEC, 2, trees=3)
    model.fit(Batch({"features": x}, train.target), None, seed=0, threads=1)
    assert np.isinf(model.forest().threshold).any()
    odd = np.random.default_rng(0).choice([np.nan, np.inf, -np.inf, 0.0, 3e38], (500, 3)).astype("float32")
    for inputs in ({"features": x}, {"features": odd}):
        np.testing.assert_allclose(model.forest().predict(inputs["features"]), model.predict(inputs), atol=2e-6)


def test_parameter_count_is_leaves_plus_thresholds() -> None:
    model = fitted()
    dump = lgb.Booster(model_str=model.to_text()).dump_model()["tree_info"]
    assert model.parameter_count == sum(2 * t["num_leaves"] - 1 for t in dump)
    assert BDT(SPEC, 2).parameter_count == 0


def test_negative_training_weights_are_refused_but_validation_takes_them() -> None:
    train, validation = toy(), toy(500, seed=1)
    weight = np.where(np.arange(500) % 5, 1.0, -0.5)
    assert not BDT.takes_negative_weights
    with pytest.raises(DataError, match="negative weights"):
        BDT(SPEC, 2).fit(Batch(train.inputs, train.target, -train.weights), None, seed=0, threads=1)
    model = BDT(SPEC, 2, trees=5)
    rows = model.fit(train, Batch(validation.inputs, validation.target, weight), seed=0, threads=1)
    chance = model.predict(validation.inputs)[np.arange(500), validation.labels]
    assert rows[-1]["validation_loss"] == pytest.approx(np.average(-np.log(chance), weights=weight), rel=1e-5)


def test_unfitted() -> None:
    model = BDT(SPEC, 2)
    for use in (lambda: model.predict(toy(3).inputs), model.to_text, model.forest):
        with pytest.raises(NotFitted):
            use()


def test_wrong_arguments() -> None:
    for options in ({"trees": 0}, {"early_stopping": -1}):
        with pytest.raises(ConfigError, match="needs outputs"):
            BDT(SPEC, 2, **options)
    with pytest.raises(ConfigError, match="jet_features"):
        BDT(InputSpec((Input("features", ("constituents", 3)),)), 2)
    with pytest.raises(ConfigError, match="learning_rate"):
        fitted(learning_rate=-1.0)
    with pytest.raises(DataError, match="features"):
        fitted().predict({"features": np.zeros((2, 5), "float32")})


TEXT = fitted(trees=3, leaves=4).to_text()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "tree\n",
        TEXT[:700],
        TEXT[:-5],
        TEXT + "x",
        TEXT.replace("version=v4", "version=v9"),
        TEXT.replace("max_feature_idx=2", "max_feature_idx=9"),
        TEXT.replace("objective=binary sigmoid:1", "objective=binary sigmoid:2"),
        TEXT.replace("objective=", "average_output\nobjective="),
        TEXT.replace("\nnum_cat=0", "\nnum_cat=1"),
        TEXT.replace("is_linear=0", "is_linear=1"),
        TEXT.replace("num_leaves=4", "num_leaves=9"),
        TEXT.replace("threshold=", "threshulb="),
        TEXT.replace("shrinkage=", "shrinkagf="),
        re.sub(r"left_child=(\S+)", "left_child=9", TEXT),
        re.sub(r"left_child=(\S+)", "left_child=0", TEXT),
        re.sub(r"split_feature=\d", "split_feature=7", TEXT),
        re.sub(r"decision_type=\d", "decision_type=1", TEXT),
        re.sub(r"decision_type=\d", "decision_type=4", TEXT),
        re.sub(r"threshold=\S", "threshold=x", TEXT),
        re.sub(r"leaf_count=\d", "leaf_count=٣", TEXT),
        re.sub(r"tree_sizes=\d", "tree_sizes=9", TEXT),
        re.sub(r"feature_names=\S+ ", "feature_names=", TEXT),
        TEXT.replace("num_leaves=4", "num_leaves=4\nnum_leaves=4"),
    ],
)
def test_damaged_text(text: str) -> None:
    assert text != TEXT
    model = BDT(SPEC, 2)
    with pytest.raises(BundleError, match="damaged"):
        model.load_text(text)
    assert model.parameter_count == 0


def test_text_of_another_model_is_refused() -> None:
    with pytest.raises(BundleError, match="3 classes"):
        BDT(SPEC, 3).load_text(TEXT)
    with pytest.raises(BundleError, match="2 features"):
        BDT(InputSpec((Input("features", (2,)),)), 2).load_text(TEXT)


def test_a_forest_of_single_leaves() -> None:
    flat = Batch({"features": np.zeros((100, 3), "float32")}, np.arange(100) % 4 // 3)
    model = BDT(SPEC, 2, trees=3)
    model.fit(flat, None, seed=0, threads=1)
    np.testing.assert_allclose(model.predict(flat.inputs)[:, 1], 0.25, atol=1e-6)
    np.testing.assert_allclose(model.forest().predict(flat.inputs["features"]), model.predict(flat.inputs), atol=1e-6)


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, len(TEXT) - 1), cut=st.integers(0, 12), new=st.text("0123456789-.e=,[]{} \nTx", max_size=2))
def test_a_mutated_text_is_refused_or_means_what_lightgbm_takes_it_for(place: int, cut: int, new: str) -> None:
    model = BDT(SPEC, 2)
    try:
        model.load_text(TEXT[:place] + new + TEXT[place + cut :])
    except BundleError:
        return
    inputs = toy(50).inputs
    np.testing.assert_allclose(model.predict(inputs), model.forest().predict(inputs["features"]), atol=1e-5)
