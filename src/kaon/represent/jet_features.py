"""The classic substructure observables of a jet, computed from its constituents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.data import Events, Input, InputSpec
from kaon.data.jagged import cartesian, counts_of, segment_sum
from kaon.errors import UnknownName
from kaon.represent.base import Representation
from kaon.substructure import nsubjettiness

__all__ = ["OBSERVABLES", "JetFeatures", "jet_features"]

OBSERVABLES = {
    "jet_pt": "transverse momentum of the sum of the constituents, GeV",
    "jet_eta": "pseudorapidity of the sum",
    "jet_mass": "invariant mass of the sum, GeV",
    "multiplicity": "number of constituents",
    "girth": "sum_i pT_i dR_i / sum_i pT_i (1106.3076)",
    "ptd": "sqrt(sum_i pT_i^2) / sum_i pT_i (CMS-PAS-JME-13-002)",
    "leading_fraction": "pT of the hardest constituent / sum_i pT_i",
    "angularity_les": "Les Houches angularity sum_i z_i sqrt(dR_i) (1704.03878)",
    "tau1": "N-subjettiness tau_1, beta = 1 (1011.2268)",
    "tau21": "tau_2 / tau_1, and 0 where tau_1 = 0",
    "tau32": "tau_3 / tau_2, and 0 where tau_2 = 0",
}
"""Name -> meaning."""


def jet_features(constituents: Any, observables: Sequence[str] = tuple(OBSERVABLES)) -> NDArray[np.float32]:
    """The observables of each jet; all of them 0 for a jet without constituents.

    Args:
        constituents: jagged records with px, py, pz, E (GeV), (jets, constituents).
        observables: names out of `OBSERVABLES`; the tau need FastJet.

    Returns:
        (jets, observables) float32.

    Raises:
        DataError: momenta are NaN, infinite or beyond 1e18 GeV.
        UnknownName: no such observable.
        MissingExtra: a tau is asked for without FastJet.
    """
    for name in observables:
        if name not in OBSERVABLES:
            raise UnknownName("observable", name, OBSERVABLES)
    counts = counts_of(constituents)
    px, py, pz, E = cartesian(constituents)
    sums = [segment_sum(v, counts) for v in (px, py, pz, E)]
    jet_eta, jet_phi = kin.pseudorapidity(*sums[:3]), kin.phi(*sums[:2])
    pt = kin.transverse_momentum(px, py)
    scalar = segment_sum(pt, counts)
    share = pt / np.repeat(np.where(scalar > 0, scalar, 1.0), counts)
    distance = kin.delta_r(
        kin.pseudorapidity(px, py, pz), kin.phi(px, py), np.repeat(jet_eta, counts), np.repeat(jet_phi, counts)
    )
    made = {
        "jet_pt": kin.transverse_momentum(*sums[:2]),
        "jet_eta": jet_eta,
        "jet_mass": kin.mass(sums[3], *sums[:3]),
        "multiplicity": counts.astype(float),
        "girth": segment_sum(share * distance, counts),
        "ptd": np.sqrt(segment_sum(share**2, counts)),
        "leading_fraction": _maximum(share, counts),
        "angularity_les": segment_sum(share * np.sqrt(distance), counts),
    }
    if any(name.startswith("tau") for name in observables):
        tau = nsubjettiness(constituents, (1, 2, 3))
        made |= {"tau1": tau[:, 0], "tau21": _ratio(tau[:, 1], tau[:, 0]), "tau32": _ratio(tau[:, 2], tau[:, 1])}
    if not observables:
        return np.zeros((len(counts), 0), np.float32)
    return np.stack([made[name] for name in observables], axis=1).astype(np.float32)


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _maximum(values: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Largest entry of each event; 0 for an event without entries."""
    largest = np.zeros(len(counts))
    filled = counts > 0
    if filled.any():
        starts = (np.cumsum(counts) - counts)[filled]
        largest[filled] = np.maximum.reduceat(values, starts)
    return largest


class JetFeatures(Representation):
    """The classic substructure observables as one feature vector a jet.

    Args:
        observables: names out of `OBSERVABLES`.

    Output: `features`, (jets, observables) float32.
    """

    requires: ClassVar[tuple[str, ...]] = ("constituents",)
    standardised: ClassVar[tuple[str, ...]] = ("features",)

    def __init__(self, observables: Sequence[str] = tuple(OBSERVABLES)) -> None:
        super().__init__(observables=list(observables))

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """One array: `features`."""
        return {"features": jet_features(events["constituents"], self.options["observables"])}

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """One input of named features."""
        names = tuple(self.options["observables"])
        return InputSpec((Input("features", (len(names),), features=names),))


VARIANTS = {"jet_features": JetFeatures}
