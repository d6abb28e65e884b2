"""The reconstructed objects of an event as a graph: objects are nodes, distances weigh the edges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.data import Events, Input, InputSpec
from kaon.data.jagged import cartesian, counts_of, flat, pad, padded_length
from kaon.data.objects import KINDS
from kaon.errors import ConfigError, DataError
from kaon.represent.base import Representation

__all__ = ["NODE_FEATURES", "EventGraph", "node_features"]

NODE_FEATURES = (*KINDS, "charge", "pt", "energy", "mass")
"""One-hot kind, charge in units of the proton's, pT, energy and mass in GeV."""


def node_features(objects: Any) -> NDArray[np.float64]:
    """What each object is and how hard it is, (all objects, 10): `NODE_FEATURES`.

    Abdughani, Ren, Wu, Yang, https://arxiv.org/abs/1807.09088.

    Args:
        objects: jagged records with px, py, pz, E (GeV), `kind` and `charge`; see `kaon.data.objects`.

    Raises:
        DataError: a field is missing, a kind is not a position in `KINDS`, a charge is not finite, or a momentum
            is NaN, infinite or beyond 1e18 GeV.
    """
    missing = sorted({"px", "py", "pz", "E", "kind", "charge"} - set(ak.fields(objects)))
    if missing:
        raise DataError(f"objects need the fields {missing}; these have {ak.fields(objects)}")
    px, py, pz, E = cartesian(objects)
    kind, charge = flat(objects["kind"]), flat(objects["charge"])
    if not np.isfinite(charge).all():
        raise DataError(f"{int((~np.isfinite(charge)).sum())} objects have a charge that is not finite")
    values = np.stack([charge, kin.transverse_momentum(px, py), E, kin.mass(E, px, py, pz)], axis=1)
    one_hot = kind[:, None] == np.arange(len(KINDS))
    if not one_hot.any(1).all():
        raise DataError(
            f"objects are of the kinds {np.unique(kind)[:8].tolist()}; allowed are 0 to {len(KINDS) - 1}, which are "
            f"{', '.join(KINDS)}"
        )
    return np.concatenate([one_hot, values], axis=1)


class EventGraph(Representation):
    """A complete graph: one node an object, one edge a pair of objects, weighted by their distance.

    d_ij = sqrt((eta_i - eta_j)^2 + (phi_i - phi_j)^2), as in Abdughani, Ren, Wu, Yang,
    https://arxiv.org/abs/1807.09088; the missing transverse momentum lies at eta = 0.

    Args:
        objects: how many are kept at most, the first of each event; the arrays are as wide as the busiest event needs.
        standardise: fit shift and scale of the node features on the training events.

    Output: `features` (events, objects, 10) float32, `NODE_FEATURES`; `distances` (events, objects, objects) float32,
    zeros on the diagonal and in the padding; `mask` (events, objects) bool, True for real objects.
    """

    requires: ClassVar[tuple[str, ...]] = ("objects",)

    def __init__(self, objects: int = 32, standardise: bool = True) -> None:
        if objects < 1:
            raise ConfigError(f"objects={objects}; at least one is needed")
        super().__init__(objects=objects, standardise=standardise)
        self.standardised = ("features",) if standardise else ()  # type: ignore[misc]  # an option here

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """Three arrays: `features`, `distances`, `mask`."""
        objects = events["objects"]
        counts = counts_of(objects)
        length = padded_length(counts, self.options["objects"])
        features, mask = pad(node_features(objects), counts, length)
        px, py, pz = (flat(objects[name]) for name in ("px", "py", "pz"))
        directions = np.stack([kin.pseudorapidity(px, py, pz), kin.phi(px, py)], axis=1)
        eta, phi = np.moveaxis(pad(directions, counts, length, np.float64)[0], -1, 0)
        distances = kin.delta_r(eta[:, :, None], phi[:, :, None], eta[:, None], phi[:, None])
        pairs = mask[:, :, None] & mask[:, None]
        return {
            "features": features,
            "distances": np.where(pairs, distances, 0).astype(np.float32),
            "mask": mask,
        }

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """Three inputs that share the dynamic axis `objects`."""
        return InputSpec(
            (
                Input("features", ("objects", len(NODE_FEATURES)), features=NODE_FEATURES),
                Input("distances", ("objects", "objects")),
                Input("mask", ("objects",), dtype="bool"),
            )
        )


VARIANTS = {"event_graph": EventGraph}
