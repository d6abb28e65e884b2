"""kaon: machine learning for particle physics, from collisions to a physics result.

Everything here is imported on first use, so that `import kaon` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kaon import evaluate as evaluate
    from kaon.data import Events as Events
    from kaon.data import Predictions as Predictions
    from kaon.data.io import iterate as iterate
    from kaon.data.io import read as read
    from kaon.data.io import write as write
    from kaon.learn import Classifier as Classifier
    from kaon.learn import load as load
    from kaon.simulate import simulate as simulate

__version__ = version("kaon")

_HOME = {
    "Classifier": "kaon.learn",
    "Events": "kaon.data",
    "Predictions": "kaon.data",
    "iterate": "kaon.data.io",
    "load": "kaon.learn",
    "read": "kaon.data.io",
    "write": "kaon.data.io",
}

__all__ = ["Classifier", "Events", "Predictions", "evaluate", "iterate", "load", "read", "simulate", "write"]


def __getattr__(name: str) -> Any:
    if name in ("evaluate", "simulate"):  # the package of simulate can be called like the function
        return import_module(f"kaon.{name}")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'kaon' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
