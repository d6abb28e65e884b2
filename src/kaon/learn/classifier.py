"""The scikit-learn front door: one class for nets and trees, on events or on plain arrays."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length

from kaon.data import Events, Predictions
from kaon.data.split import HELD_OUT
from kaon.errors import ConfigError, DataError, KaonWarning, NotFitted
from kaon.evaluate import accuracy
from kaon.learn.augment import Role, Symmetry
from kaon.learn.config import TrainConfig
from kaon.learn.tagger import Tagger
from kaon.learn.train import train
from kaon.learn.transfer import Freeze, Start, StartConfig

__all__ = ["Classifier"]


class Classifier(ClassifierMixin, BaseEstimator):
    """Any registered model with scikit-learn's conventions.

    It takes `Events`, or arrays X (samples, features) and y (samples,) with any labels. With `Events`, `predict` gives
    `Predictions`; with arrays it gives class labels, as scikit-learn expects. The settings of the training are those of
    `kaon.learn.TrainConfig`.

    Args:
        model: registered name, or a Python file with VARIANTS.
        options: hyper-parameters of the model.
        representation: registered name; None chooses by model and events.
        representation_options: constructor arguments of the representation.
        validation_fraction: share of the training events held out to choose the best epoch, where `fit` gets no
            validation events; 0 for none.
        model_from: a trained tagger, or its `.kaon` file, whose features and representation are kept under a new head;
            `model` is then that of the tagger.
        freeze, feature_rate: what becomes of these features, see `kaon.learn.StartConfig`.

    >>> from sklearn.datasets import make_classification
    >>> X, y = make_classification(400, 6, random_state=0)
    >>> Classifier("bdt", options={"trees": 20}).fit(X, y).score(X, y) > 0.8
    True
    """

    def __init__(
        self,
        model: str = "mlp",
        *,
        options: Mapping[str, Any] | None = None,
        representation: str | None = None,
        representation_options: Mapping[str, Any] | None = None,
        validation_fraction: float = 0.1,
        model_from: Tagger | str | os.PathLike[str] | None = None,
        freeze: Freeze = "none",
        feature_rate: float = 1.0,
        epochs: int = 20,
        batch_size: int = 512,
        learning_rate: float = 1e-3,
        optimizer: str = "adamw",
        weight_decay: float = 0.01,
        schedule: str = "cosine",
        warmup: float = 0.05,
        label_smoothing: float = 0.0,
        gradient_clip: float | None = None,
        patience: int | None = None,
        precision: str = "float32",
        class_weights: str = "none",
        negative_weights: str = "keep",
        flatten: tuple[str, ...] = (),
        augment: tuple[Symmetry, ...] = (),
        augment_columns: Mapping[str, Role] | None = None,
        augment_half_turn: float | None = None,
        test_time_augmentation: int = 0,
        deform: Mapping[str, float] | None = None,
        pretrain: int = 0,
        pretrain_rate: float = 1e-3,
        pretrain_corruption: float = 0.25,
        swa: float | None = None,
        swa_rate: float = 0.25,
        device: str = "auto",
        devices: int = 1,
        threads: int = 0,
        seed: int = 0,
    ) -> None:
        self.model = model
        self.options = options
        self.representation = representation
        self.representation_options = representation_options
        self.validation_fraction = validation_fraction
        self.model_from = model_from
        self.freeze = freeze
        self.feature_rate = feature_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.warmup = warmup
        self.label_smoothing = label_smoothing
        self.gradient_clip = gradient_clip
        self.patience = patience
        self.precision = precision
        self.class_weights = class_weights
        self.negative_weights = negative_weights
        self.flatten = flatten
        self.augment = augment
        self.augment_columns = augment_columns
        self.augment_half_turn = augment_half_turn
        self.test_time_augmentation = test_time_augmentation
        self.deform = deform
        self.pretrain = pretrain
        self.pretrain_rate = pretrain_rate
        self.pretrain_corruption = pretrain_corruption
        self.swa = swa
        self.swa_rate = swa_rate
        self.device = device
        self.devices = devices
        self.threads = threads
        self.seed = seed

    def fit(
        self,
        X: Events | ArrayLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        validation: Events | None = None,
    ) -> Classifier:
        """Train.

        Args:
            X: labelled events, or an array (samples, features).
            y: labels of an array, (samples,).
            sample_weight: weights of an array, (samples,).
            validation: events that choose the best epoch; by default a share of the training events.
        """
        events = self._labelled(X, y, sample_weight)
        if validation is None and self.validation_fraction > 0:
            share = self.validation_fraction
            kept, held = events.split((1 - share, share), self.seed + HELD_OUT)
            if len(np.unique(kept.labels)) == len(np.unique(held.labels)) == len(np.unique(events.labels)):
                events, validation = kept, held
            else:
                warnings.warn(
                    f"{len(events)} events are too few to hold out {share:.0%} of every class; training goes on "
                    "without validation, and the last epoch is kept",
                    KaonWarning,
                    stacklevel=2,
                )
        start = self._start()
        self.tagger_: Tagger = train(
            self.model if start is None else start.tagger.model_name,
            events,
            validation,
            self._config(),
            options=self.options,
            representation=self.representation,
            representation_options=self.representation_options,
            start=start,
        )
        self.history_: list[dict[str, float]] = self.tagger_.training["log"]
        return self

    def predict(self, X: Events | ArrayLike) -> Predictions | NDArray[Any]:
        """`Predictions` of events, or the most probable label of each row of an array, (samples,)."""
        if isinstance(X, Events):
            return self._fitted().predict(X)
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(1)]
        return labels

    def predict_proba(self, X: Events | ArrayLike) -> NDArray[np.float32]:
        """Class probabilities, (samples, classes)."""
        return self._fitted().probabilities(X if isinstance(X, Events) else self._unlabelled(X))

    def score(self, X: Events | ArrayLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> float:
        """Weighted accuracy."""
        if isinstance(X, Events):
            return float(accuracy(self._fitted().predict(X)))
        return float(super().score(X, y, sample_weight))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a `.kaon` bundle, which `kaon.load` reads."""
        return self._fitted().save(path)

    def _fitted(self) -> Tagger:
        if not hasattr(self, "tagger_"):
            raise NotFitted(f"this Classifier({self.model!r}) is not fitted; call fit first")
        return self.tagger_

    def _start(self) -> Start | None:
        if self.model_from is None:
            return None
        if isinstance(self.model_from, Tagger):
            return Start(self.model_from, self.freeze, self.feature_rate)
        settings = {"model_from": os.fspath(self.model_from), "freeze": self.freeze, "feature_rate": self.feature_rate}
        return StartConfig.from_mapping(settings).open()

    def _config(self) -> TrainConfig:
        names = TrainConfig.model_fields
        given = {name: value for name, value in self.get_params(deep=False).items() if name in names}
        for name in ("augment_columns", "deform"):
            given[name] = given[name] or {}  # scikit-learn wants no mutable default
        return TrainConfig(**given)

    def _labelled(self, X: Events | ArrayLike, y: ArrayLike | None, weight: ArrayLike | None) -> Events:
        if isinstance(X, Events):
            if y is not None or weight is not None:
                raise ConfigError(
                    "events carry their own labels and weights; give y and sample_weight with arrays only"
                )
            self.classes_ = np.arange(len(X.classes))
            return X
        if y is None:
            raise ConfigError("fit(X) of an array needs y, the labels")
        events = self._unlabelled(X, reset=True)
        labels = np.asarray(y)
        check_consistent_length(events.index, labels)
        check_classification_targets(labels)
        self.classes_, target = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(f"y holds one class only: {self.classes_.tolist()}; classification needs at least two")
        return Events(
            events.array,
            target,
            None if weight is None else np.asarray(weight, float),
            classes=tuple(f"class_{i}" for i in range(len(self.classes_))),
        )

    def _unlabelled(self, X: ArrayLike, *, reset: bool = False) -> Events:
        table = check_array(X, dtype=np.float64)
        if reset:
            self.n_features_in_: int = table.shape[1]
        elif table.shape[1] != self.n_features_in_:
            raise DataError(
                f"X has {table.shape[1]} features, but the classifier was fitted with {self.n_features_in_}"
            )
        return Events(ak.Array({f"x{i}": column for i, column in enumerate(table.T)}))
