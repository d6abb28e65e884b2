"""ABCD by the likelihood of Poisson counts: few or no events, other backgrounds, and a signal that leaks out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize
from scipy.special import xlogy

from kaon.analysis.counts import Counts
from kaon.errors import DataError

__all__ = ["AbcdFit", "fit_abcd"]

Array = NDArray[np.float64]

_ONE_SIGMA = 1.0
_NINETY_FIVE = 2.705543454095404  # of q, one-sided: 1.644854 squared
_LOG = (-30.0, 30.0)  # range of the logarithms of rates


@dataclass(frozen=True)
class AbcdFit:
    """What the counts say of the background in the signal region.

    Args:
        background: most likely, events; infinite where D is empty.
        low, high: ends of the interval at 68.3%; high is infinite where nothing bounds it.
        upper: upper limit at 95% confidence.
        signal: most likely, events in A; None if the count in A was not used.
    """

    background: float
    low: float
    high: float
    upper: float
    signal: float | None = None


def fit_abcd(
    observed: ArrayLike,
    *,
    others: Counts | None = None,
    leakage: ArrayLike = (0.0, 0.0, 0.0),
) -> AbcdFit:
    r"""Fit A = B C / D to Poisson counts.

    n_i ~ Poisson(b_i + f_i s + o_i) with b_A = b_B b_C / b_D; the interval is where the profile likelihood ratio
    q(b_A) = -2 ln L(b_A) / L_max stays below 1, the limit where it reaches 1.645^2 above the maximum (Wilks; Cowan,
    Cranmer, Gross, Vitells, Eur. Phys. J. C 71 (2011) 1554, https://arxiv.org/abs/1007.1727). A Gaussian uncertainty
    of the o_i is profiled in closed form, as Conway does for the bins of templates (https://arxiv.org/abs/1103.0354).
    Asymptotic formulae cover a little too little or too much below some five events a region.

    Args:
        observed: events of (B, C, D), or of (A, B, C, D); with A, a signal s >= 0 is fitted with the background.
        others: known other backgrounds of the same regions, with variances.
        leakage: f, signal events in B, C and D for each one in A.

    Raises:
        DataError: not three or four counts, negative counts or leakage, or leakage without A.
    """
    counts, fractions = np.asarray(observed, np.float64), np.asarray(leakage, np.float64)
    known = Counts.zeros(len(np.atleast_1d(counts))) if others is None else others
    if counts.shape not in ((3,), (4,)) or len(known) != len(counts) or fractions.shape != (3,):
        raise DataError(
            f"ABCD takes the counts of (B, C, D) or (A, B, C, D), as many of other backgrounds, and three leakages; "
            f"got {counts.shape}, {len(known)} and {fractions.shape}"
        )
    if not (np.isfinite(counts) & (counts >= 0)).all() or not (np.isfinite(fractions) & (fractions >= 0)).all():
        raise DataError(f"counts {counts.tolist()} and leakage {fractions.tolist()} must be finite and not negative")
    if len(counts) == 3 and fractions.any():
        raise DataError("how much signal leaks out can be fitted only with the count of region A")
    return _Likelihood(counts, known, np.append(1.0, fractions)).fit()


class _Likelihood:
    """-2 ln L, relative to a perfect description, in logarithms of b_B, b_C, b_D and in s."""

    def __init__(self, counts: Array, others: Counts, leakage: Array) -> None:
        self.with_a = len(counts) == 4
        self.n, self.leakage = counts, leakage if self.with_a else leakage[1:]
        self.others, self.variances = others.values, others.variances
        left = np.maximum(counts[-3:] - others.values[-3:], 0.5)
        excess = max(counts[0] - others.values[0] - left[0] * left[1] / left[2], 0.0) if self.with_a else 0.0
        self.starts = [np.append(np.log(left), s) for s in ((0.0, excess) if excess else (0.0,))]

    def fit(self) -> AbcdFit:
        best, at = min((self._minimum(start, None) for start in self.starts), key=lambda found: found[0])
        b, c, d = at[:3]
        middle = float(np.clip(b + c - d, *_LOG))

        def excess(log_a: float) -> float:
            starts = [np.append(self._onto(start[:3], log_a), start[3]) for start in (at, *self.starts)]
            return max(min(self._minimum(start, log_a)[0] for start in starts) - best, 0.0)

        empty = middle < math.log(1e-6)
        endless = excess(_LOG[1]) < 1e-6 or middle > math.log(1e9)
        low = 0.0 if empty else _crossing(excess, middle, -0.5, _ONE_SIGMA)
        start = math.log(1e-6) if empty else middle
        return AbcdFit(
            background=0.0 if empty else math.inf if endless else math.exp(middle),
            low=low,
            high=math.inf if endless else _crossing(excess, start, 0.5, _ONE_SIGMA),
            upper=math.inf if endless else _crossing(excess, start, 0.5, _NINETY_FIVE),
            signal=float(at[3]) if self.with_a else None,
        )

    @staticmethod
    def _onto(logs: Array, log_a: float) -> Array:
        """The nearest point with b_B b_C / b_D = a."""
        away = (log_a - logs[0] - logs[1] + logs[2]) / 3
        return np.asarray(logs + away * np.array([1.0, 1.0, -1.0]))

    def _minimum(self, start: Array, log_a: float | None) -> tuple[float, Array]:
        """Of -2 ln L, for a given b_A or for any."""

        def whole(x: Array) -> Array:
            return x if log_a is None else np.array([x[0], x[1], x[0] + x[1] - log_a, x[2]])

        def loss(x: Array) -> tuple[float, Array]:
            value, slope = self._loss(whole(x))
            return value, slope if log_a is None else np.array([slope[0] + slope[2], slope[1] + slope[2], slope[3]])

        begin = start if log_a is None else start[[0, 1, 3]]
        signal = (0.0, None) if self.with_a else (0.0, 0.0)
        bounds = [_LOG] * (len(begin) - 1) + [signal]
        found = minimize(
            loss, begin, jac=True, method="L-BFGS-B", bounds=bounds,
            options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 500},
        )  # fmt: skip
        return float(found.fun), whole(found.x)

    def _loss(self, x: Array) -> tuple[float, Array]:
        b = np.exp(np.clip(x[:3], -60, 60))
        a = math.exp(min(max(x[0] + x[1] - x[2], -60), 60))
        background = np.append(a, b) if self.with_a else b
        mean = background + self.leakage * x[3] + self.others
        n, v = self.n, self.variances
        # the others as the data would have them: t^2 + t (v - mean) - n v = 0, t = mean for v = 0
        half = (mean - v) / 2
        total = np.where(v > 0, half + np.sqrt(np.square(half) + n * v), mean)
        total = np.maximum(total, 1e-30)
        pull = np.square(total - mean) / np.where(v > 0, v, 1.0)
        value = 2 * (total - n - xlogy(n, total) + xlogy(n, n)) + pull
        slope = 2 * (1 - n / total)
        in_logs = slope * background
        if self.with_a:
            in_logs = in_logs[1:] + in_logs[0] * np.array([1.0, 1.0, -1.0])
        return float(value.sum()), np.append(in_logs, slope @ self.leakage)


def _crossing(excess: Callable[[float], float], start: float, step: float, level: float) -> float:
    """Where the excess reaches a level, going from the minimum in steps that grow; 0 or infinite if it never does."""
    near, far = start, start + step
    while excess(far) < level:
        near, step = far, 1.5 * step
        far += step
        if not _LOG[0] < far < _LOG[1]:
            return math.inf if step > 0 else 0.0
    return math.exp(brentq(lambda x: excess(x) - level, near, far, xtol=1e-5))
