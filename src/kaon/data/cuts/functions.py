"""The functions of the language of cuts, on NumPy or awkward arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import awkward as ak
import numpy as np

from kaon.data.cuts.tree import Type
from kaon.errors import ConfigError
from kaon.kinematics import delta_phi, delta_r, invariant_mass, mass

__all__ = ["FUNCTIONS", "Function", "depth"]


@dataclass(frozen=True)
class Function:
    """One function.

    Args:
        apply: from arrays to an array.
        arguments: numbers of arguments it takes.
        returns: type of its result.
    """

    apply: Callable[..., Any]
    arguments: tuple[int, ...] = (1,)
    returns: Type = Type.NUMBER


def depth(value: Any) -> int:
    """0 for a single value, 1 for one value an event, 2 for a list an event."""
    return int(value.ndim) if isinstance(value, ak.Array) else np.ndim(value)


def _over_list(reducer: Callable[..., Any], empty: Any) -> Callable[[Any], Any]:
    """A reduction over each event's list, `empty` for an empty one."""

    def apply(values: Any) -> Any:
        if depth(values) < 2:
            raise ConfigError("needs a list for each event, but was given one value for each event")
        return ak.fill_none(reducer(values, axis=-1), empty)

    return apply


def _or_elementwise(reducer: Callable[..., Any], pairwise: Callable[..., Any]) -> Callable[..., Any]:
    single = _over_list(reducer, np.nan)

    def apply(first: Any, *others: Any) -> Any:
        if not others:
            return single(first)
        for other in others:
            first = pairwise(first, other)
        return first

    return apply


def _count(values: Any) -> Any:
    """Length of each event's list; of a condition, how many entries fulfil it."""
    if depth(values) < 2:
        raise ConfigError("needs a list for each event, but was given one value for each event")
    if not values.fields and ak.to_numpy(ak.drop_none(ak.flatten(values, axis=None))).dtype == np.bool_:
        return ak.sum(values, axis=-1)
    return ak.num(values, axis=-1)


def _pair_mass(*given: Any) -> Any:
    """Of (pt, eta, phi) or (pt, eta, phi, m) of two particles, in double precision: it is a small difference."""
    a, b = [v * np.float64(1) for v in given[: len(given) // 2]], [v * np.float64(1) for v in given[len(given) // 2 :]]
    return invariant_mass(*a, *([0.0] * (4 - len(a))), *b, *([0.0] * (4 - len(b))))


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "abs": Function(np.abs),
        "sqrt": Function(np.sqrt),
        "exp": Function(np.exp),
        "log": Function(np.log),
        "log10": Function(np.log10),
        "sin": Function(np.sin),
        "cos": Function(np.cos),
        "tan": Function(np.tan),
        "arcsin": Function(np.arcsin),
        "arccos": Function(np.arccos),
        "arctan": Function(np.arctan),
        "sinh": Function(np.sinh),
        "cosh": Function(np.cosh),
        "tanh": Function(np.tanh),
        "arctan2": Function(np.arctan2, (2,)),
        "atan2": Function(np.arctan2, (2,)),
        "hypot": Function(np.hypot, (2,)),
        "floor": Function(np.floor),
        "ceil": Function(np.ceil),
        "delta_phi": Function(delta_phi, (2,)),
        "delta_r": Function(delta_r, (4,)),
        "mass": Function(mass, (4,)),
        "invariant_mass": Function(_pair_mass, (6, 8)),
        "where": Function(ak.where, (3,), Type.UNKNOWN),
        "isfinite": Function(np.isfinite, (1,), Type.CONDITION),
        "isnan": Function(np.isnan, (1,), Type.CONDITION),
        "min": Function(_or_elementwise(ak.min, np.minimum), (1, 2, 3, 4)),
        "max": Function(_or_elementwise(ak.max, np.maximum), (1, 2, 3, 4)),
        "sum": Function(_over_list(ak.sum, 0)),
        "mean": Function(_over_list(ak.mean, np.nan)),
        "any": Function(_over_list(ak.any, False), (1,), Type.CONDITION),
        "all": Function(_over_list(ak.all, True), (1,), Type.CONDITION),
        "count": Function(_count),
    }
)
"""Name -> function. `min`, `max`, `sum`, `mean`, `any`, `all`, `count` with one argument go over each event's list.

`mass` is that of (E, px, py, pz); `invariant_mass` is that of two particles, each (pt, eta, phi) or (pt, eta, phi, m).
"""
