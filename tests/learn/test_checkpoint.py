from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kaon.errors import DataError
from kaon.learn.checkpoint import SafeCheckpoints, load_tree, save_tree

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.integers() | st.text() | st.tuples(st.text()), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(tree=TREES)
def test_any_tree_comes_back_as_it_was(tree: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("tree") / "x.safetensors"
    save_tree(tree, path)
    assert load_tree(path) == tree


def test_tensors_come_back_exactly(tmp_path: Path) -> None:
    tree = {"state": {0: {"step": torch.tensor(3.0), "m": torch.randn(4, 5).T}}, "loss": math.inf}
    save_tree(tree, tmp_path / "x")
    back = SafeCheckpoints().load_checkpoint(tmp_path / "x")
    assert torch.equal(back["state"][0]["m"], tree["state"][0]["m"])  # type: ignore[index]
    assert back["loss"] == math.inf


def test_what_json_cannot_hold_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="set"):
        save_tree({"x": {1, 2}}, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80\x04N."])
def test_a_damaged_file_is_a_clear_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(DataError, match="delete it to start afresh"):
        load_tree(tmp_path / "x")


def test_a_truncated_file_is_a_clear_error(tmp_path: Path) -> None:
    save_tree({"x": torch.zeros(100)}, tmp_path / "x")
    (tmp_path / "x").write_bytes((tmp_path / "x").read_bytes()[:-50])
    with pytest.raises(DataError, match="damaged"):
        load_tree(tmp_path / "x")
