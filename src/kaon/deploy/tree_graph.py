"""Boosted trees as an ONNX graph, from their plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.data.forest import Forest
from kaon.extras import require

__all__ = ["tree_graph"]

_ML_OPSET = 3
"""Of ai.onnx.ml, the first with everything needed: it runs in ONNX Runtime 1.14 (2023) and later."""


def tree_graph(forest: Forest, name: str, opset: int) -> Any:
    """An ONNX model that computes what `Forest.predict` does, in float32.

    `TreeEnsembleRegressor` sums the leaves; sigmoid (one raw score) or softmax (several) follows.

    Args:
        forest: the trees.
        name: of the input, (batch, features) float32.
        opset: of the standard operators.

    Returns:
        An `onnx.ModelProto` with the output `score`, (batch, classes) float32.
    """
    onnx = require("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    tree = _tree_of(forest)
    order = np.lexsort((np.arange(len(tree)), ~np.isin(np.arange(len(tree)), forest.roots), tree))  # roots come first
    inner = forest.feature >= 0
    decision = "BRANCH_LT" if forest.strict else "BRANCH_LEQ"
    leaves = order[~inner[order]]
    scores = len(forest.base)
    ensemble = helper.make_node(
        "TreeEnsembleRegressor",
        [name],
        ["sum"],
        domain="ai.onnx.ml",
        n_targets=scores,
        aggregate_function="SUM",
        nodes_treeids=tree[order].tolist(),
        nodes_nodeids=order.tolist(),
        nodes_featureids=np.where(inner, forest.feature, 0)[order].tolist(),
        nodes_modes=np.where(inner, decision, "LEAF")[order].tolist(),
        nodes_values=forest.threshold[order].tolist(),
        nodes_truenodeids=forest.left[order].tolist(),
        nodes_falsenodeids=forest.right[order].tolist(),
        nodes_missing_value_tracks_true=forest.missing_left[order].astype(int).tolist(),
        target_treeids=tree[leaves].tolist(),
        target_nodeids=leaves.tolist(),
        target_ids=forest.score[tree[leaves]].tolist(),
        target_weights=forest.value[leaves].astype(np.float32).tolist(),
    )
    # the base is added by hand: with base_values, ONNX Runtime forgets that of a score to which no tree contributes
    base = helper.make_tensor("base", kind, [scores], forest.base.astype(np.float32))
    add = helper.make_node("Add", ["sum", "base"], ["raw"])
    if scores == 1:
        link = [
            helper.make_node("Neg", ["raw"], ["negative"]),
            helper.make_node("Concat", ["negative", "raw"], ["both"], axis=1),
            helper.make_node("Sigmoid", ["both"], ["score"]),
        ]
    else:
        link = [helper.make_node("Softmax", ["raw"], ["score"], axis=1)]
    graph = helper.make_graph(
        [ensemble, add, *link],
        "kaon",
        [helper.make_tensor_value_info(name, kind, ["batch", forest.features])],
        [helper.make_tensor_value_info("score", kind, ["batch", max(2, scores)])],
        [base],
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
    return helper.make_model(graph, opset_imports=imports, ir_version=helper.find_min_ir_version_for(imports))


def _tree_of(forest: Forest) -> NDArray[np.int64]:
    """The tree of each node, (nodes,)."""
    tree = np.zeros(len(forest.feature), np.int64)
    level, number = forest.roots, np.arange(len(forest.roots))
    while len(level):
        tree[level] = number
        inner = forest.feature[level] >= 0
        level = np.concatenate([forest.left[level[inner]], forest.right[level[inner]]])
        number = np.tile(number[inner], 2)
    return tree
