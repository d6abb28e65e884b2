"""Razor variables of two visible objects and the missing transverse momentum, and super-razor variables."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.observables.momenta import boost, four_vectors, missing

__all__ = ["RazorVariables", "SuperRazorVariables", "razor", "super_razor"]

Floats = NDArray[np.float64]


class RazorVariables(NamedTuple):
    """What `razor` finds, (events,) each.

    Args:
        m_r: estimates the scale of the produced pair, (m_parent^2 - m_invisible^2) / m_parent, GeV.
        mt_r: transverse mass with the same endpoint, GeV.
        r: mt_r / m_r; near 0 for balanced objects and near 1 for a pair of decays with unseen particles.
    """

    m_r: Floats
    mt_r: Floats
    r: Floats


class SuperRazorVariables(NamedTuple):
    """What `super_razor` finds, (events,) each.

    Args:
        s_r: sqrt(s_R), estimate of the mass of the produced pair, GeV.
        m_delta_r: M_Delta^R, estimate of (m_parent^2 - m_invisible^2) / m_parent, GeV.
        dphi_r_b: azimuth between the visible pair in the razor frame and the boost to that frame, in [0, pi].
        cos_theta_r1: cosine of the decay angle of the first visible object in the frame R+1, in [-1, 1].
    """

    s_r: Floats
    m_delta_r: Floats
    dphi_r_b: Floats
    cos_theta_r1: Floats


def razor(a: Any, b: Any, met: Any) -> RazorVariables:
    """M_R, M_T^R and R.

    M_R^2 = (|p_a| + |p_b|)^2 - (p_z,a + p_z,b)^2; M_T^R2 = (MET (pT_a + pT_b) - MET . (pT_a + pT_b)) / 2.

    Rogan, https://arxiv.org/abs/1006.2727, in the form of CMS, https://arxiv.org/abs/1502.00300 (eq. 1 to 3), whose M_R
    does not change under boosts along the beam.

    Args:
        a, b: visible objects or hemispheres, (events, 4) of (E, px, py, pz), GeV; taken as massless.
        met: (events, 2) of (px, py), GeV.

    Returns:
        R is 0 where M_R is 0, which needs both objects along the beam and on one side.

    Raises:
        DataError: the shape of an argument.
    """
    first, second, towards = four_vectors(a, "a"), four_vectors(b, "b"), missing(met)
    size = np.linalg.norm(first[..., 1:], axis=-1) + np.linalg.norm(second[..., 1:], axis=-1)
    along = first[..., 3] + second[..., 3]
    m_r = np.sqrt(np.maximum((size - along) * (size + along), 0))
    scalar = np.hypot(first[..., 1], first[..., 2]) + np.hypot(second[..., 1], second[..., 2])
    total = first[..., 1:3] + second[..., 1:3]
    squared = np.hypot(towards[..., 0], towards[..., 1]) * scalar - (towards * total).sum(-1)
    mt_r = np.sqrt(np.maximum(squared, 0) / 2)
    return RazorVariables(m_r, mt_r, mt_r / np.where(m_r > 0, m_r, np.inf))


def super_razor(a: Any, b: Any, met: Any) -> SuperRazorVariables:
    """sqrt(s_R), M_Delta^R, dphi_R^beta and cos theta_(R+1).

    Buckley, Lykken, Rogan, Spiropulu, https://arxiv.org/abs/1310.4827, section 3: boost along the beam until the
    visible pair has no p_z; with the pair's energy E and momentum p there, and the recoil J = p + MET,

    s_R = 2 (E^2 - p.J + E sqrt(E^2 + J^2 - 2 p.J)),

    which is what the invisible system of the pair's mass makes of it; the boost J / sqrt(J^2 + s_R) leads to the frame
    R of the pair produced, and beta_(R+1) = (p_a - p_b) / (E_a + E_b) and its opposite lead to those of the two decays,
    where both visible objects have the same energy, M_Delta^R / 2.

    Args:
        a, b: visible objects, (events, 4) of (E, px, py, pz), GeV; taken as massless, as the paper does.
        met: (events, 2) of (px, py), GeV.

    Returns:
        Zeros where the visible objects vanish; angles of vanishing vectors are that of the x axis, cosines 0.

    Raises:
        DataError: the shape of an argument.
    """
    first, second = _massless(four_vectors(a, "a")), _massless(four_vectors(b, "b"))
    towards = missing(met)
    along = np.zeros_like(first[..., 1:])
    total = first + second
    along[..., 2] = -_ratio(total[..., 3], total[..., 0])
    first, second = boost(first, along), boost(second, along)
    total = first + second
    recoil = np.concatenate([total[..., 1:3] + towards, np.zeros_like(towards[..., :1])], axis=-1)
    E, J2, pJ = total[..., 0], (recoil**2).sum(-1), (total[..., 1:] * recoil).sum(-1)
    # |p - J| is the missing momentum: E^2 + J^2 - 2 p.J = E^2 - p^2 + MET^2 cannot be negative
    s = np.maximum(2 * (E**2 - pJ + E * np.sqrt(np.maximum(E**2 + J2 - 2 * pJ, 0))), 0)
    to_r = _ratio(recoil, np.sqrt(J2 + s)[..., None])
    first, second = boost(first, -to_r), boost(second, -to_r)
    pair = first + second
    dphi = np.abs(kin.delta_phi(kin.phi(pair[..., 1], pair[..., 2]), kin.phi(to_r[..., 0], to_r[..., 1])))
    beta = _ratio(first[..., 1:] - second[..., 1:], pair[..., :1])
    decay = boost(first, -beta)
    length = np.linalg.norm(decay[..., 1:], axis=-1) * np.linalg.norm(beta, axis=-1)
    cosine = _ratio((decay[..., 1:] * beta).sum(-1), length)
    return SuperRazorVariables(np.sqrt(s), 2 * decay[..., 0], dphi, np.clip(cosine, -1, 1))


def _massless(p: Floats) -> Floats:
    return np.concatenate([np.linalg.norm(p[..., 1:], axis=-1, keepdims=True), p[..., 1:]], axis=-1)


def _ratio(a: Floats, b: Floats) -> Floats:
    return a / np.where(b > 0, b, np.inf)
