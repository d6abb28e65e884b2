"""The full binned likelihood, through pyhf: workspace, discovery significance, signal strength, CLs limits.

A channel is a histogram: a signal, backgrounds, and the data if there are any. The signal is scaled by the strength
`mu`; backgrounds move with their uncertainties. The model is HistFactory (CERN-OPEN-2012-016) as pyhf builds it
(Heinrich, Feickert, Stark, J. Open Source Softw. 6 (2021) 2823, https://doi.org/10.21105/joss.02823), test statistics
and asymptotics are those of https://arxiv.org/abs/1007.1727, and limits are CLs (J. Phys. G 28 (2002) 2693).
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import norm

from kaon.errors import ConfigError, DataError
from kaon.extras import require
from kaon.files import write_text

__all__ = [
    "Channel",
    "Discovery",
    "Sample",
    "UpperLimit",
    "discovery",
    "upper_limit",
    "workspace",
    "write_workspace",
]

Workspace: TypeAlias = dict[str, Any]
_T = TypeVar("_T")

_STRENGTH = "mu"
_TINY = 1e-9
"""Expected events of a bin that holds none: a likelihood needs more than zero."""
_BANDS = (-2, -1, 0, 1, 2)
"""Standard deviations of the expected limits."""


@dataclass(frozen=True)
class Sample:
    """What one process contributes to a channel.

    Args:
        name: of the process.
        values: expected events of each bin, (bins,).
        errors: their statistical standard deviations, (bins,); None for none.
        normalisation: relative uncertainties of the whole sample, one number or (down, up), both positive: name of
            the uncertainty -> size. Samples that share a name move together.
        shapes: name of the uncertainty -> (events when it is one standard deviation low, and high), (bins,) each.
    """

    name: str
    values: ArrayLike
    errors: ArrayLike | None = None
    normalisation: Mapping[str, float | tuple[float, float]] = field(default_factory=dict)
    shapes: Mapping[str, tuple[ArrayLike, ArrayLike]] = field(default_factory=dict)


@dataclass(frozen=True)
class Channel:
    """One histogram.

    Args:
        name: of the region.
        signal: scaled by mu.
        backgrounds: the rest, at least one.
        observed: events of each bin, (bins,); None where nobody has looked yet: then the background stands for them.
    """

    name: str
    signal: Sample
    backgrounds: Sequence[Sample]
    observed: ArrayLike | None = None


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


def workspace(channels: Sequence[Channel], *, statistical: Literal["poisson", "gaussian"] = "poisson") -> Workspace:
    """A HistFactory workspace in pyhf's JSON form.

    Args:
        channels: with different names.
        statistical: errors of the samples as Poisson control counts, bin by bin and sample by sample (exact for
            counting experiments), or one Gaussian factor a bin for all samples together (Barlow-Beeston "lite",
            Comput. Phys. Commun. 77 (1993) 219), which is faster where samples are many.

    Returns:
        JSON values; `pyhf.Workspace` reads them.

    Raises:
        DataError: shapes differ, numbers are not finite, a bin or the whole signal is negative or empty, ...
        ConfigError: two channels or two samples of a channel share a name, or there are no backgrounds.

    >>> background = Sample("background", [1000.0], [50.0])
    >>> made = workspace([Channel("all", Sample("signal", [100.0]), [background], [1000.0])])
    >>> made["channels"][0]["samples"][1]["modifiers"]
    [{'name': 'stat_all_background', 'type': 'shapesys', 'data': [50.0]}]
    """
    if not channels:
        raise ConfigError("a likelihood needs at least one channel")
    _different("channels", [c.name for c in channels])
    made: Workspace = {"channels": [], "observations": [], "version": "1.0.0"}
    total = {"s": 0.0, "b": 0.0, "excess": 0.0, "variance": 0.0}
    for channel in channels:
        if not channel.backgrounds:
            raise ConfigError(f"the channel {channel.name} has no background")
        samples = [channel.signal, *channel.backgrounds]
        _different(f"samples of the channel {channel.name}", [s.name for s in samples])
        bins = len(np.atleast_1d(np.asarray(channel.signal.values)))
        read = [_sample(s, channel, bins, statistical) for s in samples]
        backgrounds = np.sum([r["data"] for r in read[1:]], axis=0)
        for row in read[1:]:
            # A bin without any background would make a likelihood of zero.
            row["data"] = [max(value, _TINY) for value in row["data"]]
        observed = (
            backgrounds if channel.observed is None else _numbers(channel.observed, bins, f"data of {channel.name}")
        )
        made["channels"].append({"name": channel.name, "samples": read})
        made["observations"].append({"name": channel.name, "data": observed.tolist()})
        total["s"] += sum(read[0]["data"])
        total["b"] += float(backgrounds.sum())
        total["excess"] += abs(float(observed.sum() - backgrounds.sum()))
        total["variance"] += sum(float(np.square(s.errors).sum()) for s in samples[1:] if s.errors is not None)
    if not total["s"] > 0:
        raise DataError("the signal has no expected events in any channel")
    largest = 10 * max(1.0, (np.sqrt(total["b"] + total["variance"]) + total["excess"] + 3) / total["s"])
    bounds = {"name": _STRENGTH, "bounds": [[0.0, float(largest)]], "inits": [1.0]}
    made["measurements"] = [{"name": "signal strength", "config": {"poi": _STRENGTH, "parameters": [bounds]}}]
    if any(c.observed is None for c in channels):
        made["measurements"][0]["name"] = _BLIND
    return made


_BLIND = "signal strength (no data: the observations are the expected background)"


def write_workspace(made: Workspace, path: str | PathLike[str]) -> Path:
    """Write a workspace as the JSON file that pyhf and its tools read."""
    return write_text(Path(path), json.dumps(made, indent=1, allow_nan=False) + "\n")


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
        if _blind(made):
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
    blind = _blind(made)

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


def _sample(sample: Sample, channel: Channel, bins: int, statistical: str) -> dict[str, Any]:
    where = f"{sample.name} in {channel.name}"
    values = _numbers(sample.values, bins, where)
    modifiers: list[dict[str, Any]] = []
    if sample is channel.signal:
        modifiers.append({"name": _STRENGTH, "type": "normfactor", "data": None})
    if sample.errors is not None and (errors := _numbers(sample.errors, bins, f"errors of {where}")).any():
        kind = "shapesys" if statistical == "poisson" else "staterror"
        name = f"stat_{channel.name}_{sample.name}" if statistical == "poisson" else f"stat_{channel.name}"
        modifiers.append({"name": name, "type": kind, "data": errors.tolist()})
    for name, size in sample.normalisation.items():
        down, up = size if isinstance(size, tuple) else (size, size)
        if not (np.isfinite([down, up]).all() and 0 <= down < 1 and up >= 0):
            raise DataError(f"the uncertainty {name} of {where} is {size}; needed: relative, 0.05 stands for 5%")
        modifiers.append({"name": name, "type": "normsys", "data": {"lo": 1 - down, "hi": 1 + up}})
    for name, pair in sample.shapes.items():
        low, high = (_numbers(x, bins, f"{name} of {where}").tolist() for x in pair)
        modifiers.append({"name": name, "type": "histosys", "data": {"lo_data": low, "hi_data": high}})
    return {"name": sample.name, "data": values.tolist(), "modifiers": modifiers}


def _numbers(given: ArrayLike, bins: int, what: str) -> NDArray[np.float64]:
    values = np.atleast_1d(np.asarray(given, np.float64))
    if values.shape != (bins,):
        raise DataError(f"{what}: {values.shape} numbers for {bins} bins")
    if not (np.isfinite(values) & (values >= 0)).all():
        raise DataError(
            f"{what}: negative, NaN or infinite events in the bins {np.flatnonzero(~(values >= 0)).tolist()}: "
            f"{values.tolist()}; merge bins, or use samples with fewer negative weights"
        )
    return values


def _different(what: str, names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        raise ConfigError(f"the {what} must have different names, not {', '.join(names)}")


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


def _blind(made: Workspace) -> bool:
    return bool(made["measurements"][0]["name"] == _BLIND)


def _asimov(model: Any, mu: float, pars: Sequence[float] | None = None) -> Any:
    """The data that everybody expects, with these nuisance parameters (nominal ones by default)."""
    chosen = [*(model.config.suggested_init() if pars is None else pars)]
    chosen[model.config.poi_index] = mu
    return model.expected_data(require("pyhf").tensorlib.astensor(chosen))
