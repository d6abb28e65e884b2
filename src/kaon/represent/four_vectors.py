"""The hardest constituents of a jet as a flat list, aligned with the jet's two leading directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.data import Events, Input, InputSpec
from kaon.data.jagged import cartesian, counts_of, pad
from kaon.errors import ConfigError
from kaon.represent.base import Representation

__all__ = ["FourVectors", "align"]


def align(pt: NDArray[Any], eta: NDArray[Any], phi: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Shift, rotate and flip the constituents of each jet in the (eta, phi) plane.

    After Pearkes, Fedorko, Lister, Gay, https://arxiv.org/abs/1704.02124: the hardest constituent is moved to the
    origin; the second is rotated onto the negative phi axis; the jet is reflected so that the pT-weighted sum of eta is
    not negative. The rotation is the one of the (eta, phi) plane, which keeps every pT.

    Args:
        pt, eta, phi: padded with pT = 0, (jets, constituents), hardest first.

    Returns:
        pt, eta, phi, aligned; all 0 for padding.
    """
    real = pt > 0
    eta = np.where(real, eta - eta[:, :1], 0)
    phi = np.where(real, kin.delta_phi(phi, phi[:, :1]), 0)
    if pt.shape[1] > 1:
        # The angle that brings constituent 1 from where it is to -pi/2; 0 if there is none.
        turn = np.where(real[:, 1], -np.pi / 2 - np.arctan2(phi[:, 1], eta[:, 1]), 0)[:, None]
        cos, sin = np.cos(turn), np.sin(turn)
        eta, phi = cos * eta - sin * phi, sin * eta + cos * phi
    flip = np.where((pt * eta).sum(1, keepdims=True) < 0, -1, 1)
    return pt, eta * flip, phi


class FourVectors(Representation):
    """(pT, eta, phi) of the leading constituents, aligned by `align`: the input of TopoDNN.

    The fitted normalisation divides pT by the largest pT of the training sample and leaves the angles alone.

    Args:
        constituents: how many are kept: the first, which are the hardest, since constituents are ordered by pT; fewer
            are padded with zeros.

    Output: `features`, (jets, 3 x constituents) float32: pT_0, eta_0, phi_0, pT_1, ...; pT in GeV.
    """

    requires: ClassVar[tuple[str, ...]] = ("constituents",)
    standardised: ClassVar[tuple[str, ...]] = ("features",)

    def __init__(self, constituents: int = 30) -> None:
        if constituents < 1:
            raise ConfigError(f"constituents={constituents}; at least one is needed")
        super().__init__(constituents=constituents)

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """One array: `features`."""
        column = events["constituents"]
        counts = counts_of(column)
        px, py, pz, _ = cartesian(column)
        polar = np.stack([kin.transverse_momentum(px, py), kin.pseudorapidity(px, py, pz), kin.phi(px, py)], axis=1)
        padded, _ = pad(polar, counts, self.options["constituents"], dtype=np.float64)
        aligned = np.stack(align(*np.moveaxis(padded, -1, 0)), axis=-1)
        return {"features": aligned.reshape(len(counts), 3 * self.options["constituents"]).astype(np.float32)}

    def normalisation(self, item: Input, rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """No shift; 1 / (largest pT) for each pT."""
        scale = np.ones(item.width)
        scale[::3] = 1 / max(float(rows[:, ::3].max(initial=0)), 1e-6)
        return np.zeros(item.width), scale

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """One flat input."""
        names = tuple(f"{q}_{i}" for i in range(self.options["constituents"]) for q in ("pt", "eta", "phi"))
        return InputSpec((Input("features", (len(names),), features=names),))


VARIANTS = {"four_vectors": FourVectors}
