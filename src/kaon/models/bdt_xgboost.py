"""Boosted decision trees by XGBoost, through the extra `boost`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kaon.data import Batch, InputSpec
from kaon.data.forest import Forest
from kaon.data.space import Integer, Real, Space
from kaon.errors import BundleError, ConfigError
from kaon.extras import require
from kaon.models.base import BoostedTrees

__all__ = ["VARIANTS", "XGBoostBDT"]

_NO_PARENT = 2**31 - 1
_COLUMNS: dict[str, type] = {
    "left_children": np.int64,
    "right_children": np.int64,
    "split_indices": np.int64,
    "split_conditions": np.float32,
    "default_left": np.bool_,
    "parents": np.int64,
    "split_type": np.int64,
}


class XGBoostBDT(BoostedTrees):
    """Gradient-boosted trees, level-wise grown on histograms.

    F(x) = sum_t eta f_t(x), each tree f_t fitted to gradient g and curvature h of the weighted log-loss, with leaf
    values -sum(w g) / (sum(w h) + l2). Chen, Guestrin, XGBoost, KDD 2016 (https://arxiv.org/abs/1603.02754).

    Training weights are scaled to a mean of one, so that `min_child_weight` means the same for weights in any unit.
    Negative training weights are refused, by XGBoost itself too. The validation loss takes them.

    Args:
        spec: one input of shape (features,).
        outputs: number of classes; the log-loss is binary for two.
        trees: largest number of boosting rounds (trees a class).
        learning_rate: eta.
        max_depth: most decisions from root to leaf.
        min_child_weight: smallest sum(w h) of a leaf.
        l2: regularisation of leaf values, the paper's lambda.
        min_gain: smallest gain of a split, the paper's gamma.
        row_fraction: part of the events drawn afresh for each tree.
        feature_fraction: part of the features drawn afresh for each tree.
        bins: histogram bins a feature.
        early_stopping: rounds without a better validation loss before training stops at the best; 0 for never.

    Raises:
        ConfigError: an argument is out of range, or the specification is not a flat table.
        MissingExtra: XGBoost is not installed.
    """

    name: ClassVar[str] = "bdt_xgboost"
    paper: ClassVar[str] = "https://arxiv.org/abs/1603.02754"
    takes_negative_weights: ClassVar[bool] = False
    search: ClassVar[Mapping[str, Space]] = {
        "learning_rate": Real(0.01, 0.3, log=True),
        "max_depth": Integer(3, 12),
        "min_child_weight": Real(0.1, 100.0, log=True),
        "l2": Real(1e-3, 100.0, log=True),
        "min_gain": Real(0.0, 5.0),
        "row_fraction": Real(0.5, 1.0),
        "feature_fraction": Real(0.4, 1.0),
    }

    def __init__(
        self,
        spec: InputSpec,
        outputs: int,
        *,
        trees: int = 500,
        learning_rate: float = 0.1,
        max_depth: int = 6,
        min_child_weight: float = 1.0,
        l2: float = 1.0,
        min_gain: float = 0.0,
        row_fraction: float = 1.0,
        feature_fraction: float = 1.0,
        bins: int = 256,
        early_stopping: int = 20,
    ) -> None:
        super().__init__(spec, outputs, trees=trees, early_stopping=early_stopping)
        self._settings = {
            "objective": "binary:logistic" if outputs == 2 else "multi:softprob",
            "disable_default_eval_metric": True,
            "tree_method": "hist",
            "learning_rate": learning_rate,
            "max_depth": max_depth,
            "min_child_weight": min_child_weight,
            "reg_lambda": l2,
            "gamma": min_gain,
            "subsample": row_fraction,
            "colsample_bytree": feature_fraction,
            "max_bin": bins,
            "verbosity": 0,
        } | ({} if outputs == 2 else {"num_class": outputs})

    def fit(
        self,
        train: Batch,
        validation: Batch | None,
        *,
        seed: int,
        threads: int,
        progress: Callable[[int, int, dict[str, float]], None] | None = None,
    ) -> list[dict[str, float]]:
        """Train; see `Trees.fit`. A row: train_loss (of `shown` events) and, with validation events, validation_loss.

        Raises:
            ConfigError: XGBoost refuses a setting.
            DataError: a training weight is negative.
        """
        xgboost = require("xgboost")
        weight = self.scaled_weights(train)
        parts = {"train": self.shown(train, seed)}
        if validation is not None and len(validation):
            parts["validation"] = validation
        whole = xgboost.DMatrix(train.inputs["features"], train.labels, weight=weight, nthread=threads)
        sets = {
            name: whole if b is train else xgboost.DMatrix(b.inputs["features"], b.labels, nthread=threads)
            for name, b in parts.items()
        }
        rows: list[dict[str, float]] = []
        row: dict[str, float] = {}

        def loss(score: NDArray[Any], data: Any) -> tuple[str, float]:
            """The log-loss with the true weights, which may be negative in validation; called once a set a round."""
            name = next(n for n in sets if sets[n] is data)
            row[f"{name}_loss"] = value = _log_loss(score, parts[name])
            if len(row) == len(sets):
                rows.append(dict(row))
                row.clear()
                if progress is not None:
                    progress(len(rows), self.trees, rows[-1])
            return "loss", value

        stop = xgboost.callback.EarlyStopping(rounds=max(1, self.early_stopping), save_best=True)
        try:
            booster = xgboost.train(
                self._settings | {"seed": seed, "nthread": threads},
                whole,
                num_boost_round=self.trees,
                evals=[(data, name) for name, data in sets.items()],
                custom_metric=loss,
                callbacks=[stop] if self.early_stopping and "validation" in parts else [],
                verbose_eval=False,
            )
        except xgboost.core.XGBoostError as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f"XGBoost refuses these settings or data: {reason}") from error
        booster.set_attr(**dict.fromkeys(booster.attributes()))  # None removes: the trees are the whole state
        self.load_text(booster.save_raw("json").decode())
        return rows

    def opened(self, text: str) -> tuple[Forest, Any]:
        """See `BoostedTrees.opened`. All trees are checked first: XGBoost trusts child and feature numbers.

        The text is XGBoost's own JSON form: `xgboost.Booster(model_file=bytearray(text.encode()))` reads it.
        """
        xgboost = require("xgboost")
        forest = _read(text, self.spec["features"].width, self.outputs)
        try:
            return forest, xgboost.Booster(model_file=bytearray(text.encode()))
        except xgboost.core.XGBoostError as error:
            raise BundleError(f"XGBoost cannot read the JSON of the trees: {str(error).splitlines()[0]}") from error

    def scores(self, booster: Any, x: NDArray[Any]) -> NDArray[Any]:
        """See `BoostedTrees.scores`."""
        return np.asarray(booster.inplace_predict(x))


def _log_loss(score: NDArray[Any], batch: Batch) -> float:
    """Weighted mean of -log(probability of the true class)."""
    chance = (
        np.where(batch.labels == 1, score, 1 - score) if score.ndim == 1 else score[np.arange(len(score)), batch.labels]
    )
    return float(np.average(-np.log(np.clip(chance, 1e-15, 1)), weights=batch.weights))


def _read(text: str, features: int, outputs: int) -> Forest:
    """The trees of an XGBoost JSON, with every number checked that XGBoost would follow.

    Raises:
        BundleError: not such a text, or not of this many features and classes.
    """
    scores = 1 if outputs == 2 else outputs
    try:
        learner = json.loads(text, object_pairs_hook=_once)["learner"]
        parameters, booster = learner["learner_model_param"], learner["gradient_booster"]
        model = booster["model"]
        count = len(model["trees"])
        found = {
            "objective": learner["objective"]["name"],
            "booster": booster["name"],
            "num_feature": parameters["num_feature"],
            "num_class": parameters["num_class"],
            "num_target": parameters["num_target"],
            "num_trees": model["gbtree_model_param"]["num_trees"],
            "num_parallel_tree": model["gbtree_model_param"]["num_parallel_tree"],
            "ids": [tree["id"] for tree in model["trees"]],
            "tree_info": model["tree_info"],
            "iteration_indptr": model["iteration_indptr"],
            "categories": [v for v in model.get("cats", {}).values() if v],
        }
        wanted = {
            "objective": "binary:logistic" if outputs == 2 else "multi:softprob",
            "booster": "gbtree",
            "num_feature": str(features),
            "num_class": "0" if outputs == 2 else str(outputs),
            "num_target": "1",
            "num_trees": str(count),
            "num_parallel_tree": "1",
            "ids": list(range(count)),
            "tree_info": [i % scores for i in range(count)],
            "iteration_indptr": list(range(0, count + 1, scores)),
            "categories": [],
        }
        if odd := {k: (str(found[k])[:40], str(v)[:40]) for k, v in wanted.items() if found[k] != v}:
            raise ValueError(f"(found, expected) differ: {odd}")
        base = np.array(json.loads(parameters["base_score"]), float).reshape(-1)
        sizes = [_size(tree) for tree in model["trees"]]
        starts = np.cumsum([0, *sizes])[:-1]
        with np.errstate(all="ignore"):  # Forest refuses what is not finite
            base = np.broadcast_to(np.log(base / (1 - base)) if outputs == 2 else base, scores)
            columns = {k: np.concatenate([np.asarray(t[k], d) for t in model["trees"]]) for k, d in _COLUMNS.items()}
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BundleError(
            f"the JSON of the trees is not XGBoost's for {features} features and {outputs} classes: {error}; "
            "it is damaged or belongs to another model"
        ) from error
    leaf, start = columns["left_children"] < 0, np.repeat(starts, sizes)
    return Forest(
        feature=np.where(leaf, -1, columns["split_indices"]),
        threshold=np.where(leaf, 0, columns["split_conditions"]),
        left=np.where(leaf, 0, columns["left_children"] + start),
        right=np.where(leaf, 0, columns["right_children"] + start),
        missing_left=np.where(leaf, 0, columns["default_left"]),
        value=np.where(leaf, columns["split_conditions"], 0),
        roots=starts,
        score=np.arange(count) % scores,
        base=base,
        features=features,
        strict=True,
    )


def _size(tree: dict[str, Any]) -> int:
    """Number of nodes of a tree whose lists agree in length, and whose children and parents belong together."""
    parameters, size = tree["tree_param"], len(tree["left_children"])
    sound = (
        parameters["num_nodes"] == str(size)
        and parameters["num_deleted"] == "0"
        and parameters["size_leaf_vector"] in ("0", "1")
        and all(len(tree[name]) == size for name in (*_COLUMNS, "base_weights", "loss_changes", "sum_hessian"))
        and not any(tree["split_type"])
        and not any(tree[name] for name in tree if name.startswith("categories"))
    )
    if not sound:
        raise ValueError("the lists of a tree differ in length, or it has categorical splits")
    parents = [_NO_PARENT] * size
    for node, pair in enumerate(zip(tree["left_children"], tree["right_children"], strict=True)):
        for child in pair:
            if child != -1:
                parents[child if 0 < child < size else size] = node  # IndexError
        if (pair[0] == -1) != (pair[1] == -1):
            raise ValueError("a node has one child")
    if parents != tree["parents"]:
        raise ValueError("children and parents of a tree do not belong together")
    return size


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(made := dict(pairs)) < len(pairs):
        raise ValueError("a key occurs twice")
    return made


VARIANTS = {"bdt_xgboost": XGBoostBDT}
