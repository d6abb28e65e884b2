"""Open whatever predicts: a bundle or an ONNX file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from kaon.deploy.session import OnnxTagger
from kaon.learn.ensemble import Ensemble, load
from kaon.learn.tagger import Tagger

__all__ = ["load_model"]


def load_model(
    path: str | os.PathLike[str], threads: int = 1, sources: Sequence[str | os.PathLike[str]] = ()
) -> Tagger | Ensemble | OnnxTagger:
    """The tagger in a `.kaon` bundle, or the exported one in an `.onnx` file; both have `predict(events)`.

    Args:
        path: file; the suffix `.onnx` means ONNX, anything else a bundle.
        threads: of ONNX Runtime; a bundle uses PyTorch's own setting.
        sources: Python files with the VARIANTS of a user's own model or representation; no other file is run.

    Raises:
        BundleError: no such file, damaged, from a newer kaon, or not written by kaon.
        MissingExtra: an ONNX file, but ONNX Runtime is not installed.
    """
    if Path(path).suffix.lower() == ".onnx":
        return OnnxTagger.load(path, threads, sources)
    return load(path, sources)
