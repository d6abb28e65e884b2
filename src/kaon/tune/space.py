"""What is varied: the ranges that a model declares, those of its training, and what the user makes of them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

from kaon.data.space import Choice, Real, Space
from kaon.errors import ConfigError, UnknownName
from kaon.learn import RunConfig, TrainConfig
from kaon.models.base import Net, Solved
from kaon.registry import lookup, origin, variants

__all__ = ["TRAINING", "applied", "as_values", "defaults", "search_space", "words"]

TRAINING: Mapping[str, Space] = {
    "learning_rate": Real(1e-4, 1e-2, log=True),
    "batch_size": Choice((128, 256, 512, 1024)),
    "weight_decay": Real(1e-5, 1e-1, log=True),
}
"""Settings of the training that are varied for every network trained by gradients."""


def search_space(config: RunConfig, changes: Mapping[str, Space] | None = None) -> dict[str, Space]:
    """What is varied: the model's `search`, then `TRAINING` for networks trained by gradients, then the changes.

    A hyper-parameter or setting that the configuration gives a value is fixed, unless a change names it.

    Args:
        config: of the training; its model decides.
        changes: ranges by name, instead of the declared ones or beside them.

    Raises:
        UnknownName: no such hyper-parameter or setting.
        ConfigError: nothing is left to vary, or the end of a range is not allowed.

    >>> list(search_space(RunConfig(model="mlp", train=TrainConfig(batch_size=64))))[-2:]
    ['learning_rate', 'weight_decay']
    """
    kind = origin(lookup("kaon.models", config.model))
    own = _arguments(config.model)
    trained = issubclass(kind, Net) and not issubclass(kind, Solved)
    declared = {**kind.search, **{k: v for k, v in TRAINING.items() if trained and k not in own}}
    wanted = dict(changes or {})
    allowed = sorted({*own, *TrainConfig.model_fields} - {"seed"})
    for name in wanted:
        if name not in allowed:
            raise UnknownName("hyper-parameter", name, allowed, config.model)
    fixed = {*config.options, *config.train.model_fields_set - set(own)}
    space = {**{name: s for name, s in declared.items() if name not in fixed}, **wanted}
    if not space:
        why = "all of its search space is fixed by options" if declared else "declares no search space"
        have = [name for name, made in variants("kaon.models").items() if origin(made).search]
        raise ConfigError(
            f"{config.model} {why}; name a range, for example --search NAME=LOW..HIGH with NAME among "
            f"{', '.join(own) or 'its settings'}, or tune a model that has one: {', '.join(have) or 'none'}"
        )
    for name, where in space.items():
        for value in _ends(where):
            applied(config, {name: value})
    return space


def applied(config: RunConfig, values: Mapping[str, Any]) -> RunConfig:
    """The configuration with these hyper-parameters and settings.

    Args:
        config: of the training.
        values: by name: an option of the model's constructor, or else a field of TrainConfig.

    Raises:
        ConfigError: a value that a setting does not allow.

    >>> made = applied(RunConfig(model="mlp"), {"dropout": 0.5, "batch_size": 64})
    >>> made.options, made.train.batch_size
    ({'dropout': 0.5}, 64)
    """
    own = _arguments(config.model)
    options = {name: value for name, value in values.items() if name in own}
    train = {name: value for name, value in values.items() if name not in own}
    settings = config.model_dump()
    settings["options"] = {**settings["options"], **_plain(options)}
    settings["train"] |= train
    return RunConfig.from_mapping(settings, "the search space")


def defaults(config: RunConfig, space: Mapping[str, Space]) -> dict[str, Any] | None:
    """What would be used without a search; None where some of it lies outside the space."""
    own = _arguments(config.model)
    found = {n: config.options.get(n, own[n]) if n in own else getattr(config.train, n) for n in space}
    found = {name: tuple(v) if isinstance(v, list) else v for name, v in found.items()}
    return found if all(_inside(found[name], where) for name, where in space.items()) else None


def words(space: Space) -> str:
    """A range as `--search` reads it.

    >>> words(Real(1e-4, 0.01, log=True)), words(Choice(((64,), (64, 64))))
    ('0.0001..0.01:log', '[64],[64, 64]')
    """
    if isinstance(space, Choice):
        return ",".join(option if isinstance(option, str) else json.dumps(option) for option in space.options)
    ends = as_values(space)
    return f"{ends['low']}..{ends['high']}{':log' * space.log}"


def as_values(space: Space) -> Any:
    """A range as JSON values, which `read_space` reads back.

    >>> as_values(Real(0, 1)), as_values(Choice(("a", (64, 64))))
    ({'low': 0.0, 'high': 1.0, 'log': False}, ['a', [64, 64]])
    """
    if isinstance(space, Choice):
        return [list(option) if isinstance(option, tuple) else option for option in space.options]
    kind = float if isinstance(space, Real) else int
    return {"low": kind(space.low), "high": kind(space.high), "log": space.log}


def _arguments(model: str) -> dict[str, Any]:
    """The hyper-parameters of a model's constructor and their defaults."""
    parameters = inspect.signature(lookup("kaon.models", model)).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def _ends(space: Space) -> tuple[Any, ...]:
    return space.options if isinstance(space, Choice) else (space.low, space.high)


def _inside(value: Any, space: Space) -> bool:
    if isinstance(space, Choice):
        return value in space.options
    return isinstance(value, int | float) and not isinstance(value, bool) and space.low <= value <= space.high


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Lists instead of tuples, as a YAML file has them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
