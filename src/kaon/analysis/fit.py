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
from kaon.analysis.measure import YIELD
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
    everywhere, a relative one if all bins move alike. Bins without any expected background are merged with those after
    them; what is negative even so is set to zero. Warnings tell of both.
    """
    assert config.fit is not None
    found = []
    for region, histogram in config.fit.regions.items():
        here = templates.histograms[histogram][region]
        bins = len(next(iter(here.values())))
        name = config.signals[0] if len(config.signals) == 1 else "signal"
        backgrounds = {n: v for n, v in here.items() if n != DATA and n not in config.signals}
        starts = _starts(summed(backgrounds.values(), bins).values)
        if len(starts) < bins:
            message = f"the fit merges bins of {histogram} in {region} without background: {len(starts)} are left"
            warnings.warn(message, KaonWarning, stacklevel=3)
        merged = {n: _merged(v, starts) for n, v in backgrounds.items() if v.values.any()}
        if negative := [n for n, v in merged.items() if (v.values < 0).any()]:
            message = f"{', '.join(negative)}: negative bins of {histogram} in {region}, which the fit takes as zero"
            warnings.warn(message, KaonWarning, stacklevel=3)
        signal = _sample(name, _merged(summed([here[n] for n in config.signals], bins), starts), region, histogram)
        observed = np.add.reduceat(here[DATA].values, starts) if DATA in here else None
        found.append(Channel(region, signal, [_sample(n, v, region, histogram) for n, v in merged.items()], observed))
    return found


def _starts(background: Array) -> list[int]:
    """First bins of groups that each hold some background, as fine as they can be."""
    starts, left = [0], 0.0
    for number, value in enumerate(background.tolist()):
        left += value
        if left > 0:
            starts, left = [*starts, number + 1], 0.0
    return starts[:-1] or [0]  # what is left over at the end belongs to the last group


def _merged(found: Uncertain, starts: list[int]) -> Uncertain:
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
    normalisation: dict[str, float] = {}
    shapes: dict[str, tuple[Array, Array]] = {}
    for title, rows in shared.items():
        step = _together(rows)
        relative = step[values > 0] / values[values > 0]
        if not step.any():
            continue
        if len(relative) and np.ptp(relative) < 1e-9 and 0 < relative[0] < 1 and not step[values == 0].any():
            normalisation[title] = float(relative[0])
        else:
            shapes[title] = np.maximum(values - step, 0), np.maximum(values + step, 0)
    return Sample(name, values, np.sqrt(own), normalisation, shapes)


def _together(rows: Mapping[str, Array]) -> Array:
    """Independent inputs that act through one number, as one: in quadrature, with the sign of the data among them."""
    stacked = np.stack(list(rows.values()))
    sign = rows[DATA] if DATA in rows else stacked[np.abs(stacked).sum(axis=1).argmax()]
    return np.asarray(np.sign(sign) * np.sqrt(np.square(stacked).sum(axis=0)))
