"""scikit-learn's conventions, for nets and trees alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import kaon
from kaon.data import Events, Predictions
from kaon.errors import ConfigError, DataError, KaonWarning, NotFitted
from kaon.learn.classifier import Classifier
from kaon.learn.config import TrainConfig

X, Y = make_classification(600, 5, n_informative=4, n_redundant=0, class_sep=1.5, random_state=0)


def quick(model: str) -> Classifier:
    options = {"trees": 30} if model == "bdt" else {"hidden": (32,)}
    return Classifier(model, options=options, epochs=8, batch_size=64, learning_rate=0.01)


@pytest.fixture(params=["bdt", "mlp"])
def classifier(request: pytest.FixtureRequest) -> Classifier:
    return quick(request.param)


def test_arrays_with_any_labels(classifier: Classifier) -> None:
    names = np.where(Y == 1, "signal", "background")
    fitted = classifier.fit(X, names)
    assert fitted is classifier
    assert list(fitted.classes_) == ["background", "signal"]
    assert fitted.predict_proba(X).shape == (600, 2)
    assert set(np.asarray(fitted.predict(X))) == {"background", "signal"}
    assert fitted.score(X, names) > 0.85


def test_clone_and_parameters(classifier: Classifier) -> None:
    copy = clone(classifier)
    assert copy.get_params() == classifier.get_params()
    copy.set_params(epochs=3)
    assert copy.epochs == 3
    assert not hasattr(copy, "tagger_")


def test_every_setting_of_a_training_is_a_parameter() -> None:
    assert set(TrainConfig.model_fields) - {"tensorboard"} <= set(Classifier().get_params())
    assert Classifier()._config() == TrainConfig()


def test_scikit_learns_cross_validation_grid_search_and_pipelines(classifier: Classifier) -> None:
    assert cross_val_score(classifier, X, Y, cv=3).mean() > 0.8
    search = GridSearchCV(classifier, {"seed": [0, 1]}, cv=2).fit(X, Y)
    assert search.best_score_ > 0.8
    assert make_pipeline(StandardScaler(), classifier).fit(X, Y).score(X, Y) > 0.85


def test_sample_weights_count(classifier: Classifier) -> None:
    """Two contradicting copies of the sample: the heavier wins."""
    doubled, labels = np.concatenate([X, X]), np.concatenate([Y, 1 - Y])
    weight = np.repeat([1.0, 0.01], len(X))
    assert classifier.fit(doubled, labels, weight).score(X, Y) > 0.85


def test_an_unfitted_classifier_says_so(classifier: Classifier, table: Events) -> None:
    with pytest.raises(NotFitted, match="call fit first"):
        classifier.predict(table)
    with pytest.raises((NotFitted, NotFittedError)):
        classifier.predict_proba(X)


def test_events_give_predictions_and_a_file(table: Events, tmp_path: Path) -> None:
    train, test = table.split((0.7, 0.3))
    classifier = quick("mlp").fit(train, validation=test)
    made = classifier.predict(test)
    assert isinstance(made, Predictions)
    assert classifier.score(test) == kaon.evaluate.accuracy(made)
    classifier.save(tmp_path / "t.kaon")
    assert (kaon.load(tmp_path / "t.kaon").predict(test).score == made.score).all()
    assert "validation_loss" in classifier.history_[-1]


def test_what_is_held_out_is_independent_of_the_users_own_split(table: Events) -> None:
    train, _ = table.split((0.6, 0.4), seed=0)
    history = quick("mlp").fit(train).history_
    assert "validation_loss" in history[-1]


def test_too_few_events_to_hold_some_out_is_said() -> None:
    with pytest.warns(KaonWarning, match="too few to hold out"):
        quick("bdt").fit(X[:12], Y[:12])


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (X, None, ConfigError, "needs y"),
        (X, np.zeros(600), DataError, "one class only"),
        (X, Y[:5], ValueError, "inconsistent"),
        (np.where(X > 2, np.nan, X), Y, ValueError, "NaN"),
        (X, np.linspace(0, 1, 600), ValueError, "continuous"),
    ],
)
def test_bad_arrays_are_refused(x: Any, y: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        quick("mlp").fit(x, y)


def test_events_carry_their_own_labels(table: Events) -> None:
    with pytest.raises(ConfigError, match="own labels"):
        quick("bdt").fit(table, table.labels)


def test_another_number_of_features_is_refused() -> None:
    with pytest.raises(DataError, match="3 features, but the classifier was fitted with 5"):
        quick("bdt").fit(X, Y).predict(X[:, :3])
