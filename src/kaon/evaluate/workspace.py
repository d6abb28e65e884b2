"""A binned likelihood as a workspace in pyhf's JSON form: channels of a signal and backgrounds, and uncertainties.

A channel is a histogram: a signal, backgrounds, and the data if there are any. The signal is scaled by the strength
`mu`; backgrounds move with their uncertainties. The model is HistFactory (CERN-OPEN-2012-016).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kaon.errors import ConfigError, DataError
from kaon.files import write_text

__all__ = ["Channel", "Sample", "Workspace", "is_blind", "workspace", "write_workspace"]

Workspace: TypeAlias = dict[str, Any]

_STRENGTH = "mu"
_BLIND = "signal strength (no data: the observations are the expected background)"
_TINY = 1e-9
"""Expected events of a bin that holds none: a likelihood needs more than zero."""


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


def write_workspace(made: Workspace, path: str | PathLike[str]) -> Path:
    """Write a workspace as the JSON file that pyhf and its tools read."""
    return write_text(Path(path), json.dumps(made, indent=1, allow_nan=False) + "\n")


def is_blind(made: Workspace) -> bool:
    """Whether a channel has no data, so that its expected background stands for them."""
    return bool(made["measurements"][0]["name"] == _BLIND)


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
