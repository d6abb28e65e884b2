"""From templates to a likelihood: which uncertainty becomes which modifier, and what the fit says."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.analysis.backgrounds.uncertain import Uncertain, summed
from kaon.analysis.config import AnalysisConfig
from kaon.analysis.entries import DATA
from kaon.analysis.measure import YIELD
from kaon.analysis.templates import Statistical, Templates
from kaon.errors import KaonWarning
from kaon.evaluate.likelihood import Discovery, UpperLimit, discovery, upper_limit
from kaon.evaluate.workspace import Channel, Sample, workspace

__all__ = ["Adjustment", "FitResult", "adjustments", "channels", "fit"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Adjustment:
    """What the fit does to the bins of a region, which a likelihood could not take as they are.

    Args:
        histogram: that is fitted there.
        bins: of the histogram.
        starts: first bins of the groups that are merged; as many as bins if none are.
        negative: backgrounds that are below zero in bins so merged; the fit takes zero there.
    """

    histogram: str
    bins: int
    starts: tuple[int, ...]
    negative: tuple[str, ...]


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
    everywhere, a relative one if all bins move alike. Bins without any expected background are merged with those after
    them; what is negative even so is set to zero. Warnings tell of both.
    """
    assert config.fit is not None
    found = []
    for region, change in adjustments(templates, config).items():
        histogram, here = change.histogram, templates.histograms[change.histogram][region]
        if len(change.starts) < change.bins:
            message = (
                f"the fit merges bins of {histogram} in {region} without background: {len(change.starts)} are left"
            )
            warnings.warn(message, KaonWarning, stacklevel=3)
        if change.negative:
            names = ", ".join(change.negative)
            message = f"{names}: negative bins of {histogram} in {region}, which the fit takes as zero"
            warnings.warn(message, KaonWarning, stacklevel=3)
        name = config.signals[0] if len(config.signals) == 1 else "signal"
        total = summed([here[n] for n in config.signals], change.bins)
        signal = _sample(name, _merged(total, change.starts), region, histogram)
        made = {n: _merged(v, change.starts) for n, v in _backgrounds(here, config).items() if v.values.any()}
        observed = np.add.reduceat(here[DATA].values, change.starts) if DATA in here else None
        found.append(Channel(region, signal, [_sample(n, v, region, histogram) for n, v in made.items()], observed))
    return found


def adjustments(templates: Templates, config: AnalysisConfig) -> dict[str, Adjustment]:
    """What the fit does to the bins of each of its regions; nothing without a fit."""
    found = {}
    for region, histogram in config.fit.regions.items() if config.fit is not None else ():
        here = templates.histograms[histogram][region]
        bins, backgrounds = len(next(iter(here.values()))), _backgrounds(here, config)
        starts = _starts(summed(backgrounds.values(), bins).values)
        negative = tuple(n for n, v in backgrounds.items() if (_merged(v, starts).values < 0).any())
        found[region] = Adjustment(histogram, bins, tuple(starts), negative)
    return found


def _backgrounds(found: Mapping[str, Uncertain], config: AnalysisConfig) -> dict[str, Uncertain]:
    return {name: value for name, value in found.items() if name != DATA and name not in config.signals}


def _starts(background: Array) -> list[int]:
    """First bins of groups that each hold some background, as fine as they can be."""
    starts, left = [0], 0.0
    for number, value in enumerate(background.tolist()):
        left += value
        if left > 0:
            starts, left = [*starts, number + 1], 0.0
    return starts[:-1] or [0]  # what is left over at the end belongs to the last group


def _merged(found: Uncertain, starts: Sequence[int]) -> Uncertain:
    responses = {source: np.add.reduceat(r, starts, axis=1) for source, r in found.responses.items()}
    return Uncertain(np.add.reduceat(found.values, starts), responses)


def _sample(name: str, found: Uncertain, region: str, histogram: str) -> Sample:
    own, shared = np.zeros(len(found)), dict[str, dict[str, Array]]()
    for source, response in found.responses.items():
        title, process = str(source), ""
        if isinstance(source, Statistical):
            title, process = f"statistics_{source.region}", source.process
            if source.histogram == histogram and (histogram != YIELD or source.region == region):
                own += np.square(response).sum(axis=0)
                continue
        shared.setdefault(title, {})[process] = response[0]
    values = found.floored.values
    normalisation: dict[str, float | tuple[float, float]] = {}
    shapes: dict[str, tuple[Array, Array]] = {}
    for title, rows in shared.items():
        step = _together(rows)
        relative = step[values > 0] / values[values > 0]
        if not step.any():
            continue
        if len(relative) and np.ptp(relative) < 1e-9 and relative[0] > 0 and not step[values == 0].any():
            size = float(relative[0])  # from 100% on, down is the same factor as up, which leaves something of the rate
            normalisation[title] = size if size < 1 else (size / (1 + size), size)
        else:
            shapes[title] = np.maximum(values - step, 0), np.maximum(values + step, 0)
    return Sample(name, values, np.sqrt(own), normalisation, shapes)


def _together(rows: Mapping[str, Array]) -> Array:
    """Independent inputs that act through one number, as one: in quadrature, with the sign of the data among them."""
    stacked = np.stack(list(rows.values()))
    sign = rows[DATA] if DATA in rows else stacked[np.abs(stacked).sum(axis=1).argmax()]
    return np.asarray(np.sign(sign) * np.sqrt(np.square(stacked).sum(axis=0)))
