"""Where a network runs: the device that a setting names."""

from __future__ import annotations

import torch

from kaon.errors import ConfigError

__all__ = ["torch_device"]


def torch_device(wanted: str) -> torch.device:
    """The device of PyTorch for auto, cpu, cuda or mps; auto takes a GPU if there is one.

    Raises:
        ConfigError: it is not there.

    >>> torch_device("cpu")
    device(type='cpu')
    """
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device=cuda, but PyTorch finds no GPU here; use device=cpu or auto")
    if wanted == "mps" and not torch.backends.mps.is_available():
        raise ConfigError("device=mps, but this is no Apple GPU; use device=cpu or auto")
    return torch.device(wanted)
