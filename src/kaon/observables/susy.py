"""The ten variables that a physicist makes of two leptons and missing momentum, as in the SUSY benchmark."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.observables.momenta import four_vectors, missing, plane
from kaon.observables.razor import razor, super_razor
from kaon.observables.stransverse import mt2

__all__ = ["axial_missing", "relative_missing", "susy_variables"]

Floats = NDArray[np.float64]


def relative_missing(lepton1: Any, lepton2: Any, met: Any) -> Floats:
    """MET_rel, (events,), GeV: MET, or its part across the nearer lepton where that is less than 90 degrees away.

    A mismeasured lepton makes missing momentum along itself: ATLAS, https://arxiv.org/abs/1208.2884, section 4 (where
    jets count as well).

    Args:
        lepton1, lepton2: (events, 4) of (E, px, py, pz), GeV.
        met: (events, 2) of (px, py), GeV.

    Raises:
        DataError: the shape of an argument.
    """
    towards = missing(met)
    size = np.hypot(towards[..., 0], towards[..., 1])
    least = size
    for name, lepton in (("lepton1", lepton1), ("lepton2", lepton2)):
        p = plane(four_vectors(lepton, name))
        pt = np.hypot(p[..., 0], p[..., 1])
        across = np.abs(towards[..., 0] * p[..., 1] - towards[..., 1] * p[..., 0]) / np.where(pt > 0, pt, np.inf)
        least = np.where(((towards * p).sum(-1) > 0), np.minimum(least, across), least)
    return least


def axial_missing(lepton1: Any, lepton2: Any, met: Any) -> Floats:
    """The part of MET along the vector sum of the leptons' pT, (events,), GeV; negative where it is opposite to it.

    Baldi, Sadowski, Whiteson, https://arxiv.org/abs/1402.4735.

    Args:
        lepton1, lepton2: (events, 4) of (E, px, py, pz), GeV.
        met: (events, 2) of (px, py), GeV.

    Returns:
        0 where the leptons' momenta cancel.

    Raises:
        DataError: the shape of an argument.
    """
    total = plane(four_vectors(lepton1, "lepton1")) + plane(four_vectors(lepton2, "lepton2"))
    size = np.hypot(total[..., 0], total[..., 1])
    along: Floats = (total * missing(met)).sum(-1) / np.where(size > 0, size, np.inf)
    return along


def susy_variables(lepton1: Any, lepton2: Any, met: Any) -> dict[str, Floats]:
    """The ten high-level variables of UCI SUSY by name and in its order, (events,) each.

    Baldi, Sadowski, Whiteson, https://arxiv.org/abs/1402.4735: MET_rel, axial MET, the razor variables M_R, M_T^R and
    R, M_T2 with massless invisible particles, and the super-razor variables, of cos theta_(R+1) the absolute value:
    that is what the public file holds, and which lepton is the first should not matter.

    Args:
        lepton1, lepton2: by falling pT, (events, 4) of (E, px, py, pz), GeV.
        met: (events, 2) of (px, py), GeV.

    Raises:
        DataError: the shape of an argument.
    """
    m_r, mt_r, r = razor(lepton1, lepton2, met)
    found = super_razor(lepton1, lepton2, met)
    return {
        "met_rel": relative_missing(lepton1, lepton2, met),
        "axial_met": axial_missing(lepton1, lepton2, met),
        "m_r": m_r,
        "m_tr_2": mt_r,
        "r": r,
        "mt2": mt2(lepton1, lepton2, met),
        **found._replace(cos_theta_r1=np.abs(found.cos_theta_r1))._asdict(),
    }
