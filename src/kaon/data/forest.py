"""Forest: boosted decision trees as plain arrays, the common form of every library's trees."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.errors import BundleError

__all__ = ["Forest", "float32_below"]


@dataclass(frozen=True)
class Forest:
    """Trees that add up to raw scores; sigmoid (one score) or softmax (several) makes them probabilities.

    At a node an event goes left if x <= threshold (x < threshold if `strict`), or as `missing_left` says if x is not
    a number. The nodes of all trees are in one sequence; children are positions in it.

    Args:
        feature: which feature a node looks at, (nodes,); -1 for a leaf.
        threshold: (nodes,) float32; decides as the library does for every float32 x.
        left: (nodes,); 0 at a leaf.
        right: (nodes,); 0 at a leaf.
        missing_left: (nodes,) bool.
        value: what a leaf adds, (nodes,); 0 elsewhere.
        roots: first node of each tree, (trees,).
        score: which raw score each tree adds to, (trees,).
        base: constant of each raw score, (scores,).
        features: number of features.
        strict: x < threshold goes left, not x <= threshold.

    Raises:
        BundleError: the arrays are no trees: lengths differ, a number is out of range, a node has no parent or two.
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float32]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float64]
    roots: NDArray[np.int64]
    score: NDArray[np.int64]
    base: NDArray[np.float64]
    features: int
    strict: bool = False

    def __post_init__(self) -> None:
        kinds: dict[str, Any] = {"threshold": np.float32, "value": float, "base": float, "missing_left": bool}
        for item in fields(self)[:9]:
            try:
                column = np.asarray(getattr(self, item.name), kinds.get(item.name, np.int64))
            except (TypeError, ValueError, OverflowError) as error:
                raise BundleError(f"the trees are damaged: {item.name} is not a list of numbers: {error}") from error
            object.__setattr__(self, item.name, column)
        nodes, per_node = len(self.feature), ("threshold", "left", "right", "missing_left", "value")
        sizes = {name: getattr(self, name).shape for name in per_node}
        if set(sizes.values()) != {(nodes,)} or self.roots.shape != self.score.shape or not self.base.size:
            raise BundleError(f"the trees are damaged: {nodes} nodes, but {sizes}")
        inner = self.feature >= 0
        children = np.concatenate([self.left[inner], self.right[inner]])
        parents = np.bincount(np.concatenate([children, self.roots]).clip(0, nodes), minlength=nodes + 1)
        sound = (
            (self.feature < self.features).all()
            and (children >= 0).all()
            and (self.roots >= 0).all()
            and (parents[:nodes] == 1).all()
            and parents[nodes] == 0
            and ((self.score >= 0) & (self.score < len(self.base))).all()
            and np.isfinite(self.value).all()
            and np.isfinite(self.base).all()
            and not np.isnan(self.threshold).any()
        )
        if not sound or self._reached() != nodes:
            raise BundleError("the trees are damaged: a feature, child, class or leaf value is out of range")

    def _reached(self) -> int:
        """Number of nodes below the roots, them included; a node is reached once, as it has one parent."""
        level, total = self.roots, 0
        while len(level):
            total += len(level)
            inner = level[self.feature[level] >= 0]
            level = np.concatenate([self.left[inner], self.right[inner]])
        return total

    def raw_scores(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Sum of the leaves of each event, (events, features) -> (events, scores), before sigmoid or softmax."""
        x = np.asarray(x, np.float32)
        event = np.arange(len(x))[:, None]
        node = np.broadcast_to(self.roots, (len(x), len(self.roots)))
        while (inner := self.feature[node] >= 0).any():
            value = x[event, np.where(inner, self.feature[node], 0)]
            cut = self.threshold[node]
            below = np.where(np.isnan(value), self.missing_left[node], value < cut if self.strict else value <= cut)
            node = np.where(inner, np.where(below, self.left[node], self.right[node]), node)
        total = np.tile(self.base, (len(x), 1))
        np.add.at(total, (event, self.score[None, :]), self.value[node])
        return total

    def predict(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Class probabilities, (events, features) -> (events, classes)."""
        raw = self.raw_scores(x)
        if raw.shape[1] == 1:
            raw = np.hstack([np.zeros_like(raw), raw])
        odds = np.exp(raw - raw.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float64)


def float32_below(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 not above each number: x <= it decides alike for every float32 x.

    >>> below = float32_below(np.array([0.1, 0.5]))
    >>> below.astype(float) <= [0.1, 0.5], np.nextafter(below, np.float32(1)).astype(float) > [0.1, 0.5]
    (array([ True,  True]), array([ True,  True]))
    """
    with np.errstate(over="ignore"):
        near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)
