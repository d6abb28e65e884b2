"""The N-subjettiness basis: as many observables as the phase space of M massless particles has dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.data import Events, Input, InputSpec
from kaon.data.jagged import cartesian, counts_of, segment_sum
from kaon.errors import ConfigError
from kaon.represent.base import Representation
from kaon.substructure.njettiness_basis import nsubjettiness_basis

__all__ = ["BETAS", "NSubjettiness", "basis_names", "nsubjettiness_features"]

BETAS = (0.5, 1.0, 2.0)
"""Angular exponents of the basis."""


def basis_names(bodies: int) -> list[str]:
    """Names of the 3 M - 4 observables that span M-body phase space, in the paper's order.

    >>> basis_names(3)
    ['tau_1_beta_0.5', 'tau_1_beta_1', 'tau_1_beta_2', 'tau_2_beta_1', 'tau_2_beta_2']

    Raises:
        ConfigError: fewer than two bodies.
    """
    if bodies < 2:
        raise ConfigError(f"bodies={bodies}; M-body phase space needs M >= 2")
    full = [f"tau_{n}_beta_{beta:g}" for n in range(1, bodies) for beta in BETAS]
    return [name for name in full if name != f"tau_{bodies - 1}_beta_{BETAS[0]:g}"]


def nsubjettiness_features(
    constituents: Any, bodies: int = 6, mass: bool = True, pt: bool = True
) -> NDArray[np.float32]:
    """{tau_1^(0.5), tau_1^(1), tau_1^(2), ..., tau_(M-2)^(2), tau_(M-1)^(1), tau_(M-1)^(2)}, jet mass and pT.

    Datta, Larkoski, https://arxiv.org/abs/1704.08249, with kT axes. All 0 for a jet without constituents;
    tau_N is 0 for a jet of N constituents or fewer.

    Args:
        constituents: jagged records with px, py, pz, E (GeV), (jets, constituents).
        bodies: M, at least 2.
        mass: add the jet mass, GeV.
        pt: add the jet's transverse momentum, GeV.

    Returns:
        (jets, 3 M - 4 and those two) float32.

    Raises:
        ConfigError: fewer than two bodies.
        DataError: momenta are NaN, infinite or beyond 1e18 GeV.
        MissingExtra: FastJet is not installed.
    """
    observables = len(basis_names(bodies))
    counts = counts_of(constituents)
    E, px, py, pz = (segment_sum(v, counts) for v in cartesian(constituents, ("E", "px", "py", "pz")))
    taus = nsubjettiness_basis(constituents, range(1, bodies), BETAS).reshape(len(counts), 3 * (bodies - 1))
    columns = [np.delete(taus, 3 * (bodies - 2), axis=1)]  # without the last tau^(0.5)
    assert columns[0].shape[1] == observables
    if mass:
        columns.append(kin.mass(E, px, py, pz)[:, None])
    if pt:
        columns.append(kin.transverse_momentum(px, py)[:, None])
    return np.concatenate(columns, axis=1).astype(np.float32)


class NSubjettiness(Representation):
    """The N-subjettiness basis of M-body phase space as one feature vector a jet, with the jet's mass and pT.

    Args:
        bodies: M, at least 2; 3 M - 4 observables.
        mass: add the jet mass, which sets the scale of the phase space.
        pt: add the jet's transverse momentum.

    Output: `features`, (jets, observables) float32: tau_N_beta_B dimensionless, jet_mass and jet_pt in GeV.
    """

    requires: ClassVar[tuple[str, ...]] = ("constituents",)
    standardised: ClassVar[tuple[str, ...]] = ("features",)

    def __init__(self, bodies: int = 6, mass: bool = True, pt: bool = True) -> None:
        basis_names(bodies)
        super().__init__(bodies=bodies, mass=mass, pt=pt)

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """One array: `features`."""
        return {"features": nsubjettiness_features(events["constituents"], **self.options)}

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """One input of named features."""
        extra = [name for name, used in (("jet_mass", self.options["mass"]), ("jet_pt", self.options["pt"])) if used]
        names = (*basis_names(self.options["bodies"]), *extra)
        return InputSpec((Input("features", (len(names),), features=names),))


VARIANTS = {
    "nsubjettiness_6": partial(NSubjettiness, bodies=6),
    "nsubjettiness_8": partial(NSubjettiness, bodies=8),
}
