"""The constituents of a jet as a graph of nearest neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.data import Events, Input, InputSpec
from kaon.data.jagged import cartesian, counts_of, pad, padded_length, segment_sum
from kaon.errors import ConfigError, DataError
from kaon.represent.base import Representation

__all__ = ["KNNGraph", "nearest_neighbours"]

_FEATURES = ("log_pt", "log_e", "deta", "dphi")
_TINY = 1e-8
_PAIRS = 1 << 22
"""Pairs of points looked at together: bounds the memory to some 100 MB."""


def nearest_neighbours(
    points: NDArray[Any], mask: NDArray[np.bool_], neighbours: int
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.bool_]]:
    """The nearest real points of every real point, itself and the padding excluded, nearest first.

    Of points at equal distance the one of the lower position comes first. A point among n <= `neighbours` real ones
    has n - 1 neighbours; the other places are padding.

    Args:
        points: (events, points, coordinates).
        mask: (events, points), True for real points.
        neighbours: k.

    Returns:
        (events, points, k) position of each neighbour in its event; its Euclidean distance; whether it is real. Zeros
        in the padding.

    Raises:
        DataError: a coordinate of a real point is not finite.

    >>> position, distance, real = nearest_neighbours(np.array([[[0.0], [1.0], [3.0]]]), np.ones((1, 3), bool), 1)
    >>> position[0, :, 0].tolist(), distance[0, :, 0].tolist()
    ([1, 0, 1], [1.0, 1.0, 2.0])
    """
    events, length = mask.shape
    if not np.isfinite(points[mask]).all():
        raise DataError("a point with a coordinate that is not finite has no neighbours")
    shape = (events, length, neighbours)
    position, distance, real = np.zeros(shape, np.int32), np.zeros(shape, np.float32), np.zeros(shape, bool)
    kept = min(neighbours, length)
    for start in range(0, events, max(1, _PAIRS // max(length * length, 1))):
        rows = slice(start, start + max(1, _PAIRS // max(length * length, 1)))
        x, valid = points[rows].astype(np.float64), mask[rows]
        squared = ((x[:, :, None] - x[:, None]) ** 2).sum(-1)
        pairs = valid[:, :, None] & valid[:, None] & ~np.eye(length, dtype=bool)
        squared = np.where(pairs, squared, np.inf)
        order = np.argsort(squared, axis=-1, kind="stable")[..., :kept]
        nearest = np.take_along_axis(squared, order, axis=-1)
        found = np.isfinite(nearest)
        position[rows, :, :kept] = np.where(found, order, 0)
        distance[rows, :, :kept] = np.sqrt(np.where(found, nearest, 0))
        real[rows, :, :kept] = found
    return position, distance, real


class KNNGraph(Representation):
    """The hardest constituents, each joined to those nearest to it in (eta, phi).

    The graph of the first layer of Qu, Gouskos, https://arxiv.org/abs/1902.08570, as data. (A network that finds
    neighbours in its own features, as theirs does from its second layer on, reads `point_cloud`.)

    Args:
        constituents: how many are kept at most: the first, which are the hardest, since constituents are ordered by
            pT. The arrays are as wide as the largest jet needs.
        neighbours: k, edges that leave each constituent.
        standardise: fit shift and scale of the node features on the training jets.

    Output: `features` (jets, constituents, 4) float32: ln pT, ln E (GeV), and eta and phi from the jet axis, which is
    that of the sum of all constituents; `neighbours` (jets, constituents, k) int32, the position of each neighbour in
    its jet, nearest first; `distances` (jets, constituents, k) float32; `edges` (jets, constituents, k) bool, True
    where there is a neighbour; `mask` (jets, constituents) bool, True for real constituents. Padding is zero.
    """

    requires: ClassVar[tuple[str, ...]] = ("constituents",)

    def __init__(self, constituents: int = 128, neighbours: int = 16, standardise: bool = True) -> None:
        if constituents < 1 or neighbours < 1:
            raise ConfigError(f"constituents={constituents}, neighbours={neighbours}; at least one of each is needed")
        super().__init__(constituents=constituents, neighbours=neighbours, standardise=standardise)
        self.standardised = ("features",) if standardise else ()  # type: ignore[misc]  # an option here

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """The arrays: `features`, `neighbours`, `distances`, `edges`, `mask`."""
        column = events["constituents"]
        counts = counts_of(column)
        length = padded_length(counts, self.options["constituents"])
        nodes = _nodes(column, counts)
        features, mask = pad(nodes, counts, length)
        points, _ = pad(nodes[:, 2:], counts, length, np.float64)
        neighbours, distances, edges = nearest_neighbours(points, mask, self.options["neighbours"])
        return {"features": features, "neighbours": neighbours, "distances": distances, "edges": edges, "mask": mask}

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """Inputs that share the dynamic axis `constituents`."""
        k = self.options["neighbours"]
        return InputSpec(
            (
                Input("features", ("constituents", len(_FEATURES)), features=_FEATURES),
                Input("neighbours", ("constituents", k), dtype="int32"),
                Input("distances", ("constituents", k)),
                Input("edges", ("constituents", k), dtype="bool"),
                Input("mask", ("constituents",), dtype="bool"),
            )
        )


def _nodes(constituents: Any, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    px, py, pz, E = cartesian(constituents)
    jet = [np.repeat(segment_sum(v, counts), counts) for v in (px, py, pz)]
    return np.stack(
        [
            np.log(np.maximum(kin.transverse_momentum(px, py), _TINY)),
            np.log(np.maximum(E, _TINY)),
            kin.pseudorapidity(px, py, pz) - kin.pseudorapidity(*jet),
            kin.delta_phi(kin.phi(px, py), kin.phi(jet[0], jet[1])),
        ],
        axis=1,
    )


VARIANTS = {"knn_graph": KNNGraph}
