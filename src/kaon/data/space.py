"""Ranges of hyper-parameters, as models declare them for `kaon tune`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from kaon.errors import ConfigError

__all__ = ["Choice", "Integer", "Real", "Space"]


@dataclass(frozen=True)
class Real:
    """A number between two others, both included.

    Args:
        low, high: the range.
        log: search in the logarithm.

    Raises:
        ConfigError: low is not below high, or a logarithmic range does not begin above 0.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        _check(self.low, self.high, self.log)


@dataclass(frozen=True)
class Integer:
    """A whole number between two others, both included; arguments as for `Real`."""

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        _check(self.low, self.high, self.log)


@dataclass(frozen=True)
class Choice:
    """One of several values.

    Args:
        options: JSON values.

    Raises:
        ConfigError: fewer than two.
    """

    options: tuple[bool | int | float | str | tuple[int, ...] | None, ...]

    def __post_init__(self) -> None:
        if len(self.options) < 2:
            raise ConfigError(f"a choice among {list(self.options)} is none; give at least two options")


Space: TypeAlias = Real | Integer | Choice
"""What one hyper-parameter may be."""


def _check(low: float, high: float, log: bool) -> None:
    if not low < high or (log and low <= 0):
        raise ConfigError(f"the range {low} to {high} must rise{', and begin above 0 to be logarithmic' * log}")
