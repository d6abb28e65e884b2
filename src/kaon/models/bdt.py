"""Boosted decision trees by LightGBM, the quick and strong baseline on a table of jet features."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from kaon.data import Batch, InputSpec
from kaon.data.forest import Forest, float32_below
from kaon.data.space import Integer, Real, Space
from kaon.errors import BundleError, ConfigError, DataError
from kaon.models.base import BoostedTrees

__all__ = ["BDT", "VARIANTS"]

_END = "end of trees"
_SHOWN = "training"
"""LightGBM's own name of the set whose loss must not stop the training."""
_NUMBER = r"-?\d+(\.\d+)?([eE][-+]?\d+)?"
_NUMBERS = re.compile(rf"({_NUMBER}( {_NUMBER})*)?", re.ASCII)
_THRESHOLDS = re.compile(rf"(({_NUMBER}|inf)( ({_NUMBER}|inf))*)?", re.ASCII)
"""A threshold is infinite where a split parts the missing values from all others."""
_HEAD = {"label_index", "feature_names", "feature_infos", "tree_sizes"}
_INTEGERS = ("split_feature", "decision_type", "left_child", "right_child")
_PER_SPLIT = ("split_gain", "internal_value", "internal_weight", "internal_count")


class BDT(BoostedTrees):
    """Gradient-boosted trees, leaf-wise grown on histograms.

    F(x) = sum_t eta f_t(x), each tree f_t fitted to gradient g and curvature h of the weighted log-loss, with leaf
    values -sum(w g) / (sum(w h) + l2). Ke et al., LightGBM, NeurIPS 2017 (https://papers.nips.cc/paper/6907).

    Training weights are scaled to a mean of one, so that `min_hessian` means the same for weights in any unit.
    Negative training weights are refused: LightGBM accepts them in silence, but sum(w h) of a leaf can then come
    close to zero and its value explode. Seen on a toy with 20% of the weights at -1: log-odds of 180, and an AUC of
    0.80 where |w| gives 0.826. A larger `min_hessian` softens this, but did not cure it.

    Args:
        spec: one input of shape (features,).
        outputs: number of classes; the log-loss is binary for two.
        trees: largest number of boosting rounds (trees a class).
        learning_rate: eta.
        leaves: most leaves of a tree.
        max_depth: most decisions from root to leaf; -1 for no limit.
        min_child_samples: fewest training events of a leaf.
        min_hessian: smallest sum(w h) of a leaf.
        l2: regularisation of leaf values.
        row_fraction: part of the events drawn afresh for each tree.
        feature_fraction: part of the features drawn afresh for each tree.
        bins: histogram bins a feature.
        early_stopping: rounds without a better validation loss before training stops at the best; 0 for never.

    Raises:
        ConfigError: an argument is out of range, or the specification is not a flat table.
    """

    name: ClassVar[str] = "bdt"
    paper: ClassVar[str] = "https://papers.nips.cc/paper/6907"
    takes_negative_weights: ClassVar[bool] = False
    search: ClassVar[Mapping[str, Space]] = {
        "learning_rate": Real(0.01, 0.3, log=True),
        "leaves": Integer(7, 255, log=True),
        "min_child_samples": Integer(5, 200, log=True),
        "l2": Real(1e-3, 100.0, log=True),
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
        leaves: int = 31,
        max_depth: int = -1,
        min_child_samples: int = 20,
        min_hessian: float = 1e-3,
        l2: float = 0.0,
        row_fraction: float = 1.0,
        feature_fraction: float = 1.0,
        bins: int = 255,
        early_stopping: int = 20,
    ) -> None:
        super().__init__(spec, outputs, trees=trees, early_stopping=early_stopping)
        self._settings = {
            "objective": "binary" if outputs == 2 else "multiclass",
            "metric": "binary_logloss" if outputs == 2 else "multi_logloss",
            "num_class": 1 if outputs == 2 else outputs,
            "learning_rate": learning_rate,
            "num_leaves": leaves,
            "max_depth": max_depth,
            "min_data_in_leaf": min_child_samples,
            "min_sum_hessian_in_leaf": min_hessian,
            "lambda_l2": l2,
            "bagging_fraction": row_fraction,
            "bagging_freq": int(row_fraction < 1),
            "feature_fraction": feature_fraction,
            "max_bin": bins,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
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
        """Train; see `Trees.fit`. A row: train_loss (of `shown` events) and, with validation events, validation_loss.

        Raises:
            ConfigError: LightGBM refuses a setting.
            DataError: a training weight is negative.
        """
        if (train.weights < 0).any():
            raise DataError("bdt cannot train with negative weights; choose abs, drop or error as their policy")
        rows: list[dict[str, float]] = []

        def note(state: Any) -> None:
            losses = {name: float(loss) for name, _, loss, _ in state.evaluation_result_list}
            rows.append({("train_loss" if name == _SHOWN else f"{name}_loss"): loss for name, loss in losses.items()})
            if progress is not None:
                progress(state.iteration + 1, self.trees, rows[-1])

        callbacks: list[Any] = [note]
        whole, part = self._dataset(train), self.shown(train, seed)
        data = {_SHOWN: whole if part is train else self._dataset(part, reference=whole)}
        if validation is not None and len(validation):
            data["validation"] = self._dataset(validation, reference=whole)
            if self.early_stopping:
                callbacks.append(lgb.early_stopping(self.early_stopping, verbose=False))
        settings = self._settings | {"seed": seed, "num_threads": threads}
        try:
            booster = lgb.train(
                settings,
                whole,
                num_boost_round=self.trees,
                valid_sets=list(data.values()),
                valid_names=list(data),
                callbacks=callbacks,
            )
        except lgb.basic.LightGBMError as error:
            raise ConfigError(f"LightGBM refuses these settings or data: {error}") from error
        text = booster.model_to_string(num_iteration=booster.best_iteration if booster.best_iteration > 0 else None)
        self.load_text(text[: text.index(_END)] + _END + "\n")  # without the settings: they name the thread count
        return rows

    def opened(self, text: str) -> tuple[Forest, Any]:
        """See `BoostedTrees.opened`. All of it is checked first, because LightGBM ends the process at a damaged tree.

        The text is LightGBM's own, up to the end of the trees: `lightgbm.Booster(model_str=text)` reads it.
        """
        forest = _read(text, self.spec["features"].width, self.outputs)
        try:
            return forest, lgb.Booster(model_str=text)
        except lgb.basic.LightGBMError as error:
            raise BundleError(f"LightGBM cannot read the text of the trees: {error}") from error

    def scores(self, booster: Any, x: NDArray[Any]) -> NDArray[Any]:
        """See `BoostedTrees.scores`."""
        return np.asarray(booster.predict(x))

    def _dataset(self, batch: Batch, reference: Any = None) -> Any:
        weight = batch.weights / max(np.abs(batch.weights).mean(), np.finfo(float).tiny)
        return lgb.Dataset(batch.inputs["features"], batch.labels, weight=weight, reference=reference)


def _read(text: str, features: int, outputs: int) -> Forest:
    """The trees of a LightGBM text (form v4), with every number that LightGBM would read checked.

    Raises:
        BundleError: not such a text, or not of this many features and classes.
    """
    raw = 1 if outputs == 2 else outputs
    expected = {
        "version": "v4",
        "num_class": str(raw),
        "num_tree_per_iteration": str(raw),
        "max_feature_idx": str(features - 1),
        "objective": "binary sigmoid:1" if outputs == 2 else f"multiclass num_class:{outputs}",
    }
    try:
        head, body = _split(text)
        if any(head[name] != value for name, value in expected.items()) or set(head) - set(expected) != _HEAD:
            raise ValueError(f"expected {expected}, found { {k: head.get(k) for k in expected} }")
        if len(head["feature_names"].split(" ")) != features or len(head["feature_infos"].split(" ")) != features:
            raise ValueError(f"{features} names and ranges of features expected")
        if len(body) % raw or not body:
            raise ValueError(f"{len(body)} trees for {raw} scores")
        feature, threshold, left, right, missing_left, value, roots = map(
            np.concatenate, zip(*_trees(body), strict=True)
        )
    except (KeyError, ValueError, OverflowError) as error:
        raise BundleError(
            f"the text of the trees is not LightGBM's for {features} features and {outputs} classes: {error}; "
            "it is damaged or belongs to another model"
        ) from error
    score, base = np.arange(len(body)) % raw, np.zeros(raw)
    return Forest(feature, threshold, left, right, missing_left, value, roots, score, base, features)


def _split(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Header and trees; the lengths that the header lists must lead from one tree to the next and to the end."""
    content = text.encode()
    position = content.index(b"Tree=0\n")
    head, trees = _fields("tree", content[:position].decode(), blank=1), list[dict[str, str]]()
    for i, size in enumerate(_numbers(head["tree_sizes"], int)):
        trees.append(_fields(f"Tree={i}", content[position : position + size].decode(), blank=2))
        position += size
    if content[position:] != f"{_END}\n".encode():
        raise ValueError("the trees do not end where the header says")
    return head, trees


def _fields(first: str, block: str, blank: int) -> dict[str, str]:
    """The `name=value` lines of a block that begins with the line `first` and ends in blank ones, as LightGBM needs."""
    lines = block.split("\n")
    pairs = [line.partition("=") for line in lines[1 : -blank - 1]]
    found = {name: value for name, sign, value in pairs if name and sign and "=" not in value}
    if lines[0] != first or any(lines[-blank - 1 :]) or len(found) < len(pairs):
        raise ValueError(f"the block {first!r} does not begin and end where it should, or a line is damaged")
    return found


def _numbers(text: str, kind: type, form: re.Pattern[str] = _NUMBERS) -> NDArray[Any]:
    if not form.fullmatch(text):
        raise ValueError(f"not a list of numbers: {text[:40]!r}")
    return np.array([kind(word) for word in text.split()], np.int64 if kind is int else np.float64)


def _trees(trees: list[dict[str, str]]) -> Iterator[tuple[NDArray[Any], ...]]:
    """Each tree's columns of `Forest`: first its decisions, then its leaves."""
    start = 0
    for tree in trees:
        if tree["num_cat"] != "0" or tree["is_linear"] != "0":
            raise ValueError("categorical splits and linear leaves are not kaon's")
        feature, kind, left, right = (_numbers(tree[k], int) for k in _INTEGERS)
        threshold = _numbers(tree["threshold"], float, _THRESHOLDS)
        value, _ = (_numbers(tree[k], float) for k in ("leaf_value", "shrinkage"))
        splits, leaves = len(feature), len(value)
        lengths = {len(_numbers(tree[k], float)) for k in _PER_SPLIT} | set(map(len, (threshold, kind, left, right)))
        weights = {len(_numbers(tree[k], float)) for k in ("leaf_weight", "leaf_count")} - {
            0 if leaves == 1 else leaves
        }
        if lengths != {splits} or tree["num_leaves"] != str(leaves) or leaves != splits + 1 or weights - {leaves}:
            raise ValueError("the lists of a tree differ in length")
        missing = kind >> 2
        if (
            (feature < 0).any()
            or (kind & ~10).any()
            or (max(left.max(initial=0), right.max(initial=0)) >= max(splits, 1))
        ):
            raise ValueError("a feature, decision type or child is out of range")
        pad = np.zeros(leaves, np.int64)
        # a leaf is written as -1 - its number; not a number counts as 0 where training saw none
        children = (np.concatenate([start + np.where(c < 0, splits - 1 - c, c), pad]) for c in (left, right))
        missing_left = np.where(missing == 2, (kind & 2) > 0, threshold >= 0)
        yield (
            np.concatenate([feature, pad - 1]),
            np.concatenate([_rounded(threshold), pad.astype(np.float32)]),
            *children,
            np.concatenate([missing_left, pad > 0]),
            np.concatenate([np.zeros(splits), value]),
            np.array([start]),
        )
        start += splits + leaves


def _rounded(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """The float32 for which x <= it decides as LightGBM does with each double, for every float32 x.

    That is the largest float32 not above it. LightGBM takes |x| <= 1e-35 for 0, so no threshold lies inside there.
    """
    down, tiny = float32_below(threshold), np.float32(1e-35)
    return np.where(np.abs(down) > tiny, down, np.where(down >= 0, tiny, np.nextafter(-tiny, np.float32(-np.inf))))


VARIANTS = {"bdt": BDT}
