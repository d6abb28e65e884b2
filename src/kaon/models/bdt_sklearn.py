"""Boosted decision trees by scikit-learn's histogram gradient boosting."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from kaon.data import Batch, InputSpec
from kaon.data.forest import Forest, float32_below
from kaon.data.space import Integer, Real, Space
from kaon.errors import BundleError, ConfigError, DataError
from kaon.models.base import BoostedTrees

__all__ = ["VARIANTS", "SklearnBDT"]

_FORMAT = "kaon-forest"
_COLUMNS = tuple(item.name for item in fields(Forest))[:9]
_SLICE = 2048
"""Events that descend the trees together."""


class SklearnBDT(BoostedTrees):
    """Gradient-boosted trees, leaf-wise grown on histograms, without a library beyond kaon's own needs.

    F(x) = sum_t eta f_t(x), each tree f_t fitted to gradient g and curvature h of the weighted log-loss, with leaf
    values -sum(w g) / (sum(w h) + l2): LightGBM's algorithm (https://papers.nips.cc/paper/6907) as scikit-learn's
    `HistGradientBoostingClassifier` has it (https://jmlr.org/papers/v12/pedregosa11a.html).

    scikit-learn saves models as pickles only, so the text form is kaon's: the trees' arrays as JSON, and predictions
    are kaon's own, equal to scikit-learn's. Training weights are scaled to a mean of one; negative ones are refused, as
    for `bdt`. scikit-learn tells nobody how far it is, so that progress is reported when all rounds are done, and notes
    the loss of all training events, whose scores it keeps in any case.

    Args:
        spec: one input of shape (features,); not-a-number means missing, and each split learns where it goes.
        outputs: number of classes; the log-loss is binary for two.
        trees: largest number of boosting rounds (trees a class).
        learning_rate: eta.
        leaves: most leaves of a tree.
        max_depth: most decisions from root to leaf; None for no limit.
        min_child_samples: fewest training events of a leaf.
        l2: regularisation of leaf values.
        feature_fraction: part of the features drawn afresh for each split.
        bins: histogram bins a feature, at most 255.
        early_stopping: rounds without a better validation loss before training stops at the best; 0 for never.

    Raises:
        ConfigError: an argument is out of range, or the specification is not a flat table.
    """

    name: ClassVar[str] = "bdt_sklearn"
    paper: ClassVar[str] = "https://jmlr.org/papers/v12/pedregosa11a.html"
    takes_negative_weights: ClassVar[bool] = False
    search: ClassVar[Mapping[str, Space]] = {
        "learning_rate": Real(0.01, 0.3, log=True),
        "leaves": Integer(7, 255, log=True),
        "min_child_samples": Integer(5, 200, log=True),
        "l2": Real(1e-3, 100.0, log=True),
        "feature_fraction": Real(0.4, 1.0),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        trees: int = 500,
        learning_rate: float = 0.1,
        leaves: int = 31,
        max_depth: int | None = None,
        min_child_samples: int = 20,
        l2: float = 0.0,
        feature_fraction: float = 1.0,
        bins: int = 255,
        early_stopping: int = 20,
    ) -> None:
        super().__init__(spec, outputs, trees=trees, early_stopping=early_stopping)
        self._settings: dict[str, Any] = {
            "max_iter": trees,
            "learning_rate": learning_rate,
            "max_leaf_nodes": leaves,
            "max_depth": max_depth,
            "min_samples_leaf": min_child_samples,
            "l2_regularization": l2,
            "max_features": feature_fraction,
            "max_bins": bins,
            "categorical_features": None,
            "early_stopping": True,
            "n_iter_no_change": early_stopping or trees,
            "tol": 0.0,
        }

    def fit(
        self,
        train: Batch,
        validation: Batch | None,
        *,
        seed: int,
        threads: int,
        progress: Callable[[int, int, dict[str, float]], None] | None = None,
    ) -> list[dict[str, float]]:
        """Train; see `Trees.fit`. A row holds train_loss and, with validation events, validation_loss.

        Raises:
            ConfigError: scikit-learn refuses a setting.
            DataError: a training weight is negative, or a class has no events.
        """
        weight = self.scaled_weights(train)
        if len(np.unique(train.labels)) < self.outputs:
            raise DataError(f"bdt_sklearn needs training events of all {self.outputs} classes")
        held = validation if validation is not None and len(validation) else None
        # Losses are noted only where there are validation events; one event is enough, and stops nothing.
        shown = train.take(slice(0, 1)) if held is None else held
        patience = {} if held is not None else {"n_iter_no_change": self.trees}
        grower = HistGradientBoostingClassifier(**self._settings | patience, random_state=seed)
        try:
            with threadpool_limits(threads or None, user_api="openmp"):
                grower.fit(
                    train.inputs["features"],
                    train.labels,
                    weight,
                    X_val=shown.inputs["features"],
                    y_val=shown.labels,
                    sample_weight_val=shown.weights,
                )
        except ValueError as error:
            raise ConfigError(f"scikit-learn refuses these settings or data: {error}") from error
        rows = [{"train_loss": -float(loss)} for loss in grower.train_score_[1:]]
        if held is not None:
            for row, loss in zip(rows, grower.validation_score_[1:], strict=True):
                row["validation_loss"] = -float(loss)
        stops = held is not None and self.early_stopping
        rounds = 1 + int(np.argmin([row["validation_loss"] for row in rows])) if stops else len(rows)
        self.load_text(_text(_forest(grower, rounds, self.spec["features"].width)))
        if progress is not None:
            for number, row in enumerate(rows):
                progress(number + 1, self.trees, row)
        return rows

    def opened(self, text: str) -> tuple[Forest, Any]:
        """See `BoostedTrees.opened`; the trees are their own booster."""
        forest = _read(text, self.spec["features"].width, self.outputs)
        return forest, forest

    def scores(self, booster: Any, x: NDArray[Any]) -> NDArray[Any]:
        """See `BoostedTrees.scores`."""
        return np.concatenate([booster.predict(x[start : start + _SLICE]) for start in range(0, len(x), _SLICE)])


def _forest(grower: HistGradientBoostingClassifier, rounds: int, features: int) -> Forest:
    """The trees of the first rounds."""
    kept = [tree for row in grower._predictors[:rounds] for tree in row]
    sizes = [len(tree.nodes) for tree in kept]
    roots = np.cumsum([0, *sizes])[:-1]
    nodes = np.concatenate([tree.nodes for tree in kept])
    start, leaf = np.repeat(roots, sizes), nodes["is_leaf"].astype(bool)
    base = np.asarray(grower._baseline_prediction, float).reshape(-1)
    return Forest(
        feature=np.where(leaf, -1, nodes["feature_idx"]),
        threshold=np.where(leaf, 0, float32_below(nodes["num_threshold"])),
        left=np.where(leaf, 0, nodes["left"] + start),
        right=np.where(leaf, 0, nodes["right"] + start),
        missing_left=~leaf & nodes["missing_go_to_left"].astype(bool),
        value=np.where(leaf, nodes["value"], 0),
        roots=roots,
        score=np.arange(len(kept)) % len(base),
        base=base,
        features=features,
    )


def _text(forest: Forest) -> str:
    """The arrays as JSON; Python's repr of a float is exact."""
    columns = {name: getattr(forest, name).astype(int if name == "missing_left" else None) for name in _COLUMNS}
    head = {"format": _FORMAT, "version": 1, "features": forest.features}
    return json.dumps(head | {name: column.tolist() for name, column in columns.items()})


def _read(text: str, features: int, outputs: int) -> Forest:
    """Undo `_text`.

    Raises:
        BundleError: not such a text, or not of this many features and classes.
    """
    try:
        stored = json.loads(text)
        head = {name: stored.pop(name) for name in ("format", "version", "features")}
        if head != {"format": _FORMAT, "version": 1, "features": features} or set(stored) != set(_COLUMNS):
            raise ValueError(f"found {head} and the columns {sorted(stored)}")
        forest = Forest(**stored, features=features)
        if len(forest.base) != (1 if outputs == 2 else outputs) or not len(forest.roots):
            raise ValueError(f"{len(forest.roots)} trees for {len(forest.base)} scores")
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError, BundleError) as error:
        raise BundleError(
            f"the JSON of the trees is not kaon's for {features} features and {outputs} classes: {error}; it is "
            "damaged or belongs to another model"
        ) from error
    return forest


VARIANTS = {"bdt_sklearn": SklearnBDT}
