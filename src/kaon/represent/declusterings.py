"""A jet as a bag of words: how often each kind of splitting stands in its Cambridge/Aachen history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.data import Events, Input, InputSpec
from kaon.data.jagged import cartesian
from kaon.errors import ConfigError
from kaon.represent.base import Representation
from kaon.substructure.clustering import Histories, histories

__all__ = ["Declusterings", "splittings"]

_NAMES = ("mass", "heavier", "lighter", "kt", "angle")


def splittings(histories: Histories) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The observables of every splitting 0 -> 1 2, of which subjet 1 is the heavier.

    Returns:
        jet of each splitting, (splittings,), and (splittings, 5): m0 in GeV; m1 / m0; m2 / m1;
        min(pT1, pT2) dR12 / m0, the kT distance in units of the mass; dR12. A ratio with a vanishing mass is 0.
    """
    parent = np.flatnonzero(histories.inner)
    children = histories.flat_children
    E, *p = histories.momenta.T
    mass = kin.mass(E, *p)
    heavier_second = mass[children[:, 1]] > mass[children[:, 0]]
    children = np.where(heavier_second[:, None], children[:, ::-1], children)
    one, two = children.T
    angle = kin.delta_r(
        histories.rapidity[one], histories.azimuth[one], histories.rapidity[two], histories.azimuth[two]
    )
    kt = np.minimum(histories.pt[one], histories.pt[two]) * angle
    observables = [
        mass[parent],
        _ratio(mass[one], mass[parent]),
        _ratio(mass[two], mass[one]),
        _ratio(kt, mass[parent]),
        angle,
    ]
    return histories.owner[parent], np.stack(observables, axis=1)


class Declusterings(Representation):
    """Counts of splittings, binned in mass, mass drop, subjet mass ratio, kT distance and angle.

    After Dillon, Faroughy, Kamenik, https://arxiv.org/abs/1904.04200: a jet is undone step by step, following both
    subjets of each Cambridge/Aachen splitting down to the least mass, and each splitting is a word. Bins are chosen
    here, around the masses of W and top, and coarser than the published 92,000 or so, since a jet is kept as one row of
    counts.

    Args:
        mass: edges in m0, GeV; splittings below the first are left out, and the last bin has no upper end.
        heavier: inner edges in m1 / m0.
        lighter: inner edges in m2 / m1.
        kt: inner edges in min(pT1, pT2) dR12 / m0.
        angle: inner edges in dR12, radians.

    Output: `features`, (jets, words) float32, named by their bins: m3_h1_l0_k2_a1.

    Raises:
        ConfigError: edges that do not rise, or no edge in the mass.
    """

    requires: ClassVar[tuple[str, ...]] = ("constituents",)

    def __init__(
        self,
        mass: Sequence[float] = (30, 40, 50, 60, 70, 80, 90, 110, 135, 155, 170, 190, 230, 300),
        heavier: Sequence[float] = (0.3, 0.4, 0.5, 0.65, 0.8),
        lighter: Sequence[float] = (0.1, 0.3, 0.6),
        kt: Sequence[float] = (0.1, 0.25, 0.4),
        angle: Sequence[float] = (0.4,),
    ) -> None:
        edges = {"mass": mass, "heavier": heavier, "lighter": lighter, "kt": kt, "angle": angle}
        for name, values in edges.items():
            if (np.diff(values) <= 0).any() or not np.isfinite(values).all() or (name == "mass" and not len(values)):
                raise ConfigError(f"{name}={list(values)}; edges must rise, and the mass needs one at least")
        super().__init__(**{name: [float(edge) for edge in values] for name, values in edges.items()})

    @property
    def shape(self) -> tuple[int, ...]:
        """Bins of each observable."""
        return tuple(len(self.options[name]) + (name != "mass") for name in _NAMES)

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """One array: `features`.

        Raises:
            DataError: momenta are NaN, infinite or beyond 1e18 GeV, or lists are missing.
            MissingExtra: fastjet is not installed.
        """
        column = events["constituents"]
        cartesian(column)
        return {"features": np.concatenate([self._counts(some) for some in histories(column, "cambridge-aachen")])}

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """One input of words named by their bins."""
        bins = product(*(range(size) for size in self.shape))
        names = tuple("_".join(f"{name[0]}{i}" for name, i in zip(_NAMES, word, strict=True)) for word in bins)
        return InputSpec((Input("features", (len(names),), features=names),))

    def _counts(self, histories: Histories) -> NDArray[np.float32]:
        """How often each word stands in each jet, (jets, words)."""
        owner, values = splittings(histories)
        kept = values[:, 0] >= self.options["mass"][0]
        bins = [
            np.searchsorted(self.options[name], values[kept, i], side="right") - (name == "mass")
            for i, name in enumerate(_NAMES)
        ]
        word = np.ravel_multi_index(tuple(bins), self.shape)
        counts = np.zeros((len(histories), int(np.prod(self.shape))), np.float32)
        np.add.at(counts, (owner[kept], word), 1)
        return counts


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


VARIANTS = {"declusterings": Declusterings}
