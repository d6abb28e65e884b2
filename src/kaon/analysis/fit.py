"""From templates to a likelihood: which uncertainty becomes which modifier, and what the fit says."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.analysis.backgrounds.uncertain import Uncertain, summed
from kaon.analysis.config import AnalysisConfig
from kaon.analysis.entries import DATA
from kaon.analysis.templates import Statistical, Templates
from kaon.errors import KaonWarning
from kaon.evaluate.likelihood import Channel, Discovery, Sample, UpperLimit, discovery, upper_limit, workspace

__all__ = ["FitResult", "channels", "fit"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FitResult:
    """What the likelihood says.

    Args:
        workspace: in pyhf's JSON form.
        discovery: significance and signal strength.
        limit: on the signal strength; None if it was not asked for.
    """

    workspace: Mapping[str, Any]
    discovery: Discovery
    limit: UpperLimit | None


def fit(templates: Templates, config: AnalysisConfig) -> FitResult:
    """Build the likelihood and fit it.

    Raises:
        MissingExtra: pyhf is not installed.
        DataError: no signal, or the fit does not converge.
    """
    assert config.fit is not None
    made = workspace(channels(templates, config), statistical="gaussian")
    return FitResult(made, discovery(made), upper_limit(made) if config.fit.limit else None)


def channels(templates: Templates, config: AnalysisConfig) -> list[Channel]:
    """One channel a region.

    The statistical uncertainties of a bin are its own. Those of a control region reach every bin through one measured
    factor, so they are one nuisance parameter, `statistics_<region>`. A systematic uncertainty is one parameter
    everywhere, a relative one if all bins move alike. Bins in which nothing is expected are left out, and negative
    ones are set to zero; both with a warning.
    """
    assert config.fit is not None
    found = []
    for region, histogram in config.fit.regions.items():
        here = templates.histograms[histogram][region]
        backgrounds = {n: v for n, v in here.items() if n != DATA and n not in config.signals}
        bins = len(next(iter(here.values())))
        signal = summed([here[name] for name in config.signals], bins)
        everything = {"signal": signal, **backgrounds}
        kept = _usable(everything, region, histogram)
        observed = here.get(DATA)
        name = config.signals[0] if len(config.signals) == 1 else "signal"
        samples = {n: _sample(n, v, region, histogram, kept) for n, v in backgrounds.items() if v.values.any()}
        found.append(
            Channel(
                region,
                _sample(name, signal, region, histogram, kept),
                list(samples.values()),
                None if observed is None else observed.values[kept],
            )
        )
    return found


def _usable(samples: Mapping[str, Uncertain], region: str, histogram: str) -> NDArray[np.bool_]:
    """Bins in which something is expected, (bins,)."""
    negative = [
        f"{n} (bins {np.flatnonzero(v.values < 0).tolist()})" for n, v in samples.items() if (v.values < 0).any()
    ]
    if negative:
        message = f"{histogram} in {region} has negative bins, which the fit takes as zero: {', '.join(negative)}"
        warnings.warn(message, KaonWarning, stacklevel=4)
    kept = np.sum([v.floored.values for n, v in samples.items() if n != "signal"], axis=0) > 0
    if not kept.all():
        empty = np.flatnonzero(~kept).tolist()
        message = f"no background is expected in the bins {empty} of {histogram} in {region}; the fit leaves them out"
        warnings.warn(message, KaonWarning, stacklevel=4)
    return np.asarray(kept)


def _sample(name: str, found: Uncertain, region: str, histogram: str, kept: NDArray[np.bool_]) -> Sample:
    own, shared = np.zeros(len(found)), dict[str, dict[str, Array]]()
    for source, response in found.responses.items():
        title, process = str(source), ""
        if isinstance(source, Statistical):
            title, process = f"statistics_{source.region}", source.process
            if source.histogram == histogram and (len(found) > 1 or source.region == region):
                own += np.square(response).sum(axis=0)
                continue
        shared.setdefault(title, {})[process] = response[0]
    values = found.floored.values[kept]
    normalisation: dict[str, float] = {}
    shapes: dict[str, tuple[Array, Array]] = {}
    for title, rows in shared.items():
        step = _together(rows)[kept]
        relative = np.divide(step, values, out=np.full(len(step), np.nan), where=values > 0)
        known = relative[values > 0]
        if not step.any():
            continue
        if len(known) and np.ptp(known) < 1e-9 and 0 < known[0] < 1 and not step[values == 0].any():
            normalisation[title] = float(known[0])
        else:
            shapes[title] = np.maximum(values - step, 0), np.maximum(values + step, 0)
    return Sample(name, values, np.sqrt(own)[kept], normalisation, shapes)


def _together(rows: Mapping[str, Array]) -> Array:
    """Independent inputs that act through one number, as one: in quadrature, with the sign of the data among them."""
    stacked = np.stack(list(rows.values()))
    sign = rows[DATA] if DATA in rows else stacked[np.abs(stacked).sum(axis=1).argmax()]
    return np.asarray(np.sign(sign) * np.sqrt(np.square(stacked).sum(axis=0)))
