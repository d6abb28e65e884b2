"""One number an event by name: a column of the file, or the kinematics of the jet."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.data.events import Events

__all__ = ["JET", "has_scalar", "scalar"]

JET = ("jet_pt", "jet_eta", "jet_phi", "jet_mass")
"""Computed from the record `jet` where there is no such column; GeV and radians."""


def has_scalar(events: Events, name: str) -> bool:
    """Whether `scalar` can give it."""
    return name in events or (name in JET and "jet" in events)


def scalar(events: Events, name: str) -> NDArray[Any]:
    """The named column, (events,), or the transverse momentum, pseudorapidity, azimuth or mass of `jet`.

    Raises:
        UnknownName: no such column, and it is not one of `JET` or there is no `jet`.
    """
    if name in events or not has_scalar(events, name):
        return np.asarray(ak.to_numpy(events[name]))
    px, py, pz, E = (np.asarray(ak.to_numpy(events["jet"][q]), float) for q in ("px", "py", "pz", "E"))
    match name:
        case "jet_pt":
            return kin.transverse_momentum(px, py)
        case "jet_eta":
            return kin.pseudorapidity(px, py, pz)
        case "jet_phi":
            return kin.phi(px, py)
        case _:
            return kin.mass(E, px, py, pz)
