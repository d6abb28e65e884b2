"""Lund planes: the declusterings of a jet, as it is undone along its harder branch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.errors import UnknownName
from kaon.substructure.clustering import Histories

__all__ = ["COORDINATES", "lund_declusterings"]

COORDINATES = {
    "log_inverse_delta": "ln 1 / Delta, Delta the distance of the two branches in rapidity and azimuth",
    "log_kt": "ln kT, kT = pT(softer) Delta in GeV",
    "log_inverse_z": "ln 1 / z, z = pT(softer) / (pT(softer) + pT(harder))",
    "log_kappa": "ln kappa, kappa = z Delta",
    "log_mass": "ln m, m the invariant mass of the two branches in GeV",
    "psi": "azimuth of the softer branch about the harder one, atan2(dphi, dy), radians",
}
"""Name -> meaning."""

_SMALL = 1e-6
"""Angles, momenta and masses (radians, GeV) below this count as this in a logarithm: collinear branches exist."""


def lund_declusterings(
    histories: Histories, names: tuple[str, ...] = tuple(COORDINATES)
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Coordinates of the primary declusterings of each jet, from its root on.

    Dreyer, Salam, Soyez, https://arxiv.org/abs/1807.04758. The trees should be those of
    Cambridge/Aachen for what is derived there, but those of any algorithm can be read.

    Args:
        histories: of `kaon.substructure.clustering.cluster`.
        names: out of `COORDINATES`.

    Returns:
        (declusterings, names), the jets one after another, and how many each jet has, (jets,).

    Raises:
        UnknownName: no such coordinate.
    """
    for name in names:
        if name not in COORDINATES:
            raise UnknownName("coordinate", name, COORDINATES)
    h = histories
    # In preorder, with the harder child first, the primary branch is where depth and place agree.
    primary = (h.depth == np.arange(len(h.depth)) - h.starts[h.owner])[h.inner]
    hard, soft = h.flat_children[primary].T
    counts = np.bincount(h.owner[h.inner][primary], minlength=len(h)).astype(np.int64)
    dy, dphi = h.rapidity[soft] - h.rapidity[hard], kin.delta_phi(h.azimuth[soft], h.azimuth[hard])
    delta, z = np.hypot(dy, dphi), h.pt[soft] / (h.pt[soft] + h.pt[hard])

    def log(x: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(np.log(np.maximum(x, _SMALL)))

    made: dict[str, Callable[[], NDArray[Any]]] = {
        "log_inverse_delta": lambda: -log(delta),
        "log_kt": lambda: log(h.pt[soft] * delta),
        "log_inverse_z": lambda: -log(z),
        "log_kappa": lambda: log(z * delta),
        "log_mass": lambda: log(kin.mass(*(h.momenta[soft] + h.momenta[hard]).T)),
        "psi": lambda: np.arctan2(dphi, dy),
    }
    columns = [made[name]() for name in names]
    return (np.stack(columns, axis=1) if columns else np.zeros((len(hard), 0))), counts
