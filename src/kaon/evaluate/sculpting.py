"""Whether a cut on the score gives the background the shape of the signal: mass sculpting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import rel_entr

from kaon.errors import ConfigError, DataError
from kaon.evaluate._inputs import Binary, Scores, bin_edges, binary, column
from kaon.evaluate._ranking import Ranking, check_efficiency

__all__ = ["Sculpting", "jensen_shannon", "mass_sculpting"]


@dataclass(frozen=True)
class Sculpting:
    """Distribution of the background before and after a cut on the score.

    Args:
        edges: of the bins, (B + 1,), GeV for a mass.
        before: share of the background in each bin, before the cut, (B,).
        after: the same after the cut, (B,).
        divergence: Jensen-Shannon divergence of the two, in bits: 0 for equal shapes, 1 for shapes without overlap.
        floor: the divergence to expect from statistical fluctuations alone, bits.
        threshold: the cut: `score >= threshold`.
    """

    edges: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    divergence: float
    floor: float
    threshold: float


def mass_sculpting(
    score: Scores,
    target: ArrayLike | None = None,
    mass: str | ArrayLike = "jet_mass",
    efficiency: float = 0.5,
    weight: ArrayLike | None = None,
    *,
    of: Literal["signal", "background"] = "signal",
    bins: int | Sequence[float] | NDArray[Any] = 40,
    signal: int | str | None = None,
) -> Sculpting:
    """Jensen-Shannon divergence of the background mass before and after a cut on the score.

    JSD(P, Q) = [KL(P, M) + KL(Q, M)] / 2 with M = (P + Q) / 2 (Lin, IEEE Trans. Inf. Theory 37 (1991) 145), in bits;
    often quoted as 1 / JSD (ATL-PHYS-PUB-2018-014; Kasieczka and Shih, arXiv:2001.05310). Even a cut that does not
    look at the mass leaves a divergence of about (B - 1) (1 / n_after - 1 / n_before) / (8 ln 2), with effective
    numbers of events: this is `floor`, and a divergence of its size is no sculpting.

    Args:
        score: (N,) growing with signal, (N, C) class scores, or `Predictions`.
        target: class numbers, (N,); not with `Predictions`.
        mass: name of a spectator of the `Predictions`, or values (N,), GeV; any other variable will do.
        efficiency: share that the cut keeps, in (0, 1].
        weight: (N,), possibly negative: a bin whose weights sum to less than nothing counts as empty.
        of: keep this share of the signal (the strictest cut that keeps at least as much), or of the background.
        bins: edges (events outside are left out), or how many bins of equal width between the smallest and the
            largest background mass.
        signal: number or name of the signal class, the last by default; all others are background.

    Raises:
        DataError: as `roc_curve`; no background within the edges before or after the cut.
        UnknownName: no spectator of that name.
        ConfigError: an efficiency outside (0, 1], or another `of`.
    """
    if of not in ("signal", "background"):
        raise ConfigError(f"of={of!r}; allowed: 'signal' or 'background'")
    point = check_efficiency(np.array([efficiency], float))
    events = binary(score, target, weight, signal)
    values = column(score, mass, len(events.score))
    kept_class = events.signal if of == "signal" else ~events.signal
    ranking = Ranking(Binary(events.score, kept_class, events.weight))
    threshold = float(ranking.thresholds[ranking.first(point)[0]])

    background = ~events.signal
    x, w, kept = values[background], events.weights[background], events.score[background] >= threshold
    edges = _edges(x, bins)
    (before, count_before), (after, count_after) = (_shape(x[k], w[k], edges) for k in (slice(None), kept))
    filled = int((before > 0).sum())
    floor = (filled - 1) * max(0.0, 1 / count_after - 1 / count_before) / (8 * np.log(2))
    return Sculpting(edges, before, after, jensen_shannon(before, after), float(floor), threshold)


def jensen_shannon(p: ArrayLike, q: ArrayLike) -> float:
    """Jensen-Shannon divergence of two histograms of the same bins, in bits; they are normalised first.

    Raises:
        DataError: histograms of different shapes, with negative contents, or empty.

    >>> jensen_shannon([1, 1, 0], [2, 2, 0]), jensen_shannon([1, 0], [0, 5])
    (0.0, 1.0)
    """
    first, second = np.asarray(p, np.float64), np.asarray(q, np.float64)
    if first.shape != second.shape or min(first.min(), second.min()) < 0 or min(first.sum(), second.sum()) <= 0:
        raise DataError("needed: two histograms of the same bins, not negative and not empty")
    first, second = first / first.sum(), second / second.sum()
    middle = (first + second) / 2
    return float((rel_entr(first, middle) + rel_entr(second, middle)).sum() / (2 * np.log(2)))


def _edges(x: NDArray[np.float64], bins: int | Sequence[float] | NDArray[Any]) -> NDArray[np.float64]:
    if isinstance(bins, (int, np.integer)) and bins >= 1:
        return np.asarray(np.histogram_bin_edges(x, int(bins)), np.float64)
    return bin_edges(x, bins)


def _shape(
    x: NDArray[np.float64], w: NDArray[np.float64], edges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Share in each bin, (B,), and the effective number of events."""
    sums = np.maximum(np.histogram(x, edges, weights=w)[0], 0.0)
    squares = np.histogram(x, edges, weights=w**2)[0].sum()
    if not sums.sum() > 0:
        raise DataError(f"no background between {edges[0]:g} and {edges[-1]:g} is left; loosen the cut or the edges")
    return sums / sums.sum(), float(sums.sum() ** 2 / squares)
