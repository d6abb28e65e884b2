"""The one place where optional dependencies are imported."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from kaon.errors import MissingExtra

__all__ = ["EXTRAS", "available", "require"]

EXTRAS = {
    "pythia8mc": "sim",
    "fastjet": "sim",
    "xgboost": "boost",
    "onnx": "deploy",
    "onnxruntime": "deploy",
    "onnxscript": "deploy",
    "pyhf": "stats",
    "iminuit": "stats",
    "optuna": "tune",
    "captum": "interpret",
    "dask": "dist",
    "distributed": "dist",
    "tensorboard": "tensorboard",
}
"""Top-level module -> the extra of kaon that brings it."""


def available(module: str) -> bool:
    """Whether an optional module can be imported, without importing it.

    >>> available("json"), available("no_such_module")
    (True, False)
    """
    return find_spec(module.split(".")[0]) is not None


def require(module: str) -> Any:
    """Import and return an optional module.

    Raises:
        MissingExtra: it is not installed; the message holds the command that installs it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        top = module.split(".")[0]
        if error.name != top:  # it is there, but something that it needs is not
            raise
        extra = EXTRAS.get(top, "all")
        raise MissingExtra(f"{top} is not installed; run: pip install 'kaon[{extra}]'", name=top) from None
