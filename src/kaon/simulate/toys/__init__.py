"""Events without physics, of which everything is known: pictures to learn recognition on.

A toy is a function `toy(count, *, seed, ...) -> Events`, registered with its variants in `VARIANTS` of its file.
"""

from __future__ import annotations

import inspect
from typing import Any

from pydantic import ConfigDict, ValidationError, validate_call

from kaon.data import Events
from kaon.errors import ConfigError, UnknownName
from kaon.registry import lookup, origin, variants
from kaon.validation import reasons

__all__ = ["draw", "is_toy"]


def is_toy(name: object) -> bool:
    """Whether this is the name of a toy.

    >>> is_toy("shapes"), is_toy("top-tagging")
    (True, False)
    """
    return isinstance(name, str) and name in variants("kaon.simulate.toys")


def draw(name: str, count: int, *, seed: int = 0, **options: Any) -> Events:
    """Events of a toy.

    Args:
        name: of the toy, or of a variant of it.
        count: events.
        seed: decides everything.
        options: of the toy, in place of its own.

    Raises:
        ConfigError: no such toy or option (UnknownName), or a value that the option cannot have.

    >>> draw("shapes-outline", 6, seed=1, size=28)["image"].ndim
    4
    """
    toy = lookup("kaon.simulate.toys", name)
    known = [p for p in inspect.signature(origin(toy)).parameters if p not in ("count", "seed")]
    for option in options:
        if option not in known:
            raise UnknownName("option", option, known, f"the toy {name}")
    try:
        made: Events = validate_call(config=ConfigDict(strict=False))(toy)(count, seed=seed, **options)
    except ValidationError as error:
        raise ConfigError(f"the toy {name}: {reasons(error)}") from error
    return made
