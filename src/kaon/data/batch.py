"""Batch: the named arrays that a model reads, with target, weight and event number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.errors import DataError

__all__ = ["Batch"]


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class Batch:
    """Any number of events, ready for a model.

    Args:
        inputs: named arrays, each (events, ...), as an `InputSpec` declares them; a mask is an input like any other.
        target: class numbers, (events,) int64, or None.
        weight: (events,) float64, or None for all ones.
        index: event numbers, (events,) int64.

    Raises:
        DataError: there are no inputs, or the arrays differ in length.
    """

    inputs: Mapping[str, NDArray[Any]]
    target: NDArray[np.int64] | None = None
    weight: NDArray[np.float64] | None = None
    index: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if not self.inputs:
            raise DataError("a batch needs at least one input")
        columns = {**self.inputs, "target": self.target, "weight": self.weight, "index": self.index}
        sizes = {name: len(values) for name, values in columns.items() if values is not None}
        if len(set(sizes.values())) > 1:
            raise DataError(f"the arrays of a batch differ in length: {sizes}")

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    @property
    def weights(self) -> NDArray[np.float64]:
        """Weights, (events,); ones where none were given."""
        return np.ones(len(self)) if self.weight is None else self.weight

    @property
    def labels(self) -> NDArray[np.int64]:
        """Targets, (events,).

        Raises:
            DataError: there are none.
        """
        if self.target is None:
            raise DataError("these events are unlabelled; training and evaluation need labels")
        return self.target

    def take(self, chosen: NDArray[Any] | slice) -> Batch:
        """The chosen events: a boolean mask, positions, or a slice (slices share memory)."""

        def pick(values: NDArray[Any] | None) -> NDArray[Any] | None:
            return None if values is None else values[chosen]

        return replace(
            self,
            inputs={name: values[chosen] for name, values in self.inputs.items()},
            target=pick(self.target),
            weight=pick(self.weight),
            index=pick(self.index),
        )
