"""How much taggers agree, and how much input variables do: linear correlations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kaon.errors import DataError

__all__ = ["column_correlation", "score_correlation"]


def score_correlation(scores: Sequence[ArrayLike], weight: ArrayLike | None = None) -> NDArray[np.float64]:
    """Pearson's correlation coefficient of every two scores over the same events, (scores, scores).

    r_ab = sum_i w_i (s_a,i - <s_a>) (s_b,i - <s_b>) / (sigma_a sigma_b sum_i w_i). Within one class it tells how far
    two taggers err on the same events: what is not correlated is what a combination can gain.

    Args:
        scores: each (events,), of the same events in the same order.
        weight: (events,), of positive sum; ones by default.

    Returns:
        Coefficients in [-1, 1] for weights that are not negative; NaN where a score is the same for all events.

    Raises:
        DataError: no events, different lengths, values that are not finite, or weights without a positive sum.

    >>> score_correlation([[0.0, 1.0, 2.0], [1.0, 3.0, 5.0], [2.0, 1.0, 0.0]]).round(3)[0]
    array([ 1.,  1., -1.])
    """
    rows = [np.asarray(s, np.float64) for s in scores]
    lengths = {row.shape for row in rows}
    if not rows or len(lengths) > 1 or rows[0].ndim != 1 or not len(rows[0]):
        raise DataError(
            f"scores of shapes {sorted(lengths)} have no correlation; give one number an event, of equal events"
        )
    values = np.stack(rows)
    w = np.ones(values.shape[1]) if weight is None else np.asarray(weight, np.float64)
    if w.shape != values.shape[1:] or not (np.isfinite(values).all() and np.isfinite(w).all() and w.sum() > 0):
        raise DataError(f"{values.shape[1]} events need finite scores and as many finite weights of positive sum")
    share = w / w.sum()
    centred = values - (values @ share)[:, None]
    covariance = (centred * share) @ centred.T
    sigma = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    flat = sigma <= 1e-12 * np.maximum(1.0, np.abs(values).max(1))
    sigma = np.where(flat, np.nan, sigma)
    return np.asarray(covariance / np.outer(sigma, sigma), np.float64)


def column_correlation(columns: ArrayLike, weight: ArrayLike | None = None) -> NDArray[np.float64]:
    """As `score_correlation`, of columns with missing values: each pair is correlated where both are there.

    Args:
        columns: (columns, events); NaN where a value is missing.
        weight: (events,), possibly negative; ones by default.

    Returns:
        (columns, columns); NaN where a column does not vary, or no events of positive weight hold both.

    Raises:
        DataError: another shape, or infinite values.

    >>> column_correlation([[0.0, 1.0, 2.0, np.nan], [1.0, 3.0, 5.0, 9.0]]).round(3)[0]
    array([1., 1.])
    """
    x = np.asarray(columns, np.float64)
    w = np.ones(x.shape[-1]) if weight is None else np.asarray(weight, np.float64)
    if x.ndim != 2 or w.shape != x.shape[1:] or np.isinf(x).any() or not np.isfinite(w).all():
        raise DataError(f"columns of shape {x.shape} and weights of shape {w.shape}; needed: (columns, events), finite")
    there = np.isfinite(x)
    known = np.maximum(there.sum(1, keepdims=True), 1)
    x = np.where(there, x, 0.0)
    centred = np.where(there, x - x.sum(1, keepdims=True) / known, 0.0)  # against cancellation below
    scale = np.maximum(np.abs(centred).max(1, keepdims=True, initial=0.0), np.finfo(float).tiny)
    constant = scale[:, 0] <= 1e-12 * np.maximum(1.0, np.abs(x).max(1, initial=0.0))
    centred = centred / scale
    present = there.astype(float)
    total = (present * w) @ present.T
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (centred * w) @ present.T / total  # of the row's column, where the other is there
        square = (centred**2 * w) @ present.T / total
        variance = square - mean**2
        found = ((centred * w) @ centred.T / total - mean * mean.T) / np.sqrt(variance * variance.T)
    bad = ~(total > 0) | ~np.isfinite(found) | constant[:, None] | constant[None, :]
    return np.where(bad, np.nan, found)
