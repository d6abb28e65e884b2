"""How a column of the file becomes features: missing values and a transform, fitted on training events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kaon.errors import DataError
from kaon.represent.tabular.transform import Transform

__all__ = ["Column"]


@dataclass(frozen=True)
class Column:
    """One column of the file.

    Args:
        name: of the column.
        transform: fitted.
        fill: what a missing value becomes before the transform; None leaves it missing.
        indicator: whether another feature tells where a value was missing.
    """

    name: str
    transform: Transform = field(default_factory=Transform)
    fill: float | None = None
    indicator: bool = False

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features that the column becomes."""
        return (self.name, f"{self.name}_missing") if self.indicator else (self.name,)

    @classmethod
    def fit(
        cls,
        name: str,
        values: NDArray[Any],
        kind: str,
        codes: Sequence[float] | None,
        *,
        fill: bool,
        indicate: bool,
    ) -> Self:
        """From the training events.

        Args:
            name: of the column.
            values: (events,).
            kind: of the transform.
            codes: numbers that mean a missing value, besides NaN; None where nothing may be missing.
            fill: give a missing value the median.
            indicate: make an indicator, if any value is missing.

        Raises:
            DataError: NaN or infinite where it may not be, no values at all, or no logarithm.
        """
        lost = _missing(name, values, codes)
        known = values[~lost].astype(np.float64)
        if not len(known):
            raise DataError(f"the column {name!r} holds nothing but missing values; leave it out of the features")
        return cls(
            name,
            Transform.fit(kind, known, name),
            float(np.median(known)) if fill else None,
            indicate and bool(lost.any()),
        )

    def __call__(self, values: NDArray[Any], codes: Sequence[float] | None) -> list[NDArray[np.float32]]:
        """The features of events, each (events,).

        Raises:
            DataError: NaN or infinite where it may not be.
        """
        lost = _missing(self.name, values, codes)
        if lost.any():
            values = np.where(lost, np.nan if self.fill is None else self.fill, values.astype(np.float64))
        made = [self.transform(values)]
        return [*made, lost.astype(np.float32)] if self.indicator else made


def _missing(name: str, values: NDArray[Any], codes: Sequence[float] | None) -> NDArray[np.bool_]:
    """Where a value is missing, (events,).

    Raises:
        DataError: infinite as float32, or NaN where nothing may be missing.
    """
    with np.errstate(over="ignore"):  # told below
        single = values.astype(np.float32)
    lost = np.zeros(len(values), bool)
    if codes is not None:
        lost = np.isnan(single) | np.isin(values, codes)
    bad = np.flatnonzero(~np.isfinite(single) & ~lost)
    if bad.size:
        raise DataError(
            f"the column {name!r} is NaN or infinite (as float32) in {bad.size} events, first at row {bad[0]}; "
            "read with drop_invalid=True (--drop-invalid) to leave such events out"
            + (", or choose what missing values mean: missing=median or keep" if codes is None else "")
        )
    return lost
