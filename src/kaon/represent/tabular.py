"""Plain columns of the file as features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.data import Events, Input, InputSpec
from kaon.errors import DataError
from kaon.represent.base import Representation

__all__ = ["Tabular", "numeric_columns"]


def numeric_columns(events: Events) -> list[str]:
    """Columns with one number (or truth value) an event, in the order of the file, without the reserved ones."""
    kept = []
    for name in events.fields:
        kind = str(ak.type(events.array[name]).content)
        if name not in events.reserved and kind in _NUMERIC:
            kept.append(name)
    return kept


_NUMERIC = {"bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)), "float32", "float64"}


class Tabular(Representation):
    """Columns of the file as one feature vector an event.

    Args:
        features: names of the columns; None takes every numeric column that is not a label, weight or event number.

    Output: `features`, (events, features) float32.
    """

    standardised: ClassVar[tuple[str, ...]] = ("features",)

    def __init__(self, features: Sequence[str] | None = None) -> None:
        self._wanted = None if features is None else list(features)
        super().__init__(features=self._wanted)

    def learn(self, events: Events) -> None:
        """Settle which columns are the features.

        Raises:
            DataError: there are no numeric columns.
        """
        names = self._wanted or numeric_columns(events)
        if not names:
            raise DataError(f"{events.provenance.source} has no numeric columns to learn from: {events.fields[:12]}")
        self.options = {"features": list(names)}

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """One array: `features`.

        Raises:
            DataError: a column is not numeric, or holds NaN or infinity.
        """
        columns = []
        for name in self.options["features"]:
            if str(ak.type(events[name]).content) not in _NUMERIC:
                raise DataError(f"the column {name!r} holds {ak.type(events[name]).content}, not one number an event")
            with np.errstate(over="ignore"):  # told below
                column = np.asarray(ak.to_numpy(events[name]), np.float32)
            bad = np.flatnonzero(~np.isfinite(column))
            if bad.size:
                raise DataError(
                    f"the column {name!r} is NaN or infinite (as float32) in {bad.size} events, first at row {bad[0]}; "
                    "read with drop_invalid=True (--drop-invalid) to leave such events out"
                )
            columns.append(column)
        return {"features": np.stack(columns, axis=1)}

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """One input of named features."""
        names = tuple(self.options["features"])
        return InputSpec((Input("features", (len(names),), features=names),))


VARIANTS = {"tabular": Tabular}
