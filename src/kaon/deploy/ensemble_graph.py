"""The graphs of several models as one: shared inputs, and the weighted sum of their probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kaon.extras import require

__all__ = ["ensemble_graph"]


def ensemble_graph(models: Sequence[Any], shares: Sequence[float]) -> Any:
    """An ONNX model that computes sum_k s_k score_k of models which read the same inputs.

    Args:
        models: `onnx.ModelProto`s, each with the output `score`; their names get a prefix, so that none collide.
        shares: s_k.
    """
    onnx = require("onnx")
    helper = onnx.helper
    inputs: dict[str, Any] = {}
    nodes: list[Any] = []
    initializers: list[Any] = []
    functions: list[Any] = []
    opsets: dict[str, int] = {}
    for number, model in enumerate(models):
        prefix = f"member{number}/"
        for value in model.graph.input:
            inputs.setdefault(value.name, value)
            nodes.append(helper.make_node("Identity", [value.name], [prefix + value.name]))
        renamed = onnx.compose.add_prefix(model, prefix)
        nodes += renamed.graph.node
        initializers += renamed.graph.initializer
        functions += renamed.functions
        nodes.append(helper.make_node("Mul", [f"{prefix}score", f"share{number}"], [f"{prefix}part"]))
        initializers.append(onnx.numpy_helper.from_array(np.float32(shares[number]), f"share{number}"))
        opsets |= {entry.domain: max(entry.version, opsets.get(entry.domain, 0)) for entry in model.opset_import}
    parts = [f"member{number}/part" for number in range(len(models))]
    nodes.append(helper.make_node("Sum", parts, ["score"]))
    graph = helper.make_graph(nodes, "ensemble", list(inputs.values()), models[0].graph.output, initializers)
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    return helper.make_model(graph, opset_imports=imports, functions=functions)
