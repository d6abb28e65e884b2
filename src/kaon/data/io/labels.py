"""From the values of a label column to class numbers, the same for all chunks and files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.errors import ConfigError, DataError

__all__ = ["BINARY", "Labels"]

BINARY = ("background", "signal")
_MOST_CLASSES = 200


@dataclass(frozen=True)
class Labels:
    """Label values in the order of their class numbers, and the names of the classes.

    >>> labels = Labels.discover([np.array([21, 1]), np.array([21])], "flavour", "jets.h5")
    >>> labels.classes, labels.numbers(np.array([21, 1]), "jets.h5")
    (('1', '21'), array([1, 0]))
    """

    values: tuple[Any, ...]
    classes: tuple[str, ...]

    @classmethod
    def discover(
        cls, chunks: Iterable[NDArray[Any]], label: str, where: str, names: Sequence[str] | None = None
    ) -> Labels:
        """Learn the values from all chunks of a label column.

        True/false and 0/1 become background and signal; other whole numbers and texts become classes in sorted order,
        named after themselves or, in that order, by `names`.

        Raises:
            DataError: fewer than two values, or values that cannot number classes.
            ConfigError: the number of names differs from that of the values.
        """
        values: set[Any] = set()
        for chunk in chunks:
            tidy = _tidy(chunk, label, where)
            values |= set((np.unique(tidy) if tidy.dtype.kind in "biu" else tidy).tolist())
            if len(values) > _MOST_CLASSES:
                raise DataError(
                    f"the label {label!r} of {where} takes more than {_MOST_CLASSES} values, so it numbers no classes; "
                    f"write a condition instead, such as '{label} > 0'"
                )
            if values == {True, False} and chunk.dtype == np.bool_:
                break
        return cls.of(sorted(values), label, where, names)

    @classmethod
    def of(cls, ordered: Sequence[Any], label: str, where: str, names: Sequence[str] | None = None) -> Labels:
        """The classes of these sorted values."""
        if len(ordered) < 2:
            held = f"only the value {ordered[0]!r}" if len(ordered) else "no values"
            raise DataError(f"the label {label!r} of {where} holds {held}; two or more classes are needed")
        if names is not None and set(map(str, names)) == set(map(str, ordered)) and isinstance(ordered[0], str):
            return cls(tuple(names), tuple(names))
        if names is not None and len(names) != len(ordered):
            raise ConfigError(
                f"{len(names)} class names are given, but {label!r} of {where} takes the values {ordered}"
            )
        if names is None:
            binary = [int(v) if isinstance(v, bool | int) else v for v in ordered] == [0, 1]
            names = BINARY if binary else [str(v) for v in ordered]
        return cls(tuple(ordered), tuple(names))

    @classmethod
    def stored(cls, classes: Sequence[str]) -> Labels:
        """Labels that are class numbers already, as in kaon's own files."""
        return cls(tuple(range(len(classes))), tuple(classes))

    def numbers(self, column: NDArray[Any], where: str, label: str = "label") -> NDArray[np.int64]:
        """Class number of each event, (events,).

        Raises:
            DataError: a value that belongs to no class.
        """
        tidy = _tidy(column, label, where)
        known = np.asarray(self.values)
        order = np.argsort(known)
        place = np.clip(np.searchsorted(known, tidy, sorter=order), 0, len(known) - 1)
        found = order[place]
        wrong = known[found] != tidy
        if wrong.any():
            raise DataError(
                f"the label {label!r} of {where} holds {tidy[wrong].tolist()[0]!r}, "
                f"which is none of {list(self.values)}"
            )
        return found.astype(np.int64)


def _tidy(column: NDArray[Any], label: str, where: str) -> NDArray[Any]:
    """Booleans, integers or texts; floats that are whole numbers become integers."""
    if column.dtype.kind in "biuUO":
        return column
    if column.dtype.kind != "f":
        raise DataError(
            f"the label {label!r} of {where} has dtype {column.dtype}; needed: integers, texts or a condition"
        )
    whole = np.isfinite(column) & (column == np.round(column))
    if not whole.all():
        count = int((~whole).sum())
        raise DataError(
            f"the label {label!r} of {where} holds {column[~whole][0]}, and {count} such values here, which number "
            f"no class; write a condition such as '{label} > 0.5'"
        )
    return column.astype(np.int64)
