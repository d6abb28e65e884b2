"""Pseudo-data: events drawn from simulated ones as often as a luminosity says, with nothing that tells their process.

Drawn from their own simulation, they know nothing of the one that an analysis compares them with; and the rates of some
processes differ from it by hidden factors, so that an estimate which only repeats the simulation is found out.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import awkward as ak
import numpy as np

from kaon.data import Events, Provenance
from kaon.errors import ConfigError, DataError, KaonWarning, UnknownName

__all__ = ["PseudoData", "draw", "hidden_factors"]


@dataclass(frozen=True)
class PseudoData:
    """What was drawn, and what nobody shall know of it before the estimate is made.

    Args:
        data: the events without labels and weights, numbered anew; in a random order.
        truth: the same events with their process as label, and the column `expected`: how often the event was to be
            drawn.
        repeats: draws beyond the first of the same event.
    """

    data: Events
    truth: Events
    repeats: int


def hidden_factors(
    classes: Sequence[str],
    ranges: Mapping[str, tuple[float, float]],
    given: Mapping[str, float] | None,
    rng: np.random.Generator,
) -> dict[str, float]:
    """By how much the rate of each class is multiplied in pseudo-data.

    Args:
        classes: their names.
        ranges: beginning of the names of some classes -> range of the factor that these have in common, drawn evenly
            in its logarithm.
        given: beginning of names -> factor. If given, nothing is drawn, and all other classes have the factor 1.
        rng: source of randomness.

    Raises:
        UnknownName: no class begins so.
        ConfigError: a negative or infinite factor, or two for one class.

    >>> hidden_factors(("QCD", "Wenu", "Wmunu", "Zee"), {}, {"W": 1.5}, np.random.default_rng(0))
    {'QCD': 1.0, 'Wenu': 1.5, 'Wmunu': 1.5, 'Zee': 1.0}
    """
    if given is None:
        given = {name: float(np.exp(rng.uniform(*np.log(edges)))) for name, edges in ranges.items()}
    found: dict[str, float] = {}
    for beginning, factor in given.items():
        meant = [name for name in classes if name.startswith(beginning)]
        if not meant:
            raise UnknownName("class", beginning, classes)
        if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 0 <= factor < np.inf:
            raise ConfigError(f"the hidden factor {beginning}={factor!r} must be a number, 0 or more")
        if twice := sorted(found.keys() & set(meant)):
            raise ConfigError(f"there are two hidden factors for {', '.join(twice)}; give one")
        found |= dict.fromkeys(meant, float(factor))
    return {name: found.get(name, 1.0) for name in classes}


def draw(events: Events, rng: np.random.Generator) -> PseudoData:
    """Each event as often as its weight says: with this probability, if it is not above 1.

    The simulation went on until a fixed number of events was selected, which w = L sigma / generated knows of: drawn
    once with this probability, or not at all, their number in any region fluctuates as it does in real data. (A Poisson
    number of copies would fluctuate 1 + w times as much.) Above 1, an event is repeated as often as the integer part
    says, and once more with the probability of the rest.

    Args:
        events: with their class as label; the weight of each is how often it is to be drawn.
        rng: source of randomness.

    Warns:
        KaonWarning: events are repeated, which no real data do.

    Raises:
        DataError: a negative weight, or nothing is drawn at all.
    """
    expected = events.weights
    if len(expected) and not expected.min() >= 0:
        raise DataError(f"an event cannot be drawn {expected.min():.3g} times; negative weights make no pseudo-data")
    times = (np.floor(expected) + (rng.random(len(events)) < expected % 1)).astype(np.int64)
    if not times.any():
        raise DataError(
            f"no event of pseudo-data is drawn, {expected.sum():.2g} were expected; give a higher luminosity"
        )
    rows = rng.permutation(np.repeat(np.arange(len(events)), times))
    repeats = int(np.maximum(times - 1, 0).sum())
    if repeats > 0.01 * len(rows):
        warnings.warn(
            f"{repeats} of the {len(rows)} pseudo-data are repetitions of another one, because the luminosity is more "
            "than was simulated: their fluctuations are too large; simulate more events, or lower the luminosity",
            KaonWarning,
            stacklevel=2,
        )
    drawn = events.take(rows)
    bare = Events(drawn.array, provenance=Provenance("pseudo-data"))  # its own numbers, 0, 1, 2, ...
    truth = Events(
        ak.Array({"expected": expected[rows]}),
        target=drawn.labels,
        classes=drawn.classes,
        provenance=Provenance("truth of pseudo-data"),
    )
    return PseudoData(bare, truth, repeats)
