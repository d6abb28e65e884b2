"""Any trees as an ONNX graph decide as the arrays do, exactly on their thresholds too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaon.data.forest import Forest
from kaon.deploy.samples import tree_samples
from kaon.deploy.session import run, session
from kaon.deploy.tree_graph import tree_graph

pytest.importorskip("onnx", reason="the extra `deploy` is not installed")
pytest.importorskip("onnxruntime", reason="the extra `deploy` is not installed")

CUTS = np.array([-2, -1, -0.0, 0, 1e-40, 0.5, 3e38], np.float32)


def grown(random: np.random.Generator, trees: int, features: int, scores: int, *, strict: bool) -> Forest:
    """Trees of random shape, their nodes numbered in random order."""
    feature: list[int] = []
    left: list[int] = []
    right: list[int] = []
    roots: list[int] = []
    for _ in range(trees):
        roots.append(len(feature))
        splits = int(random.integers(0, 8))
        start, leaves = len(feature), [len(feature)]
        feature += [-1] * (2 * splits + 1)
        left += [0] * (2 * splits + 1)
        right += [0] * (2 * splits + 1)
        for k in range(splits):
            node = leaves.pop(int(random.integers(len(leaves))))
            feature[node] = int(random.integers(features))
            left[node], right[node] = start + 2 * k + 1, start + 2 * k + 2
            leaves += [left[node], right[node]]
    nodes = len(feature)
    inner = np.array(feature) >= 0
    order = random.permutation(nodes)  # order[i]: the new number of node i
    place = np.argsort(order)

    def moved(column: Any) -> Any:
        return np.asarray(column)[place]

    return Forest(
        feature=moved(feature),
        threshold=moved(random.choice(CUTS, nodes)),
        left=moved(np.where(inner, order[left], 0)),
        right=moved(np.where(inner, order[right], 0)),
        missing_left=moved(random.random(nodes) < 0.5),
        value=moved(np.where(inner, 0, random.normal(size=nodes))),
        roots=order[roots],
        score=random.integers(0, scores, trees),
        base=random.normal(size=scores),
        features=features,
        strict=strict,
    )


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    trees=st.integers(1, 6),
    features=st.integers(1, 4),
    scores=st.sampled_from([1, 3, 4]),
    strict=st.booleans(),
)
def test_graph_equals_arrays(seed: int, trees: int, features: int, scores: int, strict: bool) -> None:
    random = np.random.default_rng(seed)
    forest = grown(random, trees, features, scores, strict=strict)
    opened = session(tree_graph(forest, "x", 18).SerializeToString())
    steps = [np.nextafter(CUTS, np.float32(s)) for s in (-np.inf, np.inf)]
    odd = np.array([np.nan, np.inf, -np.inf], np.float32)
    x = random.choice(np.concatenate([CUTS, *steps, odd]), (200, features))
    for inputs in ({"x": x}, {"x": x[:1]}, *tree_samples(forest, "x", events=100)):
        got = run(opened, inputs)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, forest.predict(inputs["x"]), atol=2e-6)


def test_scores_of_no_events() -> None:
    forest = grown(np.random.default_rng(0), 3, 2, 1, strict=False)
    assert run(session(tree_graph(forest, "x", 18).SerializeToString()), {"x": np.zeros((0, 2), "f4")}).shape == (0, 2)
