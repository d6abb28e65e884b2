"""Plain columns of the file as features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Self

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.data import Events, Input, InputSpec
from kaon.errors import BundleError, ConfigError, DataError
from kaon.represent.base import Representation
from kaon.represent.tabular.column import Column
from kaon.represent.tabular.transform import KINDS, Transform

__all__ = ["Tabular", "numeric_columns"]

_NUMERIC = {"bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)), "float32", "float64"}
_MISSING = ("error", "median", "keep")
_SCALINGS = ("standard", "robust")


def numeric_columns(events: Events) -> list[str]:
    """Columns with one number (or truth value) an event, in the order of the file, without the reserved ones."""
    kept = []
    for name in events.fields:
        kind = str(ak.type(events.array[name]).content)
        if name not in events.reserved and kind in _NUMERIC:
            kept.append(name)
    return kept


class Tabular(Representation):
    """Columns of the file as one feature vector an event.

    What is not linear (transforms, missing values) happens here and belongs to the representation's state: in the
    bundle, and in the metadata of an exported graph, whose input is the transformed features. Shift and scale belong to
    the specification and are the first layer of a network, exported with it.

    Args:
        features: names of the columns; None takes every numeric column that is not a label, weight or event number.
        transform: what is done to each column, see `Transform`: none, log, uniform, normal or auto; for all columns, or
            by name, with "*" for those that are not named: {"met": "log", "*": "none"}.
        missing: what NaN and the `codes` mean. error: NaN is refused, codes are numbers like others. median: a missing
            value becomes the median of the training events, and each column that lacks values in training gets another
            feature, `<name>_missing`, 0 or 1. keep: it becomes NaN, which boosted trees understand and networks do not.
        codes: numbers that stand for a missing value, by default the -999 of HiggsML.
        indicators: whether there are features `<name>_missing` with missing=median.
        scaling: of the specification's shift and scale: standard (mean and standard deviation) or robust (median and
            interquartile range; where that is 0, half of the whole range).

    Output: `features`, (events, features) float32.

    Raises:
        ConfigError: an option that is not one of these.
    """

    standardised: ClassVar[tuple[str, ...]] = ("features",)

    def __init__(
        self,
        features: Sequence[str] | None = None,
        *,
        transform: str | Mapping[str, str] = "none",
        missing: str = "error",
        codes: Sequence[float] = (-999.0,),
        indicators: bool = True,
        scaling: str = "standard",
    ) -> None:
        wanted = {"*": transform} if isinstance(transform, str) else dict(transform)
        for name, given, allowed in (
            *((f"transform of {column}", kind, KINDS) for column, kind in wanted.items()),
            ("missing", missing, _MISSING),
            ("scaling", scaling, _SCALINGS),
        ):
            if given not in allowed:
                raise ConfigError(f"{name}={given!r} of tabular; allowed: {', '.join(allowed)}")
        self._wanted = None if features is None else list(features)
        self._columns: tuple[Column, ...] = ()
        super().__init__(
            features=self._wanted,
            transform=transform if isinstance(transform, str) else wanted,
            missing=missing,
            codes=[float(code) for code in codes],
            indicators=bool(indicators),
            scaling=scaling,
        )

    def learn(self, events: Events) -> None:
        """Settle which columns are the features, and fit their transforms.

        Raises:
            DataError: there are no numeric columns, or a column cannot be transformed as asked for.
            ConfigError: a transform is named for a column that is not a feature.
        """
        names = self._wanted or numeric_columns(events)
        if not names:
            pictures = "; pictures are for networks such as conv_classifier or resnet" if "image" in events else ""
            raise DataError(
                f"{events.provenance.source} has no numeric columns to learn from: {events.fields[:12]}{pictures}"
            )
        self.options = self.options | {"features": list(names)}
        asked = self.options["transform"]
        asked = {"*": asked} if isinstance(asked, str) else asked
        if odd := sorted(set(asked) - {"*", *names}):
            raise ConfigError(f"a transform is named for {odd}, which are not among the features {list(names)[:12]}")
        codes, median = self._codes(), self.options["missing"] == "median"
        self._columns = tuple(
            Column.fit(
                name,
                self._values(events, name),
                asked.get(name, asked.get("*", "none")),
                codes,
                fill=median,
                indicate=median and self.options["indicators"],
            )
            for name in names
        )

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """One array: `features`.

        Raises:
            DataError: a column is not numeric, or holds NaN (unless missing values are expected) or infinity.
        """
        # Unfitted, columns are what they are: the report looks at them before anything is trained.
        columns = self._columns or tuple(Column(name) for name in self.options["features"] or ())
        made: list[NDArray[np.float32]] = []
        for column in columns:
            made += column(self._values(events, column.name), self._codes())
        return {"features": np.stack(made, axis=1)}

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """One input of named features."""
        names = tuple(name for column in self._columns for name in column.features)
        return InputSpec((Input("features", (len(names),), features=names),))

    def normalisation(self, item: Input, rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """See `Representation.normalisation`; missing values do not count."""
        robust = self.options["scaling"] == "robust"
        if len(rows) == 0 or not (robust or np.isnan(rows).any()):
            return super().normalisation(item, rows)
        shift, spread = np.zeros(item.width), np.ones(item.width)
        for i, column in enumerate(rows.T.astype(float)):
            known = column[~np.isnan(column)]
            low, shift[i], high = np.quantile(known, (0.25, 0.5, 0.75)) if robust else (0.0, known.mean(), known.std())
            width = (high - low) or (np.ptp(known) / 2 if robust else 0.0)
            spread[i] = width if width >= 1e-6 * max(1.0, abs(shift[i])) else 1.0
        return shift, 1 / spread

    def state(self) -> dict[str, Any]:
        """See `Representation.state`; with the fitted transforms."""
        return super().state() | {"columns": [asdict(column) for column in self._columns]}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """See `Representation.from_state`."""
        made = super().from_state(state)
        try:
            stored = state.get("columns") or [{"name": name} for name in made.options["features"]]
            made._columns = tuple(
                Column(**{**column, "transform": Transform(**column.get("transform", {}))}) for column in stored
            )
        except (AttributeError, TypeError, ValueError) as error:
            raise BundleError(f"these are not the columns of a fitted Tabular: {error}") from error
        if made.spec["features"].width != sum(len(column.features) for column in made._columns):
            raise BundleError("the columns of a fitted Tabular are not those of its specification")
        return made

    def _codes(self) -> tuple[float, ...] | None:
        """Numbers that mean a missing value; None where missing values are an error."""
        return None if self.options["missing"] == "error" else tuple(self.options["codes"])

    @staticmethod
    def _values(events: Events, name: str) -> NDArray[Any]:
        if str(ak.type(events[name]).content) not in _NUMERIC:
            raise DataError(f"the column {name!r} holds {ak.type(events[name]).content}, not one number an event")
        return np.asarray(ak.to_numpy(events[name]))


VARIANTS = {"tabular": Tabular}
