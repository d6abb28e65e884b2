"""XGBoost trees: what they learn, that they come back exactly, and that damaged JSON never reaches XGBoost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaon.data import Batch, Input, InputSpec
from kaon.errors import BundleError, ConfigError, DataError, MissingExtra, NotFitted
from kaon.models.bdt_xgboost import XGBoostBDT

xgboost = pytest.importorskip("xgboost", reason="the extra `boost` is not installed")

SPEC = InputSpec((Input("features", (3,)),))


def toy(events: int = 3000, classes: int = 2, seed: int = 0, missing: float = 0.0) -> Batch:
    """Classes shifted along one axis each; some values missing."""
    random = np.random.default_rng(seed)
    target = random.integers(0, classes, events)
    x = random.normal(size=(events, 3)).astype("float32")
    x[np.arange(events), target] += 1.5
    x[random.random(x.shape) < missing] = np.nan
    return Batch({"features": x}, target)


def fitted(classes: int = 2, missing: float = 0.0, **options: Any) -> XGBoostBDT:
    model = XGBoostBDT(SPEC, classes, **({"trees": 30} | options))
    model.fit(toy(classes=classes, missing=missing), toy(1000, classes, 1, missing), seed=0, threads=1)
    return model


def test_reaches_the_best_possible_loss_and_no_more() -> None:
    test = toy(20_000, seed=2)
    x, target = test.inputs["features"].astype(float), test.labels
    ratio = np.exp(1.5 * (x[:, 1] - x[:, 0]))  # the likelihood ratio of the two shifted Gaussians
    ideal = -np.log(np.where(target == 1, ratio / (1 + ratio), 1 / (1 + ratio))).mean()
    score = fitted(trees=300, learning_rate=0.05, max_depth=3).predict(test.inputs)
    loss = -np.log(score[np.arange(len(target)), target]).mean()
    assert ideal - 0.005 < loss < ideal + 0.05


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities(classes: int) -> None:
    score = fitted(classes).predict(toy(50, classes, 5).inputs)
    assert score.shape == (50, classes)
    assert score.dtype == np.float32
    np.testing.assert_allclose(score.sum(1), 1, atol=1e-6)
    assert fitted(classes).predict({"features": np.zeros((0, 3), "float32")}).shape == (0, classes)


def test_reported_losses_are_the_true_weighted_log_loss() -> None:
    train, validation = toy(), toy(1000, seed=1)
    weight = np.where(np.arange(1000) % 5, 1.0, -0.5)  # validation takes negative weights
    model = XGBoostBDT(SPEC, 2, trees=5, early_stopping=0)
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

    def trained() -> tuple[XGBoostBDT, list[dict[str, float]]]:
        model = XGBoostBDT(SPEC, 2, trees=100, learning_rate=0.5, row_fraction=0.7, early_stopping=5)
        return model, model.fit(train, toy(500, seed=1), seed=4, threads=1)

    model, rows = trained()
    monkeypatch.setattr(XGBoostBDT, "shown_events", 200)
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
    model = XGBoostBDT(SPEC, 2, trees=400, learning_rate=0.5, early_stopping=5)
    rows = model.fit(toy(500), toy(500, seed=1), seed=0, threads=1)
    best = int(np.argmin([r["validation_loss"] for r in rows]))
    assert len(rows) < 400
    assert len(model.forest().roots) == best + 1


def test_without_validation_all_rounds_are_kept() -> None:
    model = XGBoostBDT(SPEC, 2, trees=7)
    assert [set(r) for r in model.fit(toy(), None, seed=0, threads=1)] == [{"train_loss"}] * 7
    assert len(model.forest().roots) == 7


def test_same_seed_same_text(capfd: pytest.CaptureFixture[str]) -> None:
    texts = []
    for seed in (0, 0, 1):
        model = XGBoostBDT(SPEC, 2, trees=10, row_fraction=0.5)
        model.fit(toy(), toy(500, seed=1), seed=seed, threads=1)
        texts.append(model.to_text())
    assert texts[0] == texts[1] != texts[2]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_the_unit_of_the_weights_does_not_matter(unit: float) -> None:
    one, other = XGBoostBDT(SPEC, 2, trees=10), XGBoostBDT(SPEC, 2, trees=10)
    train = toy()
    one.fit(train, None, seed=0, threads=1)
    other.fit(Batch(train.inputs, train.target, np.full(len(train), unit)), None, seed=0, threads=1)
    np.testing.assert_allclose(one.predict(train.inputs), other.predict(train.inputs), rtol=1e-3)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_text_round_trip_is_exact_and_is_xgboosts_own(classes: int, missing: float) -> None:
    model, again = fitted(classes, missing), XGBoostBDT(SPEC, classes)
    again.load_text(model.to_text())
    inputs = toy(500, classes, 7, 0.3).inputs
    np.testing.assert_array_equal(model.predict(inputs), again.predict(inputs))
    assert again.to_text() == model.to_text()
    assert again.parameter_count == model.parameter_count
    theirs = xgboost.Booster(model_file=bytearray(model.to_text().encode()))
    np.testing.assert_array_equal(
        model.predict(inputs)[:, -1],
        theirs.predict(xgboost.DMatrix(inputs["features"])).T[-1]
        if classes > 2
        else theirs.predict(xgboost.DMatrix(inputs["features"])),
    )


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_plain_arrays_decide_as_xgboost_does(classes: int, missing: float) -> None:
    model = fitted(classes, missing)
    forest = model.forest()
    cuts = forest.threshold[forest.feature >= 0]
    edges = np.concatenate([cuts, np.nextafter(cuts, np.float32(-np.inf)), [0, np.nan, np.inf, -np.inf, 1e-40]])
    x = np.random.default_rng(0).choice(edges, size=(4000, 3)).astype("float32")
    np.testing.assert_allclose(forest.predict(x), model.predict({"features": x}), atol=2e-6)


def test_parameter_count_is_leaves_plus_thresholds() -> None:
    model = fitted()
    dump = xgboost.Booster(model_file=bytearray(model.to_text().encode())).get_dump()
    assert model.parameter_count == sum(len(tree.strip().split("\n")) for tree in dump)
    assert XGBoostBDT(SPEC, 2).parameter_count == 0


def test_negative_training_weights_are_refused() -> None:
    train = toy()
    assert not XGBoostBDT.takes_negative_weights
    with pytest.raises(DataError, match="negative weights"):
        XGBoostBDT(SPEC, 2).fit(Batch(train.inputs, train.target, -train.weights), None, seed=0, threads=1)


def test_unfitted() -> None:
    model = XGBoostBDT(SPEC, 2)
    for use in (lambda: model.predict(toy(3).inputs), model.to_text, model.forest):
        with pytest.raises(NotFitted):
            use()


def test_wrong_arguments() -> None:
    for options in ({"trees": 0}, {"early_stopping": -1}):
        with pytest.raises(ConfigError, match="needs outputs"):
            XGBoostBDT(SPEC, 2, **options)
    with pytest.raises(ConfigError, match="jet_features"):
        XGBoostBDT(InputSpec((Input("features", ("constituents", 3)),)), 2)
    with pytest.raises(ConfigError, match="min_split_loss"):
        fitted(min_gain=-1.0)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "xgboost", None)
    with pytest.raises(MissingExtra, match=r"pip install 'kaon\[boost\]'"):
        XGBoostBDT(SPEC, 2).fit(toy(), None, seed=0, threads=1)


TEXT = fitted(trees=3, max_depth=2).to_text()


def changed(change: Callable[[dict[str, Any], dict[str, Any]], Any]) -> str:
    """The JSON after `change(learner, first tree)`."""
    whole = json.loads(TEXT)
    change(whole["learner"], whole["learner"]["gradient_booster"]["model"]["trees"][0])
    return json.dumps(whole)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{}",
        "[]",
        "[" * 100_000,
        TEXT[:1000],
        TEXT.replace('"num_nodes":"7"', '"num_nodes":"7","num_nodes":"900"'),
        changed(lambda learner, _: learner["objective"].update(name="rank:pairwise")),
        changed(lambda learner, _: learner["learner_model_param"].update(num_feature="9")),
        changed(lambda learner, _: learner["learner_model_param"].update(base_score="[2.0]")),
        changed(lambda learner, _: learner["learner_model_param"].update(base_score="x")),
        changed(lambda learner, _: learner["gradient_booster"].update(name="dart")),
        changed(lambda learner, _: learner["gradient_booster"]["model"].update(tree_info=[0, 5, 0])),
        changed(lambda learner, _: learner["gradient_booster"]["model"].update(iteration_indptr=[0, 900])),
        changed(lambda learner, _: learner["gradient_booster"]["model"]["trees"].pop()),
        changed(lambda _, tree: tree["left_children"].__setitem__(0, 9_999_999)),
        changed(lambda _, tree: tree["left_children"].__setitem__(0, -7)),
        changed(lambda _, tree: tree["left_children"].__setitem__(1, 0)),
        changed(lambda _, tree: tree["right_children"].__setitem__(0, -1)),
        changed(lambda _, tree: tree["parents"].__setitem__(1, 9_999_999)),
        changed(lambda _, tree: tree["split_indices"].__setitem__(0, 7)),
        changed(lambda _, tree: tree["split_conditions"].__setitem__(0, float("nan"))),
        changed(lambda _, tree: tree["split_conditions"].__setitem__(0, "x")),
        changed(lambda _, tree: tree["split_type"].__setitem__(0, 1)),
        changed(lambda _, tree: tree["default_left"].pop()),
        changed(lambda _, tree: tree["tree_param"].update(num_nodes="9999999")),
        changed(lambda _, tree: tree["tree_param"].update(size_leaf_vector="9999999")),
        changed(lambda _, tree: tree.pop("sum_hessian")),
        changed(lambda _, tree: tree.update(id=2)),
    ],
)
def test_damaged_json(text: str) -> None:
    assert text != TEXT
    model = XGBoostBDT(SPEC, 2)
    with pytest.raises(BundleError, match="damaged"):
        model.load_text(text)
    assert model.parameter_count == 0


def test_json_of_another_model_is_refused() -> None:
    with pytest.raises(BundleError, match="3 classes"):
        XGBoostBDT(SPEC, 3).load_text(TEXT)
    with pytest.raises(BundleError, match="2 features"):
        XGBoostBDT(InputSpec((Input("features", (2,)),)), 2).load_text(TEXT)


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, len(TEXT) - 1), cut=st.integers(0, 12), new=st.text("0123456789-.e=,[]{} \nTx", max_size=2))
def test_a_mutated_text_is_refused_or_means_what_xgboost_takes_it_for(place: int, cut: int, new: str) -> None:
    model = XGBoostBDT(SPEC, 2)
    try:
        model.load_text(TEXT[:place] + new + TEXT[place + cut :])
    except BundleError:
        return
    inputs = toy(50).inputs
    np.testing.assert_allclose(model.predict(inputs), model.forest().predict(inputs["features"]), atol=1e-5)
