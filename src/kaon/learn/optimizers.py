"""Which rule turns gradients into steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import torch

from kaon.errors import ConfigError

__all__ = ["OPTIMIZERS", "OptimizerName", "optimizer"]

OptimizerName = Literal["adamw", "adam", "sgd", "rmsprop", "adadelta"]

OPTIMIZERS: Mapping[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": partial(torch.optim.AdamW, fused=True),
    "adam": partial(torch.optim.Adam, fused=True),
    "sgd": partial(torch.optim.SGD, momentum=0.9, nesterov=True, fused=True),
    # As in Keras, with which the published trainings were made.
    "rmsprop": partial(torch.optim.RMSprop, alpha=0.9, eps=1e-7),
    "adadelta": partial(torch.optim.Adadelta, rho=0.95, eps=1e-7),
}
"""Each with the constants of its paper or of the trainings that made it known; fused ones take one pass over memory."""


def optimizer(name: str, parameters: Any, learning_rate: float, weight_decay: float) -> torch.optim.Optimizer:
    """An optimiser by its name.

    Args:
        name: adamw (decoupled weight decay, https://arxiv.org/abs/1711.05101), adam (https://arxiv.org/abs/1412.6980),
            sgd with Nesterov momentum 0.9, rmsprop (Hinton, lecture 6e of his course, 2012: decay 0.9) or adadelta
            (https://arxiv.org/abs/1212.5701: decay 0.95, for which the natural learning rate is 1).
        parameters: to be optimised, or groups of them.
        learning_rate: of all parameters whose group has none.
        weight_decay: decoupled for adamw, L2 otherwise.

    Raises:
        ConfigError: no such name.
    """
    if name not in OPTIMIZERS:
        raise ConfigError(f"optimizer={name!r}; allowed: {', '.join(OPTIMIZERS)}")
    return OPTIMIZERS[name](parameters, lr=learning_rate, weight_decay=weight_decay)
