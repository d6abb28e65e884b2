"""Every error that kaon raises for its users.

A message says what was given, what is allowed and what to do. Each class carries the exit code
with which the command line ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar

__all__ = [
    "BundleError",
    "ConfigError",
    "DataError",
    "KaonError",
    "KaonWarning",
    "MissingExtra",
    "NotFitted",
    "SimulationError",
    "UnknownName",
    "nearest",
]


class KaonError(Exception):
    """Base of all errors meant for the user."""

    exit_code: ClassVar[int] = 1


class ConfigError(KaonError, ValueError):
    """An option, setting or expression is wrong."""

    exit_code = 2


class DataError(KaonError, ValueError):
    """A file or array does not hold what was asked of it."""

    exit_code = 3


class BundleError(DataError):
    """A saved model is damaged, from a newer format, or inconsistent."""


class NotFitted(KaonError, ValueError, AttributeError):
    """Something was used before it was fitted to training data.

    It is a ValueError and an AttributeError because scikit-learn's own NotFittedError is both.
    """


class MissingExtra(KaonError, ImportError):
    """An optional dependency is not installed."""

    exit_code = 4


class SimulationError(KaonError, RuntimeError):
    """The event generator or the farm could not do what was asked."""

    exit_code = 5


class KaonWarning(UserWarning):
    """Something looks suspicious, but work goes on."""


def nearest(name: str, known: Iterable[str], *, most: int = 12) -> str:
    """Say which of the `known` names were probably meant.

    >>> nearest("lep_px", ["lep_pt", "lep_eta", "met"])
    'did you mean lep_pt, lep_eta? Known: lep_eta, lep_pt, met'
    """
    names = sorted(set(known))
    lowered = {n.lower(): n for n in names}
    close = [lowered[n] for n in get_close_matches(name.lower(), list(lowered), n=3, cutoff=0.5)]
    shown = ", ".join(names[:most]) + (f", ... ({len(names)} in all)" if len(names) > most else "")
    hint = f"did you mean {', '.join(close)}? " if close else ""
    return f"{hint}Known: {shown or 'none'}"


class UnknownName(ConfigError):
    """A name (of a model, column, recipe, ...) that does not exist; the message lists the nearest ones."""

    def __init__(self, kind: str, given: str, known: Iterable[str], where: str = "") -> None:
        self.kind, self.given, self.known, self.where = kind, given, tuple(known), where
        place = f" in {where}" if where else ""
        super().__init__(f"unknown {kind} {given!r}{place}; {nearest(given, self.known)}")

    def __reduce__(self) -> tuple[type[UnknownName], tuple[str, str, tuple[str, ...], str]]:
        return type(self), (self.kind, self.given, self.known, self.where)
