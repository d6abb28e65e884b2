from __future__ import annotations

import math
from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest
import torch

from kaon.errors import ConfigError
from kaon.learn.config import TrainConfig
from kaon.learn.optimizers import OPTIMIZERS, OptimizerName, optimizer

GRADIENTS = (3.0, -1.0, 2.0, 0.5, 0.0, -2.0)


def steps(name: str, decay: float = 0.0) -> list[float]:
    """Where a number that starts at 1 is after each of these gradients."""
    x = torch.nn.Parameter(torch.ones((), dtype=torch.float64))
    made = optimizer(name, [x], 0.1, decay)
    path = []
    for gradient in GRADIENTS:
        x.grad = torch.tensor(gradient, dtype=torch.float64)
        made.step()
        path.append(float(x.detach()))
    return path


def by_hand(rule: Callable[[float, dict[str, float]], float]) -> list[float]:
    x, memory, path = 1.0, dict.fromkeys("abt", 0.0), []
    for gradient in GRADIENTS:
        memory["t"] += 1
        x -= rule(gradient, memory)
        path.append(x)
    return path


def rmsprop(g: float, m: dict[str, float]) -> float:
    m["a"] = 0.9 * m["a"] + 0.1 * g**2
    return 0.1 * g / (math.sqrt(m["a"]) + 1e-7)


def adadelta(g: float, m: dict[str, float]) -> float:
    m["a"] = 0.95 * m["a"] + 0.05 * g**2
    step = math.sqrt((m["b"] + 1e-7) / (m["a"] + 1e-7)) * g
    m["b"] = 0.95 * m["b"] + 0.05 * step**2
    return float(0.1 * step)


def sgd(g: float, m: dict[str, float]) -> float:
    m["a"] = 0.9 * m["a"] + g if m["t"] > 1 else g
    return 0.1 * (g + 0.9 * m["a"])


def adam(g: float, m: dict[str, float]) -> float:
    m["a"], m["b"] = 0.9 * m["a"] + 0.1 * g, 0.999 * m["b"] + 0.001 * g**2
    return float(0.1 * m["a"] / (1 - 0.9 ** m["t"]) / (math.sqrt(m["b"] / (1 - 0.999 ** m["t"])) + 1e-8))


@pytest.mark.parametrize(
    ("name", "rule"), [("rmsprop", rmsprop), ("adadelta", adadelta), ("sgd", sgd), ("adam", adam), ("adamw", adam)]
)
def test_each_is_its_rule(name: str, rule: Callable[[float, dict[str, float]], float]) -> None:
    np.testing.assert_allclose(steps(name), by_hand(rule), rtol=1e-9)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_each_can_be_chosen_and_decays_weights(name: str) -> None:
    assert TrainConfig.model_validate({"optimizer": name}).optimizer == name
    assert steps(name, decay=0.1) != steps(name)


def test_the_settings_know_all_and_no_others() -> None:
    assert set(get_args(OptimizerName)) == set(OPTIMIZERS)
    with pytest.raises(ConfigError, match="optimizer='lion'; allowed: adamw, adam, sgd, rmsprop, adadelta"):
        optimizer("lion", [], 0.1, 0.0)
