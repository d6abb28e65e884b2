"""torchvision's transforms, beside the PyTorch that kaon runs on.

Only the package itself is installed, in an environment of its own. Its compiled half, which finds boxes in photographs,
needs a PyTorch with CUDA; the transforms are Python, and want no more of it than its names.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import torch
from benchmarks.peers.environment import peer_python

__all__ = ["transforms"]

_NAMES = ("nms", "qnms")


def transforms() -> Any:
    """The module `torchvision.transforms.v2` of torchvision 0.28, which belongs to PyTorch 2.13."""
    home = peer_python("torchvision", ["torchvision==0.28.0"], "--no-deps").parents[1]
    sys.path.append(str(home / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"))
    library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]  # of torch
    for name in _NAMES:
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor boxes) -> Tensor")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torchvision.transforms import v2  # type: ignore[import-not-found,unused-ignore]
    transforms.library = library  # type: ignore[attr-defined]  # its names live as long as it does
    return v2
