"""Where in the picture a classifier's answer is decided: the correlation of each pixel with its output."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kaon.errors import DataError

__all__ = ["pixel_correlation"]

_EVENTS = 4096
"""Images in double precision at a time."""


def pixel_correlation(images: ArrayLike, output: ArrayLike, weight: ArrayLike | None = None) -> NDArray[np.float64]:
    """Pearson correlation of the intensity of each pixel with the output of a network.

    de Oliveira et al., https://arxiv.org/abs/1511.05190, figure 11, and Komiske, Metodiev, Schwartz,
    https://arxiv.org/abs/1612.01551. Weights may be negative; where their sum of squared deviations is then not above
    0, and where a pixel or the output is the same in all events, the correlation is 0.

    Args:
        images: (events, channels, height, width) or (events, height, width); a tensor may be on any device.
        output: (events,), for example the probability of the signal.
        weight: of each event; None for ones.

    Returns:
        (channels, height, width), or (height, width), in [-1, 1].

    Raises:
        DataError: shapes that do not belong together, no event, values that are NaN or infinite, or weights whose sum
            is not above 0.
    """
    x, y = _array(images), _array(output).astype(np.float64)
    w = np.ones(len(y)) if weight is None else _array(weight).astype(np.float64)
    if x.ndim not in (3, 4) or y.shape != x.shape[:1] or w.shape != y.shape or not len(y):
        raise DataError(
            f"images of {x.shape}, output of {y.shape}, weights of {w.shape}; (events, channels, height, width) and "
            "one number each, for at least one event, are needed"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all() and np.isfinite(w).all()):
        raise DataError("images, output or weights hold values that are NaN or infinite")
    if w.sum() <= 0:
        raise DataError(f"the weights sum to {w.sum():g}; a correlation needs a sum above 0")
    w = w / w.sum()
    x = x[w != 0]  # others do not count, also for whether a pixel varies
    y, w = y[w != 0], w[w != 0]
    parts = [slice(start, start + _EVENTS) for start in range(0, len(y), _EVENTS)]
    mean = sum(np.tensordot(w[p], x[p].astype(np.float64), 1) for p in parts)
    away = w * (y - w @ y)
    covariance, variance = np.zeros(x.shape[1:]), np.zeros(x.shape[1:])
    for p in parts:
        difference = x[p] - mean
        covariance += np.tensordot(away[p], difference, 1)
        variance += np.tensordot(w[p], np.square(difference, out=difference), 1)
    product = variance * (w @ (y - w @ y) ** 2)
    varies = (x.max(0) != x.min(0)) & (y.max() != y.min()) & (variance > 0) & (product > 0)
    found = np.divide(covariance, np.sqrt(np.abs(product)), out=np.zeros_like(covariance), where=varies)
    return np.asarray(np.clip(found, -1, 1), np.float64)


def _array(values: ArrayLike) -> NDArray[np.float64]:
    """As NumPy has it; a tensor from wherever it is."""
    detach = getattr(values, "detach", None)
    return np.asarray(values if detach is None else detach().cpu().float())
