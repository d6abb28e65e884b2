"""Events: what was read or simulated, with the three things every analysis needs beside the columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.data.provenance import Provenance
from kaon.data.split import assign_folds, assign_parts
from kaon.errors import DataError, UnknownName

__all__ = ["Events"]


@dataclass(frozen=True, eq=False)  # a table is no truth value, so two of them are compared column by column
class Events:
    """A table of events (or jets), jagged where physics is jagged.

    Args:
        array: awkward record array, (events,); a particle list is a field of `Momentum4D` records
            (px, py, pz, E in GeV, and any further fields such as charge), pT-ordered.
        target: class number of each event, (events,) int64; None if the events are unlabelled.
        weight: weight of each event, (events,) float64, possibly negative; None means 1 for all.
        index: event number, (events,) int64: decides splits; None means the position, 0, 1, 2, ...
        classes: name of each class; by convention the signal is the last.
        reserved: columns of `array` that must not be used as inputs of a model (label, weight, truth, ...).
        provenance: how the events were made.

    Raises:
        DataError: columns differ in length, class or event numbers are not whole, or class names do not fit.

    >>> events = Events(ak.Array({"mass": [80.0, 91.0]}), target=np.array([0, 1]))
    >>> len(events), events.classes, events["mass"].to_list()
    (2, ('class_0', 'class_1'), [80.0, 91.0])
    """

    array: Any
    target: NDArray[np.int64] | None = None
    weight: NDArray[np.float64] | None = None
    index: NDArray[np.int64] = None  # type: ignore[assignment]  # __post_init__ fills it
    classes: tuple[str, ...] = ()
    reserved: frozenset[str] = frozenset()
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        n = len(self.array)
        for name, dtype in (("target", np.int64), ("weight", np.float64), ("index", np.int64)):
            given = getattr(self, name)
            if given is None and name == "index":
                given = np.arange(n)
            if given is None:
                continue
            column = np.asarray(given)
            if column.shape != (n,):
                raise DataError(f"{name} has shape {column.shape}, but there are {n} events")
            object.__setattr__(self, name, _converted(column, dtype, name))
        object.__setattr__(self, "classes", tuple(self.classes))
        if len(set(self.classes)) < len(self.classes):
            raise DataError(f"two classes have the same name: {self.classes}")
        if self.target is not None and n:
            if self.target.min() < 0:
                raise DataError(f"class numbers start at 0, but the target holds {self.target.min()}")
            count = int(self.target.max()) + 1
            if not self.classes:
                object.__setattr__(self, "classes", tuple(f"class_{i}" for i in range(max(count, 2))))
            elif count > len(self.classes):
                raise DataError(
                    f"the target holds class {count - 1}, but only {len(self.classes)} are named: {self.classes}"
                )

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, column: str) -> Any:
        """One column as an awkward array.

        Raises:
            UnknownName: no such column; the message lists the nearest ones.
            TypeError: not a name; `take` chooses events.
        """
        if not isinstance(column, str):
            raise TypeError(f"events[{column!r}]: give the name of a column; take(...) chooses events")
        if column not in self.fields:
            raise UnknownName("column", column, self.fields, self.provenance.source)
        return self.array[column]

    __iter__ = None  # else Python would try the columns 0, 1, 2, ...

    def __contains__(self, column: str) -> bool:
        return column in self.fields

    @property
    def fields(self) -> list[str]:
        """Names of the columns."""
        return list(ak.fields(self.array))

    @property
    def weights(self) -> NDArray[np.float64]:
        """Weight of each event, (events,); ones where none were given."""
        return np.ones(len(self)) if self.weight is None else self.weight

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class number of each event, (events,).

        Raises:
            DataError: the events are unlabelled.
        """
        if self.target is None:
            raise DataError(
                f"{self.provenance.source} has no labels; name a label column, or give signal and background files"
            )
        return self.target

    def take(self, chosen: NDArray[Any] | slice) -> Events:
        """The chosen events: a boolean mask, positions, or a slice."""
        return replace(
            self,
            array=self.array[chosen],
            target=None if self.target is None else self.target[chosen],
            weight=None if self.weight is None else self.weight[chosen],
            index=self.index[chosen],
        )

    def with_columns(self, **columns: Any) -> Events:
        """A copy with columns added or replaced, each (events, ...).

        Raises:
            DataError: a column of another length.
        """
        array = self.array
        for name, values in columns.items():
            if len(values) != len(self):
                raise DataError(f"the column {name!r} has {len(values)} values for {len(self)} events")
            array = ak.with_field(array, values, name)
        return replace(self, array=array)

    def split(self, fractions: Sequence[float], seed: int = 0) -> tuple[Events, ...]:
        """Disjoint parts holding on average these fractions of the events; see `kaon.data.split`."""
        parts = assign_parts(self.index, fractions, seed)
        return tuple(self.take(parts == i) for i in range(len(fractions)))

    def folds(self, count: int, seed: int = 0) -> Iterator[tuple[Events, Events]]:
        """(train, test) for each of `count` folds; every event is in exactly one test part."""
        fold = assign_folds(self.index, count, seed)
        for i in range(count):
            yield self.take(fold != i), self.take(fold == i)

    @staticmethod
    def concatenate(parts: Sequence[Events]) -> Events:
        """All events of the parts, in order.

        Raises:
            DataError: no parts, different columns, different class names, or only some parts are labelled.
        """
        if not parts:
            raise DataError("nothing to concatenate")
        if len(parts) == 1:
            return parts[0]
        first = parts[0]
        for part in parts[1:]:
            if set(part.fields) != set(first.fields):
                odd = sorted(set(part.fields) ^ set(first.fields))
                raise DataError(
                    f"{part.provenance.source} and {first.provenance.source} differ in the columns {odd[:8]}"
                )
            if part.classes != first.classes or (part.target is None) != (first.target is None):
                raise DataError(f"{part.provenance.source} and {first.provenance.source} have different classes")
        weighted = any(p.weight is not None for p in parts)
        return replace(
            first,
            array=ak.concatenate([p.array[first.fields] for p in parts]),
            target=None if first.target is None else np.concatenate([p.labels for p in parts]),
            weight=np.concatenate([p.weights for p in parts]) if weighted else None,
            index=np.concatenate([p.index for p in parts]),
            reserved=frozenset().union(*(p.reserved for p in parts)),
            provenance=Provenance.merge([p.provenance for p in parts]),
        )


def _converted(column: NDArray[Any], dtype: type, name: str) -> NDArray[Any]:
    """The column in this dtype; whole numbers must be whole already."""
    if dtype is np.int64 and column.dtype.kind not in "biu":
        whole = column.dtype.kind == "f" and (np.isfinite(column) & (column == np.rint(column))).all()
        if not whole:
            raise DataError(f"{name} must hold whole numbers; some of the given ones ({column.dtype}) are not")
    return column.astype(dtype, copy=False)
