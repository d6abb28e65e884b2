"""Finding what must not reach a model: NaN, infinity, missing values, and probably wrong units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

__all__ = ["MEV_ABOVE", "infinite_rows", "invalid_rows", "suspected_mev", "with_missing", "without_options"]

MEV_ABOVE = 5000.0
"""A median transverse momentum above this cannot be GeV at any collider so far."""

_PT_NAME = re.compile(r"(^|.*[_.])p_?t[0-9]*$|^met$|.*_met$", re.IGNORECASE)


def invalid_rows(column: Any) -> NDArray[np.bool_]:
    """Which events hold NaN, an infinity or a missing value anywhere in a column, (events,).

    >>> invalid_rows(ak.Array([[1.0, np.nan], [], [2.0]]))
    array([ True, False, False])
    """
    if _is_regular(column.layout):  # columns of numbers or of arrays of one size, such as pictures
        values = ak.to_numpy(column)
        if values.dtype.kind in "biu":
            return np.zeros(len(values), bool)
        return np.asarray(~np.isfinite(values).all(axis=tuple(range(1, values.ndim))), bool)
    if column.fields:
        return np.asarray(np.logical_or.reduce([invalid_rows(column[name]) for name in column.fields]), bool)
    missing = np.asarray(ak.to_numpy(ak.is_none(column)), bool)
    if missing.any():
        missing[~missing] = invalid_rows(ak.drop_none(column, axis=0))
        return missing
    if _is_text(column):
        return missing
    if column.ndim == 1:
        return np.asarray(~np.isfinite(ak.to_numpy(column, allow_missing=False)), bool)
    inner = invalid_rows(ak.flatten(column, axis=1))
    if not inner.any():
        return missing
    return np.asarray(ak.to_numpy(ak.any(ak.unflatten(inner, ak.num(column, axis=1)), axis=1)), bool)


def infinite_rows(column: Any) -> NDArray[np.bool_]:
    """Which events cannot be used where NaN is allowed: as `invalid_rows`, but NaN in a flat column is no fault.

    >>> infinite_rows(ak.Array([1.0, np.nan, np.inf]))
    array([False, False,  True])
    """
    bad = invalid_rows(column)
    if bad.any() and column.ndim == 1 and column.layout.is_numpy:
        bad &= ~np.isnan(column.layout.data)
    return bad


def with_missing(column: Any, number: float) -> Any:
    """The same column with NaN in place of a number, in flat columns of numbers; others stay as they are.

    >>> with_missing(ak.Array([-999, 5]), -999).to_list()
    [nan, 5.0]
    """
    if column.ndim != 1 or not column.layout.is_numpy or column.layout.data.dtype.kind not in "iuf":
        return column
    values = np.asarray(column.layout.data)
    absent = values == number
    return ak.Array(np.where(absent, np.nan, values)) if absent.any() else column


def without_options(column: Any) -> Any:
    """The same column without option types that mask nothing; a missing text becomes empty."""

    def plain(layout: Any, **_: Any) -> Any:
        if layout.is_option and not np.any(layout.mask_as_bool(valid_when=False)):
            return ak.to_layout(ak.transform(plain, layout.project()))
        return None

    if column.layout.is_numpy:
        return column
    if _is_text(column):
        column = ak.fill_none(column, "")
    return ak.transform(plain, column)


def suspected_mev(columns: Mapping[str, Any], among: Iterable[str]) -> dict[str, float]:
    """Columns of transverse momenta whose median is too large for GeV, with that median."""
    found: dict[str, float] = {}
    for name in among:
        column = columns[name]
        if {"px", "py"} <= set(ak.fields(column)):
            column = np.hypot(column["px"], column["py"])
        elif column.fields or _is_text(column) or not _PT_NAME.match(name):
            continue
        flat = ak.to_numpy(ak.drop_none(ak.flatten(column, axis=None)))
        median = float(np.median(flat)) if len(flat) and flat.dtype.kind in "iuf" else 0.0
        if median > MEV_ABOVE:
            found[name] = median
    return found


def _is_regular(layout: Any) -> bool:
    """Whether a column is an array without axes of different lengths, missing entries, texts or fields."""
    while layout.is_regular and layout.parameter("__array__") is None:
        layout = layout.content
    return bool(layout.is_numpy) and layout.parameter("__array__") is None and layout.data.dtype.kind in "biuf"


def _is_text(column: Any) -> bool:
    layout = ak.to_layout(column)
    while layout.is_list or layout.is_option or layout.is_indexed:
        if layout.parameter("__array__") == "string":
            return True
        layout = layout.content
    return False
