"""Masses of two objects and the missing transverse momentum."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.observables.momenta import four_vectors, invariant_mass, missing, plane, pt

__all__ = ["collinear_mass", "total_transverse_momentum", "transverse_mass", "visible_mass"]

Floats = NDArray[np.float64]


def transverse_mass(lepton: Any, met: Any) -> Floats:
    """m_T = sqrt(2 pT MET (1 - cos dphi)), (events,), GeV; 0 where either vanishes.

    Both are taken as massless: Particle Data Group, Kinematics, section 49.6, https://pdg.lbl.gov. For W -> l nu at
    rest in the transverse plane m_T <= m_W.

    Args:
        lepton: (events, 4) of (E, px, py, pz), GeV.
        met: (events, 2) of (px, py), GeV.

    Raises:
        DataError: the shape of an argument.

    >>> transverse_mass([[40, 40, 0, 0]], [[-40, 0]]).tolist()
    [80.0]
    """
    direction, towards = plane(four_vectors(lepton, "lepton")), missing(met)
    product = np.hypot(direction[..., 0], direction[..., 1]) * np.hypot(towards[..., 0], towards[..., 1])
    squared: Floats = 2 * np.maximum(product - (direction * towards).sum(-1), 0)
    return np.sqrt(squared)


def visible_mass(a: Any, b: Any) -> Floats:
    """Mass of two visible objects, sqrt((p_a + p_b)^2), (events,), GeV.

    For tau pairs it needs no assumption on the neutrinos, and is less than the mass of what decayed.

    Args:
        a, b: (events, 4) of (E, px, py, pz), GeV.

    Raises:
        DataError: the shape of an argument.
    """
    return invariant_mass(four_vectors(a, "a") + four_vectors(b, "b"))


def total_transverse_momentum(a: Any, b: Any, met: Any) -> Floats:
    """|pT_a + pT_b + MET|, (events,), GeV: that of a Z or Higgs boson that decays to a, b and neutrinos.

    Args:
        a, b: (events, 4) of (E, px, py, pz), GeV.
        met: (events, 2) of (px, py), GeV.

    Raises:
        DataError: the shape of an argument.
    """
    total = plane(four_vectors(a, "a")) + plane(four_vectors(b, "b")) + missing(met)
    return np.hypot(total[..., 0], total[..., 1])


def collinear_mass(a: Any, b: Any, met: Any) -> Floats:
    """Mass of a tau pair whose neutrinos fly along the visible products, (events,), GeV; NaN without such a solution.

    MET = (1/x_a - 1) pT_a + (1/x_b - 1) pT_b has one solution for the momentum fractions x of the visible products, and
    the neutrinos' momenta are those multiples of the visible ones. Physical are 0 < x <= 1. Ellis, Hinchliffe, Soldate,
    van der Bij, Nucl. Phys. B 297 (1988) 221, https://doi.org/10.1016/0550-3213(88)90019-3. The total is formed as
    p_a / x_a + p_b / x_b, so that for massless a, b it is m_vis / sqrt(x_a x_b).

    Args:
        a, b: visible products of the taus, (events, 4) of (E, px, py, pz), GeV.
        met: (events, 2) of (px, py), GeV.

    Returns:
        NaN where a fraction is not physical, and where a and b are parallel or opposite in the transverse plane (or at
        rest), so that the fractions are not determined.

    Raises:
        DataError: the shape of an argument.
    """
    first, second, towards = four_vectors(a, "a"), four_vectors(b, "b"), missing(met)
    one, other = plane(first), plane(second)
    area = _cross(one, other)
    with np.errstate(divide="ignore", invalid="ignore"):
        # how many times its visible momentum the neutrinos of each tau carry
        extra_one, extra_other = _cross(towards, other) / area, _cross(one, towards) / area
    determined = np.abs(area) > 1e-12 * pt(first) * pt(second)
    physical = determined & (extra_one >= 0) & (extra_other >= 0)
    stretch = [np.where(physical, 1 + x, np.nan)[..., None] for x in (extra_one, extra_other)]
    return invariant_mass(first * stretch[0] + second * stretch[1])


def _cross(a: Floats, b: Floats) -> Floats:
    product: Floats = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return product
