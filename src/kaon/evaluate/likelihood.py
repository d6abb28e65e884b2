"""The full binned likelihood, through pyhf: discovery significance, signal strength, CLs limits.

Models are workspaces (`kaon.evaluate.workspace`) as pyhf builds them (Heinrich, Feickert, Stark, J. Open Source Softw.
6 (2021) 2823, https://doi.org/10.21105/joss.02823), test statistics and asymptotics are those of
https://arxiv.org/abs/1007.1727, and limits are CLs (J. Phys. G 28 (2002) 2693).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import norm

from kaon.errors import ConfigError, DataError
from kaon.evaluate.workspace import Workspace, is_blind
from kaon.extras import require

__all__ = ["Discovery", "UpperLimit", "discovery", "upper_limit"]

_T = TypeVar("_T")

_BANDS = (-2, -1, 0, 1, 2)
"""Standard deviations of the expected limits."""


@dataclass(frozen=True)
class Discovery:
    """How far the background alone is from the data.

    Args:
        expected: median significance if mu is 1.
        observed: significance of the data; None without data.
        mu: signal strength that fits best; None without data.
        mu_error: (down, up), where twice the negative log-likelihood ratio is 1; down ends at mu = 0; None without
            data.
    """

    expected: float
    observed: float | None = None
    mu: float | None = None
    mu_error: tuple[float, float] | None = None


@dataclass(frozen=True)
class UpperLimit:
    """Largest signal strength that is not excluded by CLs.

    Args:
        observed: from the data; None without data.
        expected: medians and bands without signal, at -2, -1, 0, 1, 2 standard deviations.
        level: of confidence.
    """

    observed: float | None
    expected: tuple[float, float, float, float, float]
    level: float


def discovery(made: Workspace) -> Discovery:
    """Significance of the signal, expected for mu = 1 and observed, and the strength that fits best.

    q0 = -2 ln L(0, theta') / L(mu', theta''), Z = sqrt(q0), arXiv:1007.1727, eqs. 12 and 53. The expectation is that of
    the Asimov data with the nominal backgrounds.

    Raises:
        MissingExtra: pyhf is not installed.
        DataError: the workspace cannot be read, or the fit does not converge.
    """

    def work(model: Any, data: Any) -> Discovery:
        asimov = _Profile(model, _asimov(model, 1.0))
        expected = float(np.sqrt(asimov.q(0.0)))
        if is_blind(made):
            return Discovery(expected)
        seen = _Profile(model, data)
        observed, largest = float(np.sqrt(seen.q(0.0))), seen.largest

        def rise(mu: float) -> float:
            """Nearly linear, so that few steps find its zero."""
            return float(np.sqrt(seen.q(mu))) - 1.0

        def side(step: float, end: float) -> float:
            far = seen.best + 1.5 * step
            while (far - end) * step < 0 and rise(far) <= 0:  # few events are no parabola
                far = seen.best + 2 * (far - seen.best)
            far = min(far, end) if step > 0 else max(far, end)
            return float(brentq(rise, seen.best, far, xtol=1e-12, rtol=1e-4)) if rise(far) > 0 else far

        step = seen.best / observed if observed > 0 else 1 / max(expected, 1.0)
        down = side(-step, 0.0) if observed > 1 else 0.0
        return Discovery(expected, observed, seen.best, (seen.best - down, side(step, largest) - seen.best))

    return _fitted(made, work)


def upper_limit(made: Workspace, level: float = 0.95, *, scan: ArrayLike | None = None) -> UpperLimit:
    """CLs upper limit on the signal strength, observed and expected, with the asymptotic distributions.

    The statistic is q~ of arXiv:1007.1727 (eqs. 16, 65); the expected limit at N standard deviations is where
    CLs = (1 - Phi(sqrt(q_A) - N)) / Phi(N), with q_A of the Asimov data without signal (eq. 89).

    Args:
        made: the workspace.
        level: of confidence.
        scan: strengths at which CLs is computed, between which it is interpolated linearly, as published limits often
            are; None finds the crossing itself, to a part in 10^4.

    Raises:
        MissingExtra: pyhf is not installed.
        ConfigError: a level outside (0, 1).
        DataError: the workspace cannot be read, the fit does not converge, or the scan does not reach the limit.
    """
    if not 0 < level < 1:
        raise ConfigError(f"a confidence level of {level}; it must lie between 0 and 1, as 0.95 does")
    blind = is_blind(made)

    def work(model: Any, data: Any) -> UpperLimit:
        seen = _Profile(model, data)
        background = _Profile(model, _asimov(model, 0.0, seen.fit(0.0)[0]))

        @cache
        def cls(mu: float) -> tuple[float, ...]:
            """Observed, and the five expected."""
            if mu == 0:
                return (1.0,) * (1 + len(_BANDS))
            q, root = (0.0 if mu < seen.best else seen.q(mu)), float(np.sqrt(background.q(mu)))
            with_signal, without = (np.sqrt(q), np.sqrt(q) - root)
            if q > root**2:
                with_signal, without = ((q + sign * root**2) / (2 * root) for sign in (1, -1))
            first, bands = norm.sf(with_signal) / norm.sf(without), (norm.sf(root - n) / norm.cdf(n) for n in _BANDS)
            return float(first), *map(float, bands)

        points = [0.0, seen.largest / 2] if scan is None else np.asarray(scan, np.float64).tolist()
        found = [_crossing(cls, points, place, 1 - level, exact=scan is None) for place in range(1 + len(_BANDS))]
        return UpperLimit(None if blind else found[0], (found[1], found[2], found[3], found[4], found[5]), level)

    return _fitted(made, work)


def _crossing(
    cls: Callable[[float], tuple[float, ...]], points: list[float], place: int, target: float, *, exact: bool
) -> float:
    """Where one of the CLs falls to `target`; `points` are what has been looked at, and grow if it is to be exact.

    Raises:
        DataError: it does not between the first and the last point.
    """
    points.sort()
    above = [p for p in points if cls(p)[place] >= target]
    below = [p for p in points if cls(p)[place] < target and (not above or p > above[-1])]
    if not above or not below:
        raise DataError(
            f"CLs does not fall to {target:g} between the signal strengths {points[0]:g} and {points[-1]:g}"
        )
    low, high = above[-1], below[0]
    if not exact:
        values = [cls(p)[place] for p in (low, high)]
        return low + (high - low) * (values[0] - target) / (values[0] - values[1])

    def rise(mu: float) -> float:
        points.append(mu)
        return float(norm.isf(min(max(cls(mu)[place], 1e-300), 1 - 1e-16)) - norm.isf(target))

    return float(brentq(rise, low, high, xtol=1e-12, rtol=1e-4))


class _Profile:
    """The profile likelihood of one data set: fits with mu free and fixed, each starting from the nearest before.

    Args:
        model: pyhf's.
        data: main counts and auxiliary measurements.
    """

    def __init__(self, model: Any, data: Any) -> None:
        self._mle, self._model, self._data = require("pyhf").infer.mle, model, data
        self._place = model.config.poi_index
        self.largest = float(model.config.suggested_bounds()[self._place][1])
        start = model.config.suggested_init()
        pars, least = self._mle.fit(data, model, init_pars=start, return_fitted_val=True)
        self.best = float(pars[self._place])
        self._least = float(least)
        self._fits: dict[float, tuple[list[float], float]] = {self.best: (pars.tolist(), self._least)}

    def fit(self, mu: float) -> tuple[list[float], float]:
        """Parameters and -2 ln L with the strength fixed."""
        if mu not in self._fits:
            near = min(self._fits, key=lambda known: abs(known - mu))
            start = [*self._fits[near][0]]
            start[self._place] = mu
            pars, value = self._mle.fixed_poi_fit(mu, self._data, self._model, init_pars=start, return_fitted_val=True)
            self._fits[mu] = pars.tolist(), float(value)
        return self._fits[mu]

    def q(self, mu: float) -> float:
        """-2 ln L(mu) / L(best), not negative."""
        return max(self.fit(mu)[1] - self._least, 0.0)


def _fitted(made: Workspace, work: Callable[[Any, Any], _T]) -> _T:
    """What `work` makes of model and data; the caller's own choice of pyhf's backend is put back.

    So is PyTorch's default precision, which this backend turns to double for every network of the process.

    PyTorch gives the gradients, by which a hundred nuisance parameters take a second instead of minutes. SciPy's
    minimiser is the quicker one; MINUIT, the sturdier, has a try where it gives up.
    """
    import torch  # not above: most of what is imported from here fits nothing

    pyhf = require("pyhf")
    before, precision = pyhf.get_backend(), torch.get_default_dtype()
    log = logging.getLogger("pyhf")  # which tells of every failed attempt with a traceback
    level = log.level
    minimisers = [pyhf.optimize.scipy_optimizer(maxiter=1000, tolerance=1e-8), pyhf.optimize.minuit_optimizer()]
    try:
        log.setLevel(logging.CRITICAL)
        for last, minimiser in enumerate(minimisers):
            pyhf.set_backend("pytorch", minimiser, precision="64b")
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # pyhf's ways to call jsonschema and PyTorch, nothing of the fit
                    return work(*_model(made))
            except DataError:
                raise
            except (pyhf.exceptions.FailedMinimization, ValueError) as error:  # PyTorch refuses parameters that are NaN
                if last:
                    raise DataError(f"the fit does not converge: {error}; try fewer bins or uncertainties") from error
        raise AssertionError("two minimisers were tried")
    except (pyhf.exceptions.InvalidSpecification, pyhf.exceptions.InvalidModel, KeyError) as error:
        raise DataError(f"this is no workspace of pyhf: {error}") from error
    finally:
        pyhf.set_backend(*before)
        torch.set_default_dtype(precision)
        log.setLevel(level)


def _model(made: Workspace) -> tuple[Any, Any]:
    pyhf = require("pyhf")
    opened = pyhf.Workspace(made)
    model = opened.model()
    return model, pyhf.tensorlib.astensor(opened.data(model))


def _asimov(model: Any, mu: float, pars: Sequence[float] | None = None) -> Any:
    """The data that everybody expects, with these nuisance parameters (nominal ones by default)."""
    chosen = [*(model.config.suggested_init() if pars is None else pars)]
    chosen[model.config.poi_index] = mu
    return model.expected_data(require("pyhf").tensorlib.astensor(chosen))
