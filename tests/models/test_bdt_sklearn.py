"""scikit-learn's trees: that they are scikit-learn's, come back exactly, and that damaged text is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier

from kaon.data import Batch, Input, InputSpec
from kaon.errors import BundleError, ConfigError, DataError, NotFitted
from kaon.models.bdt_sklearn import SklearnBDT

SPEC = InputSpec((Input("features", (3,)),))


def toy(events: int = 3000, classes: int = 2, seed: int = 0, missing: float = 0.0) -> Batch:
    """Classes shifted along one axis each; some values missing."""
    random = np.random.default_rng(seed)
    target = random.integers(0, classes, events)
    x = random.normal(size=(events, 3)).astype("float32")
    x[np.arange(events), target] += 1.5
    x[random.random(x.shape) < missing] = np.nan
    return Batch({"features": x}, target)


def fitted(classes: int = 2, missing: float = 0.0, **options: Any) -> SklearnBDT:
    model = SklearnBDT(SPEC, classes, **({"trees": 15} | options))
    model.fit(toy(classes=classes, missing=missing), toy(1000, classes, 1, missing), seed=0, threads=1)
    return model


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_predictions_are_scikit_learns(classes: int, missing: float) -> None:
    train = toy(classes=classes, missing=missing)
    model = SklearnBDT(SPEC, classes, trees=12)
    model.fit(train, None, seed=0, threads=1)
    theirs = HistGradientBoostingClassifier(max_iter=12, early_stopping=False, random_state=0)
    theirs.fit(train.inputs["features"], train.labels, np.ones(len(train)))
    forest = model.forest()
    cuts = forest.threshold[forest.feature >= 0]
    edges = np.concatenate([cuts, np.nextafter(cuts, np.float32(np.inf)), [0, np.nan, np.inf, -np.inf]])
    x = np.random.default_rng(0).choice(edges, size=(3000, 3)).astype("float32")
    x[:1000] = toy(1000, classes, 5, missing).inputs["features"]
    np.testing.assert_allclose(model.predict({"features": x}), theirs.predict_proba(x), atol=1e-6)


def test_reaches_the_best_possible_loss_and_no_more() -> None:
    test = toy(20_000, seed=2)
    x, target = test.inputs["features"].astype(float), test.labels
    ratio = np.exp(1.5 * (x[:, 1] - x[:, 0]))  # the likelihood ratio of the two shifted Gaussians
    ideal = -np.log(np.where(target == 1, ratio / (1 + ratio), 1 / (1 + ratio))).mean()
    score = fitted(trees=60, leaves=6).predict(test.inputs)
    loss = -np.log(score[np.arange(len(target)), target]).mean()
    assert ideal - 0.005 < loss < ideal + 0.05


def test_reported_losses_are_the_true_weighted_log_loss() -> None:
    train, validation = toy(), toy(1000, seed=1)
    weight = np.where(np.arange(1000) % 5, 1.0, 3.0)
    model = SklearnBDT(SPEC, 2, trees=5, early_stopping=0)
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


def test_early_stopping_keeps_the_best_round() -> None:
    model = SklearnBDT(SPEC, 2, trees=200, learning_rate=0.5, early_stopping=5)
    rows = model.fit(toy(500), toy(500, seed=1), seed=0, threads=1)
    best = int(np.argmin([r["validation_loss"] for r in rows]))
    assert best + 5 <= len(rows) < 200
    assert len(model.forest().roots) == best + 1


def test_without_validation_all_rounds_are_kept() -> None:
    model = SklearnBDT(SPEC, 3, trees=7)
    train = toy(classes=3)
    assert [set(r) for r in model.fit(train, None, seed=0, threads=1)] == [{"train_loss"}] * 7
    assert len(model.forest().roots) == 3 * 7


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_the_unit_of_the_weights_does_not_matter(unit: float) -> None:
    one, other = SklearnBDT(SPEC, 2, trees=10, l2=1.0), SklearnBDT(SPEC, 2, trees=10, l2=1.0)
    train = toy()
    one.fit(train, None, seed=0, threads=1)
    other.fit(Batch(train.inputs, train.target, np.full(len(train), unit)), None, seed=0, threads=1)
    np.testing.assert_allclose(one.predict(train.inputs), other.predict(train.inputs), rtol=1e-3)


def test_text_is_json_and_comes_back_exactly() -> None:
    model, again = fitted(missing=0.2), SklearnBDT(SPEC, 2)
    again.load_text(model.to_text())
    inputs = toy(5000, seed=7, missing=0.3).inputs  # more than one slice
    np.testing.assert_array_equal(model.predict(inputs), again.predict(inputs))
    assert again.to_text() == model.to_text()
    assert again.parameter_count == model.parameter_count == len(json.loads(model.to_text())["feature"])
    assert SklearnBDT(SPEC, 2).parameter_count == 0


def test_bad_samples_are_refused() -> None:
    train = toy()
    assert not SklearnBDT.takes_negative_weights
    with pytest.raises(DataError, match="negative weights"):
        SklearnBDT(SPEC, 2).fit(Batch(train.inputs, train.target, -train.weights), None, seed=0, threads=1)
    with pytest.raises(DataError, match="all 3 classes"):
        SklearnBDT(SPEC, 3).fit(train, None, seed=0, threads=1)


def test_unfitted() -> None:
    model = SklearnBDT(SPEC, 2)
    for use in (lambda: model.predict(toy(3).inputs), model.to_text, model.forest):
        with pytest.raises(NotFitted):
            use()


def test_wrong_arguments() -> None:
    for options in ({"trees": 0}, {"early_stopping": -1}):
        with pytest.raises(ConfigError, match="needs outputs"):
            SklearnBDT(SPEC, 2, **options)
    with pytest.raises(ConfigError, match="jet_features"):
        SklearnBDT(InputSpec((Input("features", ("constituents", 3)),)), 2)
    with pytest.raises(ConfigError, match="l2_regularization"):
        fitted(l2=-1.0)


TEXT = fitted(trees=3, leaves=4).to_text()


def changed(change: Callable[[dict[str, Any]], Any]) -> str:
    """The JSON after a change."""
    whole = json.loads(TEXT)
    change(whole)
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
        changed(lambda whole: whole.update(version=2)),
        changed(lambda whole: whole.update(format="pickle")),
        changed(lambda whole: whole.update(features=9)),
        changed(lambda whole: whole.pop("base")),
        changed(lambda whole: whole.update(more=[1])),
        changed(lambda whole: whole.update(base=[0.0, 0.0, 0.0])),
        changed(lambda whole: whole["left"].__setitem__(0, 9_999_999)),
        changed(lambda whole: whole["left"].__setitem__(0, 0)),
        changed(lambda whole: whole["right"].pop()),
        changed(lambda whole: whole["feature"].__setitem__(0, 7)),
        changed(lambda whole: whole["threshold"].__setitem__(0, float("nan"))),
        changed(lambda whole: whole["value"].__setitem__(1, float("inf"))),
        changed(lambda whole: whole["score"].__setitem__(0, 5)),
        changed(lambda whole: whole["roots"].clear()),
    ],
)
def test_damaged_text(text: str) -> None:
    assert text != TEXT
    model = SklearnBDT(SPEC, 2)
    with pytest.raises(BundleError, match="damaged"):
        model.load_text(text)
    assert model.parameter_count == 0


@settings(max_examples=100)
@given(place=st.integers(0, len(TEXT) - 1), cut=st.integers(0, 12), new=st.text("0123456789-.e=,[]{} \nTx", max_size=2))
def test_a_mutated_text_is_refused_or_gives_probabilities(place: int, cut: int, new: str) -> None:
    model = SklearnBDT(SPEC, 2)
    try:
        model.load_text(TEXT[:place] + new + TEXT[place + cut :])
    except BundleError:
        return
    score = model.predict(toy(50).inputs)
    np.testing.assert_allclose(score.sum(1), 1, atol=1e-6)
