"""Trees as arrays: what they mean, and that only trees are accepted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kaon.data.forest import Forest
from kaon.errors import BundleError

STUMPS: dict[
    str, Any
] = {  # x0 <= 1: +1, else -1 (missing: right); x1 <= 2: (x0 <= 0: 4, else 5), else 6 (missing: left)
    "feature": [0, -1, -1, 1, 0, -1, -1, -1],
    "threshold": [1.0, 0, 0, 2.0, 0.0, 0, 0, 0],
    "left": [1, 0, 0, 4, 5, 0, 0, 0],
    "right": [2, 0, 0, 7, 6, 0, 0, 0],
    "missing_left": [False, False, False, True, True, False, False, False],
    "value": [0, 1.0, -1.0, 0, 0, 4.0, 5.0, 6.0],
    "roots": [0, 3],
    "score": [0, 0],
    "base": [0.5],
    "features": 2,
}


def forest(**changes: Any) -> Forest:
    return Forest(**(STUMPS | changes))


def test_scores_by_hand() -> None:
    x = np.array([[1, 2], [1.5, 3], [0, 0], [np.nan, np.nan], [np.inf, -np.inf]], "float32")
    assert forest().raw_scores(x)[:, 0].tolist() == [0.5 + 1 + 5, 0.5 - 1 + 6, 0.5 + 1 + 4, 0.5 - 1 + 4, 0.5 - 1 + 5]
    assert forest(strict=True).raw_scores(x)[:, 0].tolist()[:3] == [0.5 - 1 + 6, 0.5 - 1 + 6, 0.5 + 1 + 5]


def test_each_tree_adds_to_its_score() -> None:
    many = forest(score=[0, 1], base=[0.0, 10.0])
    assert many.raw_scores(np.array([[1.0, 2.0]])).tolist() == [[1.0, 15.0]]


def test_probabilities() -> None:
    x = np.random.default_rng(0).normal(size=(50, 2))
    raw = forest().raw_scores(x)[:, 0]
    np.testing.assert_allclose(forest().predict(x)[:, 1], 1 / (1 + np.exp(-raw)), rtol=1e-12)
    np.testing.assert_allclose(forest(score=[0, 2], base=[0, 0, 1e3]).predict(x).sum(1), 1)


def test_no_trees_are_a_constant() -> None:
    none = forest(**{k: [] for k in STUMPS if isinstance(STUMPS[k], list) and k != "base"})
    assert none.raw_scores(np.zeros((3, 2))).tolist() == [[0.5]] * 3


@pytest.mark.parametrize(
    "changes",
    [
        {"feature": [2, -1, -1, 1, 0, -1, -1, -1]},  # no such feature
        {"left": [8, 0, 0, 4, 5, 0, 0, 0]},  # no such child
        {"left": [-1, 0, 0, 4, 5, 0, 0, 0]},
        {"left": [2, 0, 0, 4, 5, 0, 0, 0]},  # a child twice, and one without a parent
        {"left": [0, 0, 0, 4, 5, 0, 0, 0]},  # its own child
        {"roots": [0]},  # a tree without a root
        {"roots": [0, 1]},
        {"roots": [0, -5]},
        {"score": [0, 1]},  # no such score
        {"base": []},
        {"base": [np.nan]},
        {"value": [0, np.inf, -1.0, 0, 0, 4.0, 5.0, 6.0]},
        {"threshold": [np.nan, 0, 0, 2.0, 0.0, 0, 0, 0]},
        {"threshold": [1.0]},
        {"threshold": ["x"] * 8},
        {"feature": [2**70] * 8},
    ],
)
def test_arrays_that_are_no_trees(changes: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match="damaged"):
        forest(**changes)


def test_a_cycle_away_from_the_roots_is_found() -> None:
    with pytest.raises(BundleError, match="damaged"):
        Forest(
            feature=[-1, 0, 0, -1],  # type: ignore[arg-type]  # lists are accepted
            threshold=np.zeros(4, "float32"),
            left=[0, 2, 1, 0],  # type: ignore[arg-type]
            right=[0, 3, 0, 0],  # type: ignore[arg-type]
            missing_left=np.zeros(4, bool),
            value=np.zeros(4),
            roots=np.array([0]),
            score=np.array([0]),
            base=np.zeros(1),
            features=1,
        )
