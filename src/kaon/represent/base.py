"""What every representation is: events in, named arrays out, fitted on training data only."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from kaon.data import Batch, Events, Input, InputSpec
from kaon.errors import BundleError, DataError, NotFitted

__all__ = ["Representation"]


class Representation(ABC):
    """Turns events into the arrays that a model reads.

    A subclass names the columns it `requires`, passes its constructor arguments to `super().__init__` (they are its
    whole configuration), and implements two pure functions: `arrays` and `describe`. The normalisation constants of the
    inputs named in `standardised` are fitted here, stored in the specification, and applied inside the networks, so
    that an exported network carries them.
    """

    requires: ClassVar[tuple[str, ...]] = ()
    """Columns that the events must have."""
    standardised: ClassVar[tuple[str, ...]] = ()
    """Inputs whose features get a fitted shift and scale."""
    form: ClassVar[str | None] = None
    """Name of a representation whose arrays are of the same form: a model that reads that one reads this one too."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self._spec: InputSpec | None = None

    @abstractmethod
    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """The named arrays, each (events, ...)."""

    @abstractmethod
    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """The specification of these arrays, before normalisation."""

    def learn(self, events: Events) -> None:
        """Fit whatever else the representation needs before `arrays` can run; nothing by default."""

    def normalisation(self, item: Input, rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """(shift, scale) of each feature of one input from its real rows, (rows, features): mean and 1/sigma."""
        if len(rows) == 0:
            return np.zeros(item.width), np.ones(item.width)
        mean, sigma = rows.mean(0, dtype=float), rows.std(0, dtype=float)
        constant = sigma < 1e-6 * np.maximum(1.0, np.abs(mean))
        return mean, 1 / np.where(constant, 1.0, sigma)

    def example(self, events: int, sizes: Mapping[str, int] | None = None, seed: int = 0) -> dict[str, NDArray[Any]]:
        """Random inputs on which an exported network is compared with the original, events of any length among them.

        The specification's own, unless the arrays of a possible event are bound to each other, as indices are.

        Args:
            events: batch size.
            sizes: length of each dynamic axis; 16 where not given.
            seed: of the random numbers.

        Raises:
            NotFitted: before `fit`.
        """
        return self.spec.example(events, sizes, seed, full=False)

    @property
    def spec(self) -> InputSpec:
        """The fitted specification.

        Raises:
            NotFitted: before `fit`.
        """
        if self._spec is None:
            raise NotFitted(f"{type(self).__name__} is not fitted; call fit(events) with the training events first")
        return self._spec

    def fit(self, events: Events) -> Self:
        """Fit on training events; what an earlier fit found is forgotten. Raises as `fit_transform` does."""
        self.fit_transform(events)
        return self

    def fit_transform(self, events: Events) -> Batch:
        """Fit on training events and represent them, doing the work once.

        Raises:
            DataError: there are no events, a column is missing, or its values cannot be used.
        """
        self._require(events)
        if len(events) == 0:
            raise DataError(f"{type(self).__name__} cannot be fitted to no events")
        self.learn(events)
        arrays = self.arrays(events)
        self._spec = InputSpec(tuple(self._normalised(i, arrays) for i in self.describe(arrays)))
        return self._batch(arrays, events)

    def transform(self, events: Events) -> Batch:
        """Represent any events.

        Raises:
            NotFitted: before `fit`.
            DataError: a column is missing, or the arrays do not fit the specification.
        """
        spec = self.spec
        self._require(events)
        arrays = self.arrays(events)
        spec.check(arrays)
        return self._batch(arrays, events)

    def state(self) -> dict[str, Any]:
        """Everything needed to make the fitted representation again: JSON values only."""
        return {"options": self.options, "spec": self.spec.to_json()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Undo `state`.

        Raises:
            BundleError: not a state of this representation.
        """
        try:
            made = cls(**state["options"])
            made._spec = InputSpec.from_json(state["spec"])
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"this is not the state of a fitted {cls.__name__}: {error}") from error
        return made

    def _normalised(self, item: Input, arrays: Mapping[str, NDArray[Any]]) -> Input:
        if item.name not in self.standardised:
            return item
        values = arrays[item.name]
        mask = arrays.get("mask")
        rows = values[mask] if mask is not None and mask.ndim == values.ndim - 1 else values.reshape(-1, item.width)
        shift, scale = self.normalisation(item, rows)
        return replace(item, shift=tuple(map(float, shift)), scale=tuple(map(float, scale)))

    def _require(self, events: Events) -> None:
        missing = [name for name in self.requires if name not in events]
        if missing:
            raise DataError(
                f"{type(self).__name__} needs the columns {missing}; "
                f"{events.provenance.source} has {events.fields[:12]}"
            )

    @staticmethod
    def _batch(arrays: dict[str, NDArray[Any]], events: Events) -> Batch:
        return Batch(arrays, events.target, events.weight, events.index)
