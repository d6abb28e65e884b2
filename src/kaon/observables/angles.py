"""Angles between two visible objects and the missing transverse momentum."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.observables.momenta import four_vectors, missing

__all__ = ["sum_cos_delta_phi", "sum_delta_phi"]

Floats = NDArray[np.float64]


def sum_delta_phi(a: Any, b: Any, met: Any) -> Floats:
    """|dphi(a, met)| + |dphi(b, met)|, (events,), radians, in [0, 2 pi].

    In W -> l nu the missing momentum points away from the jet that passes for a tau, in Z -> tau tau it lies between
    the two: ATLAS, Measurement of the Z -> tau tau cross section, https://arxiv.org/abs/1108.2016, section 5.

    Args:
        a, b: (events, 4) of (E, px, py, pz), GeV.
        met: (events, 2) of (px, py), GeV; its azimuth is 0 where it is zero, and so is that of an object at rest.

    Raises:
        DataError: the shape of an argument.

    >>> float(sum_delta_phi([[1, 1, 0, 0]], [[1, -1, 0, 0]], [[0, 5]])[0] / np.pi)
    1.0
    """
    one, other = _separations(a, b, met)
    return np.abs(one) + np.abs(other)


def sum_cos_delta_phi(a: Any, b: Any, met: Any) -> Floats:
    """cos dphi(a, met) + cos dphi(b, met), (events,), in [-2, 2].

    Positive where the missing momentum lies between the visible objects, negative where it is opposite to them: ATLAS,
    https://arxiv.org/abs/1108.2016, section 5, which selects Z -> tau tau by a value above -0.15.

    Args:
        a, b, met: as for `sum_delta_phi`.

    Raises:
        DataError: the shape of an argument.

    >>> float(sum_cos_delta_phi([[1, 1, 0, 0]], [[1, 1, 0, 0]], [[3, 0]])[0])
    2.0
    """
    one, other = _separations(a, b, met)
    return np.cos(one) + np.cos(other)


def _separations(a: Any, b: Any, met: Any) -> tuple[Floats, Floats]:
    towards = missing(met)
    azimuth = kin.phi(towards[..., 0], towards[..., 1])
    first, second = four_vectors(a, "a"), four_vectors(b, "b")
    one = kin.delta_phi(kin.phi(first[..., 1], first[..., 2]), azimuth)
    other = kin.delta_phi(kin.phi(second[..., 1], second[..., 2]), azimuth)
    return one, other
