"""The constituents of a jet as an unordered set of points with features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.data import Events, Input, InputSpec
from kaon.data.jagged import cartesian, counts_of, pad, padded_length, segment_sum
from kaon.errors import ConfigError, UnknownName
from kaon.represent.base import Representation

__all__ = ["FEATURES", "PointCloud", "point_features"]

FEATURES = {
    "log_pt": "ln pT, pT in GeV",
    "log_e": "ln E, E in GeV",
    "log_pt_fraction": "ln pT / pT(jet)",
    "log_e_fraction": "ln E / E(jet)",
    "dr": "distance from the jet axis in (eta, phi)",
    "deta": "eta - eta(jet)",
    "dphi": "phi - phi(jet)",
    "z": "pT / (scalar sum of the pT of all constituents)",
}
"""Name -> meaning. The jet is the four-vector sum of all its constituents."""

SEVEN = ("log_pt", "log_e", "log_pt_fraction", "log_e_fraction", "dr", "deta", "dphi")

MOMENTUM = ("E", "px", "py", "pz")

_TINY = 1e-8
"""Momenta below this many GeV count as this much in a logarithm."""


def point_features(constituents: Any, names: Sequence[str] = SEVEN, *, outward: bool = False) -> NDArray[np.float32]:
    """Features of every constituent, relative to its jet, (all constituents, features) float32.

    Qu, Gouskos, https://arxiv.org/abs/1902.08570, table 2.

    Args:
        constituents: jagged records with px, py, pz, E (GeV), (jets, constituents).
        names: out of `FEATURES`.
        outward: turn the sign of deta where the jet's eta is negative, so that it points away from the centre of the
            detector: a mirrored collision gives the same features.

    Raises:
        DataError: momenta are NaN, infinite or beyond 1e18 GeV.
        UnknownName: no such feature.
    """
    for name in names:
        if name not in FEATURES:
            raise UnknownName("feature", name, FEATURES)
    counts = counts_of(constituents)
    px, py, pz, E = cartesian(constituents)
    jet = [np.repeat(segment_sum(v, counts), counts) for v in (px, py, pz, E)]
    pt = kin.transverse_momentum(px, py)
    scalar = np.repeat(segment_sum(pt, counts), counts)
    axis = kin.pseudorapidity(*jet[:3])
    deta = kin.pseudorapidity(px, py, pz) - axis
    if outward:
        deta = np.where(axis < 0, -deta, deta)
    dphi = kin.delta_phi(kin.phi(px, py), kin.phi(*jet[:2]))

    def log(x: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(np.log(np.maximum(x, _TINY)))

    make: dict[str, Callable[[], NDArray[Any]]] = {
        "log_pt": lambda: log(pt),
        "log_e": lambda: log(E),
        "log_pt_fraction": lambda: log(pt) - log(kin.transverse_momentum(*jet[:2])),
        "log_e_fraction": lambda: log(E) - log(jet[3]),
        "dr": lambda: np.hypot(deta, dphi),
        "deta": lambda: deta,
        "dphi": lambda: dphi,
        "z": lambda: pt / np.where(scalar > 0, scalar, 1.0),
    }
    return np.stack([make[name]() for name in names], axis=1).astype(np.float32)


class PointCloud(Representation):
    """The hardest constituents as a padded set.

    Args:
        constituents: how many are kept at most: the first, which are the hardest, since constituents are ordered by
            pT. The arrays are as wide as the largest jet needs.
        features: names out of `FEATURES`.
        standardise: fit shift and scale of the features on the training jets.
        momenta: give the four-momenta as well.
        outward: count deta away from the centre of the detector, as weaver-core's examples do.

    Output: `points` (jets, constituents, 2) float32, (deta, dphi) from the jet axis; `features`
    (jets, constituents, features) float32; where asked for `momenta` (jets, constituents, 4) float32, (E, px, py, pz)
    in GeV; `mask` (jets, constituents) bool, True for real constituents.
    """

    requires: ClassVar[tuple[str, ...]] = ("constituents",)

    def __init__(
        self,
        constituents: int = 128,
        features: Sequence[str] = SEVEN,
        standardise: bool = True,
        momenta: bool = False,
        outward: bool = False,
    ) -> None:
        if constituents < 1:
            raise ConfigError(f"constituents={constituents}; at least one is needed")
        super().__init__(
            constituents=constituents,
            features=list(features),
            standardise=standardise,
            momenta=momenta,
            outward=outward,
        )
        self.standardised = ("features",) if standardise else ()  # type: ignore[misc]  # an option here

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """The arrays: `points`, `features`, perhaps `momenta`, `mask`."""
        column = events["constituents"]
        counts = counts_of(column)
        names = ["deta", "dphi", *self.options["features"]]
        length = padded_length(counts, self.options["constituents"])
        padded, mask = pad(point_features(column, names, outward=self.options["outward"]), counts, length)
        made = {"points": padded[..., :2].copy(), "features": padded[..., 2:].copy()}
        if self.options["momenta"]:
            made["momenta"], _ = pad(np.stack(cartesian(column, MOMENTUM), axis=1), counts, length)
        return made | {"mask": mask}

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """Inputs that share the dynamic axis `constituents`."""
        names = tuple(self.options["features"])
        inputs = [
            Input("points", ("constituents", 2), features=("deta", "dphi")),
            Input("features", ("constituents", len(names)), features=names),
        ]
        if self.options["momenta"]:
            inputs.append(Input("momenta", ("constituents", 4), features=MOMENTUM))
        return InputSpec((*inputs, Input("mask", ("constituents",), dtype="bool")))


VARIANTS = {
    "point_cloud": PointCloud,
    "momentum_fractions": partial(PointCloud, features=("z", "deta", "dphi")),
    "particles": partial(PointCloud, momenta=True),
}
