"""The clustering history of a jet as a binary tree, for recursive networks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.data import Events, Input, InputSpec
from kaon.data.jagged import cartesian, pad
from kaon.errors import ConfigError
from kaon.represent.base import Representation
from kaon.substructure.clustering import ALGORITHMS, Histories, cluster

__all__ = ["FEATURES", "Trees", "node_features"]

FEATURES = {
    "p": "|p|, GeV",
    "eta": "pseudorapidity",
    "phi": "azimuth in (-pi, pi], radians",
    "e": "E, GeV",
    "e_fraction": "E / E(jet)",
    "pt": "pT, GeV",
    "theta": "polar angle in [0, pi], radians",
}
"""Name -> meaning: what TreeNiN reads of each node."""


def node_features(histories: Histories, centred: bool = False) -> NDArray[np.float32]:
    """The seven `FEATURES` of every node, the jets one after another, (nodes, 7) float32.

    Macaluso, Cranmer, https://github.com/diana-hep/TreeNiN, after Louppe, Cho, Becot, Cranmer,
    https://arxiv.org/abs/1702.00748. The jet is the root of its tree.

    Args:
        histories: of `kaon.substructure.clustering.cluster`.
        centred: eta and phi from the axis of the jet.
    """
    E, px, py, pz = histories.momenta.T
    root = histories.starts[histories.owner]
    pt, eta, phi = histories.pt, kin.pseudorapidity(px, py, pz), histories.azimuth
    columns = {
        "p": np.hypot(pt, pz),
        "eta": eta - eta[root] if centred else eta,
        "phi": kin.delta_phi(phi, phi[root]) if centred else phi,
        "e": E,
        "e_fraction": np.divide(E, E[root], out=np.zeros_like(E), where=E[root] > 0),
        "pt": pt,
        "theta": np.arctan2(pt, pz),
    }
    return np.stack([columns[name] for name in FEATURES], axis=1).astype(np.float32)


class Trees(Representation):
    """The clustering tree of each jet, its nodes in preorder: the root first, each node before what it is made of.

    Of two children the one of larger pT comes first, and is the next node. The depth of a node batches the trees: the
    nodes of one depth of a whole batch need only those of the next depth. The fitted normalisation subtracts the median
    of each feature and divides by the distance of its quartiles, which a few hard nodes do not move.

    Constituents without transverse momentum are left out: they have no direction to be clustered by.

    Args:
        algorithm: `kt`, `cambridge-aachen` or `anti-kt`.
        constituents: how many are clustered at most: the first, which are the hardest, since constituents are ordered
            by pT.
        centred: eta and phi from the axis of the jet, as https://arxiv.org/abs/1702.00748 centres its jets. Without it
            (TreeNiN) a network must learn from many more jets that where a jet is says nothing.

    Output, as wide as the largest tree, 2 n - 1 nodes for n constituents, and zero beyond a tree's last node:
    `features` (jets, nodes, 7) float32, see `FEATURES`; `children` (jets, nodes, 2) int32, the positions of both
    children among the nodes, 0 and 0 for a leaf; `depth` (jets, nodes) int32, 0 for the root; `mask` (jets, nodes)
    bool, True for real nodes.

    Raises:
        ConfigError: no such algorithm, or no constituents.
    """

    requires: ClassVar[tuple[str, ...]] = ("constituents",)
    standardised: ClassVar[tuple[str, ...]] = ("features",)

    def __init__(self, algorithm: str = "kt", constituents: int = 200, centred: bool = False) -> None:
        if algorithm not in ALGORITHMS:
            raise ConfigError(f"algorithm={algorithm!r}; allowed: {', '.join(ALGORITHMS)}")
        if constituents < 1:
            raise ConfigError(f"constituents={constituents}; at least one is needed")
        super().__init__(algorithm=algorithm, constituents=constituents, centred=centred)

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """Four arrays: `features`, `children`, `depth`, `mask`."""
        column = events["constituents"]
        cartesian(column)  # all of them, also those that are cut off
        trees = cluster(column[:, : self.options["constituents"]], self.options["algorithm"])
        return _padded(trees, max(1, int(trees.counts.max(initial=0))), self.options["centred"])

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """Four inputs that share the dynamic axis `nodes`."""
        return InputSpec(
            (
                Input("features", ("nodes", len(FEATURES)), features=tuple(FEATURES)),
                Input("children", ("nodes", 2), dtype="int32", features=("first", "second")),
                Input("depth", ("nodes",), dtype="int32"),
                Input("mask", ("nodes",), dtype="bool"),
            )
        )

    def normalisation(self, item: Input, rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Median and 1 / (upper - lower quartile) of each feature; 1 where the quartiles are equal."""
        if len(rows) == 0:
            return np.zeros(item.width), np.ones(item.width)
        lower, median, upper = np.quantile(rows.astype(np.float64), (0.25, 0.5, 0.75), axis=0)
        constant = upper - lower < 1e-6 * np.maximum(1.0, np.abs(median))
        return median, 1 / np.where(constant, 1.0, upper - lower)

    def example(self, events: int, sizes: Mapping[str, int] | None = None, seed: int = 0) -> dict[str, NDArray[Any]]:
        """Trees of random jets: indices drawn at random would be no trees. The first jet is empty, the next full.

        Args:
            events: jets.
            sizes: length of the axis `nodes`; 16 where not given.
            seed: of the random numbers.
        """
        random = np.random.default_rng(seed)
        length = (sizes or {}).get("nodes", 16)
        most = (length + 1) // 2
        counts = random.integers(0, most + 1, events)
        counts[: min(events, 2)] = (0, most)[: min(events, 2)] if events > 1 else most
        pt, eta, phi = random.exponential(20, counts.sum()), *random.normal(0, 0.4, (2, counts.sum()))
        columns = {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta), "E": pt * np.cosh(eta)}
        jets = ak.zip({name: ak.unflatten(values, counts) for name, values in columns.items()})
        return _padded(cluster(jets, self.options["algorithm"]), length, self.options["centred"])


def _padded(trees: Histories, length: int, centred: bool) -> dict[str, NDArray[Any]]:
    features, mask = pad(node_features(trees, centred), trees.counts, length)
    children, _ = pad(trees.children, trees.counts, length, dtype=np.int32)
    depth, _ = pad(trees.depth, trees.counts, length, dtype=np.int32)
    return {"features": features, "children": children, "depth": depth, "mask": mask}


VARIANTS = {"trees": Trees, "trees_centred": partial(Trees, centred=True)}
