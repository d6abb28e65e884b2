"""Initial weights as Keras draws them, which many published networks began with."""

from __future__ import annotations

from torch import nn

__all__ = ["glorot"]


def glorot(net: nn.Module) -> None:
    """Uniform weights within +-sqrt(6 / (inputs + outputs)) for dense and convolutional layers, and biases of zero.

    Glorot, Bengio, AISTATS 2010, https://proceedings.mlr.press/v9/glorot10a.html, eq. 16. Other layers are left alone.

    Args:
        net: whose layers are changed in place.
    """
    for layer in net.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
