"""Four-momenta in awkward arrays: named so that `vector` gives them pt, eta, phi and mass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import awkward as ak
import numpy as np
import vector.backends.awkward

__all__ = ["MOMENTUM", "as_momenta", "momenta", "sort_by_pt", "table"]

MOMENTUM = ("px", "py", "pz", "E")
"""Fields of a four-momentum, GeV."""


def momenta(px: Any, py: Any, pz: Any, E: Any, **more: Any) -> Any:
    """Four-momenta as `Momentum4D` records, one an event or a list an event.

    Args:
        px, py, pz, E: components, GeV.
        more: further fields of each particle, such as charge.

    >>> round(float(momenta(np.array([3.0]), np.array([4.0]), np.array([0.0]), np.array([5.0])).pt[0]), 3)
    5.0
    """
    return as_momenta(ak.zip({"px": px, "py": py, "pz": pz, "E": E, **more}))


def as_momenta(array: Any) -> Any:
    """The same records under the name `Momentum4D`, if they hold px, py, pz and E; anything else as it is."""
    if not isinstance(array, ak.Array) or not set(MOMENTUM) <= set(array.fields):
        return array
    return ak.with_name(array, "Momentum4D", behavior=vector.backends.awkward.behavior)


def table(columns: Mapping[str, Any]) -> Any:
    """A record array of named columns of equal length; columns that hold px, py, pz and E become four-momenta."""
    contents = {name: as_momenta(values) for name, values in columns.items()}
    made = ak.zip(contents, depth_limit=1)
    return ak.Array(made, behavior=vector.backends.awkward.behavior)


def sort_by_pt(particles: Any) -> Any:
    """Each event's list in the order of descending pT; untouched where it is so already."""
    pt = np.hypot(particles["px"], particles["py"])
    if bool(ak.all(pt[:, :-1] >= pt[:, 1:], axis=None)):
        return particles
    return particles[ak.argsort(pt, axis=1, ascending=False, stable=True)]
