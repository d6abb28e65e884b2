"""Ranges as a user writes them: `1e-4..1e-2:log`, `8..64`, `relu,gelu`, `[64, 64],[128]`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from kaon.data.space import Choice, Integer, Real, Space
from kaon.errors import ConfigError

__all__ = ["read_space", "read_words"]

_NUMBER = r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*"
_RANGE = re.compile(rf"{_NUMBER}\.\.{_NUMBER}(:log)?\s*")
_WHOLE = re.compile(r"[-+]?\d+")


def read_space(name: str, value: Any) -> Space:
    """A range from a text, or from YAML: a text, a list of options, or a mapping with low, high and log.

    Two whole numbers make a range of whole numbers. To fix a value, give it as an option instead.

    Args:
        name: of the hyper-parameter, for messages.
        value: as written.

    Raises:
        ConfigError: it is none of these.

    >>> read_space("learning_rate", "1e-4..1e-2:log")
    Real(low=0.0001, high=0.01, log=True)
    >>> read_space("depth", "2..8"), read_space("hidden", "[64, 64],[128]")
    (Integer(low=2, high=8, log=False), Choice(options=((64, 64), (128,))))
    >>> read_space("l2", {"low": 0, "high": 1.5}), read_space("optimizer", ["adamw", "sgd"])
    (Real(low=0.0, high=1.5, log=False), Choice(options=('adamw', 'sgd')))
    """
    try:
        if isinstance(value, str):
            return _from_text(value)
        if isinstance(value, Mapping) and {"low", "high"} <= set(value) <= {"low", "high", "log"}:
            return _range(str(value["low"]), str(value["high"]), value.get("log") is True)
        if isinstance(value, Sequence):
            return Choice(tuple(_option(item) for item in value))
    except ConfigError as error:
        raise ConfigError(f"the search space of {name}: {error}") from error
    raise ConfigError(
        f"the search space of {name}: {value!r} given; write LOW..HIGH, LOW..HIGH:log or A,B,... "
        "(in YAML also a list, or low, high and log)"
    )


def read_words(words: Sequence[str] | None) -> dict[str, Space]:
    """Ranges from words NAME=RANGE.

    Raises:
        ConfigError: a word that is none.

    >>> read_words(["leaves=8..64:log"])
    {'leaves': Integer(low=8, high=64, log=True)}
    """
    found = {}
    for word in words or ():
        name, equals, text = word.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"--search {word!r} is not NAME=RANGE, for example learning_rate=1e-4..1e-2:log")
        found[name.strip()] = read_space(name.strip(), text)
    return found


def _from_text(text: str) -> Space:
    if ".." in text:
        ends = _RANGE.fullmatch(text)
        if ends is None:
            raise ConfigError(f"{text!r} is no range; write LOW..HIGH or LOW..HIGH:log")
        return _range(ends[1], ends[2], ends[3] is not None)
    try:
        options = yaml.safe_load(f"[{text}]")
    except yaml.YAMLError as error:
        raise ConfigError(f"{text!r} is no list of options: {error}") from error
    return Choice(tuple(_option(item) for item in options))


def _range(low: str, high: str, log: bool) -> Space:
    if all(_WHOLE.fullmatch(end) for end in (low, high)):
        return Integer(int(low), int(high), log)
    try:
        return Real(float(low), float(high), log)
    except ValueError as error:
        raise ConfigError(f"{low} and {high} must be numbers") from error


def _option(value: Any) -> Any:
    if isinstance(value, list):
        if not all(type(item) is int for item in value):
            raise ConfigError(f"the option {value} must be a list of whole numbers")
        return tuple(value)
    if isinstance(value, str):  # YAML 1.1 takes 1e-3 for a text
        try:
            return float(value)
        except ValueError:
            return None if value.lower() == "none" else value
    if value is None or isinstance(value, bool | int | float):
        return value
    raise ConfigError(f"the option {value!r} must be a number, a text, true, false, none or a list of whole numbers")
