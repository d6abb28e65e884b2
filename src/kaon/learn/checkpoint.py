"""Checkpoints of a training without pickle: one safetensors file whose metadata holds the rest as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lightning.fabric.plugins import CheckpointIO
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from kaon.errors import DataError
from kaon.files import replacing

__all__ = ["SafeCheckpoints", "load_tree", "save_tree"]


def save_tree(tree: Any, path: str | Path) -> None:
    """Write nested dicts, lists, tuples, numbers, strings and tensors.

    Raises:
        TypeError: something else is in the tree.
    """
    tensors: dict[str, Tensor] = {}
    text = json.dumps(_encode(tree, tensors))
    with replacing(path) as scratch:
        save_file(tensors, str(scratch), metadata={"tree": text})


def load_tree(path: str | Path) -> Any:
    """Read what `save_tree` wrote.

    Raises:
        DataError: the file is missing, damaged, or of another kind.
    """
    try:
        with safe_open(str(path), framework="pt") as stream:
            tree = json.loads(stream.metadata()["tree"])
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118  # it is no mapping
        return _decode(tree, tensors)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} is not a checkpoint of kaon, or it is damaged: {error}; delete it to start afresh"
        ) from error


def _encode(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        key = str(len(tensors))
        tensors[key] = value.detach().cpu().contiguous().clone()
        return {"t": key}
    if isinstance(value, dict):
        return {"d": [[_encode(k, tensors), _encode(v, tensors)] for k, v in value.items()]}
    if isinstance(value, list | tuple):
        return {"l" if isinstance(value, list) else "u": [_encode(v, tensors) for v in value]}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a checkpoint cannot hold {type(value).__name__}")


def _decode(value: Any, tensors: dict[str, Tensor]) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "t":
        return tensors[content]
    if kind == "d":
        return {_decode(k, tensors): _decode(v, tensors) for k, v in content}
    items = [_decode(v, tensors) for v in content]
    return items if kind == "l" else tuple(items)


class SafeCheckpoints(CheckpointIO):
    """Lightning's door to `save_tree` and `load_tree`."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write one checkpoint."""
        save_tree(checkpoint, path)

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        """Read one checkpoint; tensors come back on the CPU, and Lightning moves them."""
        tree: dict[str, Any] = load_tree(path)
        return tree

    def remove_checkpoint(self, path: Any) -> None:
        """Delete one checkpoint."""
        Path(path).unlink(missing_ok=True)
