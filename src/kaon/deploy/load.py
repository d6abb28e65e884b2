"""Open whatever predicts: a bundle or an ONNX file."""

from __future__ import annotations

import os
from pathlib import Path

from kaon.deploy.session import OnnxTagger
from kaon.learn.tagger import Tagger, load

__all__ = ["load_model"]


def load_model(path: str | os.PathLike[str], threads: int = 1) -> Tagger | OnnxTagger:
    """The tagger in a `.kaon` bundle, or the exported one in an `.onnx` file; both have `predict(events)`.

    Args:
        path: file; the suffix `.onnx` means ONNX, anything else a bundle.
        threads: of ONNX Runtime; a bundle uses PyTorch's own setting.

    Raises:
        BundleError: no such file, damaged, from a newer kaon, or not written by kaon.
        MissingExtra: an ONNX file, but ONNX Runtime is not installed.
    """
    return OnnxTagger.load(path, threads) if Path(path).suffix.lower() == ".onnx" else load(path)
