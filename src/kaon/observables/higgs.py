"""The seven masses of the HIGGS benchmark: a lepton, missing momentum, and four jets of which two are from b quarks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.errors import DataError
from kaon.observables.momenta import four_vectors, invariant_mass, missing, plane

__all__ = ["TOP_MASS", "W_MASS", "higgs_masses", "neutrino"]

Floats = NDArray[np.float64]

W_MASS = 80.4
"""GeV."""
TOP_MASS = 175.0
"""GeV, as the public file has it: with this value 99 % of its `m_jjj` come out, with 172.5 it is 97.5 %."""


def neutrino(lepton: Any, met: Any, mass: float = W_MASS) -> Floats:
    """The neutrino of W -> l nu from the W mass, (events, 4) of (E, px, py, pz), GeV.

    (p_l + p_nu)^2 = m_W^2 with the neutrino's pT = MET is quadratic in its p_z. Of two solutions the one of smaller
    |p_z| is taken. Where m_T > m_W there is none, and the neutrino gets the lepton's pseudorapidity, so that the mass
    of both is m_T, the nearest possible.

    Args:
        lepton: (events, 4) of (E, px, py, pz), GeV; taken as massless.
        met: (events, 2) of (px, py), GeV.
        mass: of the W, GeV.

    Returns:
        p_z is 0 for a lepton without transverse momentum.

    Raises:
        DataError: the shape of an argument.
    """
    p, towards = four_vectors(lepton, "lepton"), missing(met)
    pt, size = np.hypot(p[..., 1], p[..., 2]), np.hypot(towards[..., 0], towards[..., 1])
    with np.errstate(divide="ignore", invalid="ignore"):
        sinh = np.where(pt > 0, p[..., 3] / pt, 0.0)  # of the lepton's pseudorapidity
        mu = np.where(pt > 0, (mass**2 / 2 + (plane(p) * towards).sum(-1)) / pt, 0.0)
    root = np.hypot(1, sinh) * np.sqrt(np.maximum(mu**2 - size**2, 0))
    # The solutions are mu sinh -+ root: the smaller one has the opposite sign of the root.
    solution = mu * sinh - np.copysign(root, sinh * mu)
    pz = np.where(mu >= size, solution, size * sinh)
    return np.stack([np.hypot(size, pz), towards[..., 0], towards[..., 1], pz], axis=-1)


def higgs_masses(lepton: Any, met: Any, jets: Any, b_tag: Any) -> dict[str, Floats]:
    """The seven masses of UCI HIGGS by name and in its order, (events,) each, GeV.

    Baldi, Sadowski, Whiteson, https://arxiv.org/abs/1402.4735, for H -> W H+ -> W W h -> l nu j j b b against a pair of
    top quarks. The paper leaves open which jets make which mass; the choices below are those that give back the columns
    of the public file from its other columns:

    | name | of |
    |---|---|
    | `m_jj` | the two jets that are not b-jets |
    | `m_jjj` | these and the b-jet that brings the mass nearer to the top quark's |
    | `m_lv` | lepton and `neutrino` |
    | `m_jlv` | these and the other b-jet |
    | `m_bb` | the two b-jets |
    | `m_wbb` | the b-jets and one W, jj or l nu: the larger of the two masses |
    | `m_wwbb` | the b-jets and both |

    The b-jets are the two of the highest `b_tag`, the earlier one at equal values. In a third of its events the file
    takes the pair jj from more than the four jets that it holds; and of two solutions for the neutrino it takes the
    smaller |p_z| in 60 % only.

    Args:
        lepton: (events, 4) of (E, px, py, pz), GeV.
        met: (events, 2) of (px, py), GeV.
        jets: by falling pT, (events, 4, 4) of (E, px, py, pz), GeV.
        b_tag: the larger, the more like a b-jet, (events, 4).

    Raises:
        DataError: the shape of an argument.
    """
    four, tags = four_vectors(jets, "jets"), np.asarray(b_tag, np.float64)
    if four.ndim < 2 or four.shape[-2] != 4 or tags.shape != four.shape[:-1]:
        raise DataError(f"jets are of {four.shape} and b_tag of {tags.shape}; needed: (events, 4, 4) and (events, 4)")
    order = np.argsort(-tags, axis=-1, kind="stable")
    b1, b2, j1, j2 = np.moveaxis(np.take_along_axis(four, order[..., None], axis=-2), -2, 0)
    jj, bb, lv = j1 + j2, b1 + b2, four_vectors(lepton, "lepton") + neutrino(lepton, met)
    one, other = invariant_mass(jj + b1), invariant_mass(jj + b2)
    first = np.abs(one - TOP_MASS) <= np.abs(other - TOP_MASS)
    return {
        "m_jj": invariant_mass(jj),
        "m_jjj": np.where(first, one, other),
        "m_lv": invariant_mass(lv),
        "m_jlv": invariant_mass(lv + np.where(first[..., None], b2, b1)),
        "m_bb": invariant_mass(bb),
        "m_wbb": np.maximum(invariant_mass(jj + bb), invariant_mass(lv + bb)),
        "m_wwbb": invariant_mass(jj + bb + lv),
    }
