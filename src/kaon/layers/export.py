"""Whether a network's graph is being written down."""

from __future__ import annotations

import torch

__all__ = ["exporting"]


def exporting() -> bool:
    """Whether PyTorch is writing down the graph, which must not depend on how many constituents are real."""
    return torch.compiler.is_exporting() or torch.onnx.is_in_onnx_export()
