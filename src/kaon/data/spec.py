"""InputSpec: names, shapes, dtypes, dynamic axes and normalisation of what a model reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.errors import DataError, UnknownName

__all__ = ["Input", "InputSpec"]

_DTYPES = ("bool", "int32", "int64", "float16", "float32", "float64")


@dataclass(frozen=True)
class Input:
    """One named array of a batch.

    Args:
        name: key in the batch's `inputs`.
        shape: shape of one event, without the batch axis; a string is a dynamic axis (`"constituents"`).
        dtype: NumPy dtype name.
        features: names along the last axis; empty where the last axis has none (a mask).
        shift: subtracted from the last axis before a network sees it, fitted on training data; empty for none.
        scale: then multiplied; empty for none.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str = "float32"
    features: tuple[str, ...] = ()
    shift: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name in ("shape", "features", "shift", "scale"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        sizes = all(bool(a) if isinstance(a, str) else type(a) is int and a > 0 for a in self.shape)
        if not sizes or self.dtype not in _DTYPES or not np.isfinite((*self.shift, *self.scale)).all():
            raise DataError(
                f"input {self.name!r}: shape {self.shape} must hold positive sizes or names of dynamic axes, dtype "
                f"{self.dtype!r} be one of {', '.join(_DTYPES)}, and shift and scale be finite numbers"
            )
        width = self.shape[-1] if self.shape else None
        for name in ("features", "shift", "scale"):
            given = getattr(self, name)
            if given and len(given) != width:
                raise DataError(f"input {self.name!r} of shape {self.shape} has {len(given)} values of {name}")

    @property
    def width(self) -> int:
        """Size of the last axis."""
        last = self.shape[-1]
        assert isinstance(last, int), f"the last axis of {self.name} is dynamic"
        return last


@dataclass(frozen=True)
class InputSpec:
    """What a model reads: written by a representation, read by every model, reused by export.

    >>> spec = InputSpec((Input("features", (2,), features=("pt", "mass")),))
    >>> spec["features"].width, spec.example(3)["features"].shape
    (2, (3, 2))
    """

    inputs: tuple[Input, ...]

    def __post_init__(self) -> None:
        names = [i.name for i in self.inputs]
        if len(set(names)) != len(names):
            raise DataError(f"two inputs have the same name: {names}")

    def __getitem__(self, name: str) -> Input:
        for item in self.inputs:
            if item.name == name:
                return item
        raise UnknownName("input", name, self.names)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[Input]:
        return iter(self.inputs)

    @property
    def names(self) -> list[str]:
        """Names of the inputs, in order."""
        return [i.name for i in self.inputs]

    @property
    def dynamic_axes(self) -> list[str]:
        """Names of the axes whose length may differ between batches, in order of appearance."""
        return list(dict.fromkeys(a for i in self.inputs for a in i.shape if isinstance(a, str)))

    def example(
        self, events: int, sizes: Mapping[str, int] | None = None, seed: int = 0, full: bool = True
    ) -> dict[str, NDArray[Any]]:
        """Random arrays that fit: normal numbers about the fitted mean, zeros for integers, true masks.

        Integers point to something, and only 0 always exists; a representation can make better ones.

        Args:
            events: batch size.
            sizes: length of each dynamic axis; 16 where not given.
            seed: of the random numbers.
            full: no padding; otherwise events of any length, the first one empty and the second one full.
        """
        random = np.random.default_rng(seed)
        lengths = dict.fromkeys(self.dynamic_axes, 16) | dict(sizes or {})
        made: dict[str, NDArray[Any]] = {}
        for item in self.inputs:
            shape = (events, *(lengths[a] if isinstance(a, str) else a for a in item.shape))
            if item.dtype == "bool":
                made[item.name] = np.ones(shape, bool)
                continue
            if np.issubdtype(item.dtype, np.integer):
                made[item.name] = np.zeros(shape, item.dtype)
                continue
            values = random.normal(size=shape)
            if item.scale:
                values = values / np.asarray(item.scale)
            if item.shift:
                values = values + np.asarray(item.shift)
            made[item.name] = values.astype(item.dtype)
        if not full:
            for axis in dict.fromkeys(item.shape[0] for item in self if item.dtype == "bool" and item.shape):
                if isinstance(axis, str) and lengths[axis] > 1:
                    counts = random.integers(0, lengths[axis] + 1, events)
                    counts[: min(events, 2)] = (0, lengths[axis])[:events]
                    self._cut(made, axis, counts)
        return made

    def _cut(self, arrays: dict[str, NDArray[Any]], axis: str, counts: NDArray[np.int64]) -> None:
        """Leave only the first entries along an axis, (events,) of them; the rest is zero, as padding is."""
        for item in self:
            if item.shape[:1] == (axis,):
                values = arrays[item.name]
                real = np.arange(values.shape[1]) < counts[:, None]
                values[~real] = 0

    def check(self, inputs: Mapping[str, NDArray[Any]]) -> None:
        """Raise unless the arrays have the declared names, ranks, sizes and dtypes.

        Raises:
            DataError: what was given, what is allowed.
        """
        for item in self.inputs:
            if item.name not in inputs:
                raise DataError(f"the input {item.name!r} is missing; given: {sorted(inputs)}, needed: {self.names}")
            array = inputs[item.name]
            fits = array.ndim == len(item.shape) + 1 and all(
                isinstance(want, str) or want == got for want, got in zip(item.shape, array.shape[1:], strict=True)
            )
            if not fits or str(array.dtype) != item.dtype:
                raise DataError(
                    f"the input {item.name!r} has shape {array.shape} and dtype {array.dtype}; "
                    f"needed: ({', '.join(map(str, ('events', *item.shape)))}) and {item.dtype}"
                )

    def to_json(self) -> str:
        """As a JSON object."""
        return json.dumps([asdict(i) for i in self.inputs])

    @classmethod
    def from_json(cls, text: str) -> InputSpec:
        """Read what `to_json` wrote.

        Raises:
            DataError: not such a text.
        """
        try:
            return cls(tuple(Input(**fields) for fields in json.loads(text)))
        except (TypeError, ValueError) as error:
            raise DataError(f"not an input specification: {error}") from error
