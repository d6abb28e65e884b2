"""The variables that are ranked: columns one by one, or several as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kaon.errors import ConfigError

__all__ = ["variable_groups"]


def variable_groups(
    columns: Sequence[str], groups: Mapping[str, Sequence[str]] | None = None
) -> dict[str, tuple[str, ...]]:
    """Name -> columns: the groups, and every other column for itself, in the order of the columns.

    Args:
        columns: all that the model reads.
        groups: name -> its columns. Correlated columns belong together: without one of them a model still has the
            other, and each alone seems worthless.

    Raises:
        ConfigError: an unknown column, one in two groups, an empty group, or a group named as a column outside it.

    >>> variable_groups(("pt", "eta", "phi"), {"angles": ("eta", "phi")})
    {'pt': ('pt',), 'angles': ('eta', 'phi')}
    """
    owner: dict[str, str] = {}
    for name, members in (groups or {}).items():
        if not members or (name in columns and name not in members):
            raise ConfigError(f"the group {name!r} of {list(members)} is empty, or has the name of another column")
        for member in members:
            if member not in columns or member in owner:
                raise ConfigError(
                    f"{member!r} of the group {name!r} is in another group, or not among the columns: "
                    f"{', '.join(columns[:40])}"
                )
            owner[member] = name
    return {
        name: tuple((groups or {})[name]) if name in owner.values() else (name,)
        for name in dict.fromkeys(owner.get(column, column) for column in columns)
    }
