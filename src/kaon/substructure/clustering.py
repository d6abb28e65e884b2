"""Clustering histories: the binary trees that sequential recombination makes of jets, whole batches at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.errors import ConfigError, DataError
from kaon.extras import require

__all__ = ["ALGORITHMS", "Histories", "cluster", "histories"]

ALGORITHMS = {"kt": "kt_algorithm", "cambridge-aachen": "cambridge_algorithm", "anti-kt": "antikt_algorithm"}
"""Name -> FastJet's name."""

_RADIUS = 1000.0
"""The largest that FastJet allows: nothing merges with the beam before all constituents are one jet."""

_CHUNK = 4096
"""Jets that are clustered at a time: FastJet keeps all objects of a call in memory, about 20 kB a jet."""

_MOMENTUM = ("px", "py", "pz", "E")

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Histories:
    """The clustering trees of a batch of jets. The nodes of a jet follow each other in preorder, its root first.

    Of two children the one of larger pT comes first, so that a jet's arrays do not depend on the order of its
    constituents. The first child of an inner node is the next node; the primary branch, which follows the harder child
    from the root, is therefore the first nodes of the jet.

    Args:
        counts: nodes of each jet, (jets,): 2 n - 1 for n constituents, and 0 for none.
        momenta: (E, px, py, pz) of each node, the sum of its constituents, GeV, (nodes, 4).
        children: position of both children within the jet, (0, 0) for a leaf: no child is a root, (nodes, 2).
        depth: number of mergings between a node and its root, (nodes,).
        rank: 0 for the root, which was merged last, 1 for the merging before it, ...; then the leaves as they were
            given, so that rank - n + 1 is the place of a leaf's constituent, (nodes,).
    """

    counts: Integers
    momenta: Floats
    children: Integers
    depth: Integers
    rank: Integers

    def __len__(self) -> int:
        return len(self.counts)

    @cached_property
    def starts(self) -> Integers:
        """Place of each jet's root in the flat arrays, (jets,)."""
        return np.asarray(np.cumsum(self.counts) - self.counts, np.int64)

    @cached_property
    def owner(self) -> Integers:
        """Jet of each node, (nodes,)."""
        return np.repeat(np.arange(len(self)), self.counts)

    @cached_property
    def inner(self) -> NDArray[np.bool_]:
        """Whether a node has children, (nodes,)."""
        return np.asarray(self.children[:, 0] > 0)

    @cached_property
    def pt(self) -> Floats:
        """Transverse momentum of each node, GeV, (nodes,)."""
        return np.asarray(np.hypot(self.momenta[:, 1], self.momenta[:, 2]))

    @cached_property
    def rapidity(self) -> Floats:
        """asinh(pz / mT) of each node, where a mass below 0 counts as 0, as in FastJet, (nodes,)."""
        E, px, py, pz = self.momenta.T
        mass2 = np.maximum((E - pz) * (E + pz) - px**2 - py**2, 0)
        return np.asarray(np.arcsinh(pz / np.sqrt(px**2 + py**2 + mass2)))

    @cached_property
    def azimuth(self) -> Floats:
        """Azimuth of each node in (-pi, pi], radians, (nodes,)."""
        return np.asarray(np.arctan2(self.momenta[:, 2], self.momenta[:, 1]))

    @cached_property
    def flat_children(self) -> Integers:
        """Places of the children of the inner nodes in the flat arrays, (inner nodes, 2)."""
        return np.asarray(self.children[self.inner] + self.starts[self.owner[self.inner], None], np.int64)


def cluster(constituents: Any, algorithm: str = "kt") -> Histories:
    """The trees of all jets at once, some 100 bytes a node; `histories` makes those of a few thousand after another.

    Args, errors: as `histories`.
    """
    parts = list(histories(constituents, algorithm))
    names = ("counts", "momenta", "children", "depth", "rank")
    return Histories(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def histories(constituents: Any, algorithm: str = "kt") -> Iterator[Histories]:
    """Cluster each jet until one object is left, in the E-scheme and without a radius; at most 4096 jets at a time.

    The two nearest objects merge first, by d_ij = min(pT_i^2p, pT_j^2p) dR_ij^2 in rapidity and azimuth with p = 1
    (kT), 0 (Cambridge/Aachen) or -1 (anti-kT): Cacciari, Salam, Soyez, https://arxiv.org/abs/0802.1189. FastJet does
    it, one call for thousands of jets; the trees are rebuilt from the order of its history, without a loop over jets.

    Constituents without transverse momentum have no direction to be clustered by and are left out.

    Args:
        constituents: jagged records with px, py, pz, E (GeV), (jets, constituents).
        algorithm: a name of `ALGORITHMS`.

    Returns:
        The trees of the first jets, of the next ones, ...; of no jets, one batch without any.

    Raises:
        ConfigError: no such algorithm.
        DataError: momenta are NaN or infinite, or of a size that FastJet cannot order.
        MissingExtra: fastjet is not installed.
    """
    if algorithm not in ALGORITHMS:
        raise ConfigError(f"algorithm={algorithm!r}; allowed: {', '.join(ALGORITHMS)}")
    fastjet = require("fastjet")
    fastjet._swig.ClusterSequence.set_fastjet_banner_stream(None)
    definition = fastjet.JetDefinition(getattr(fastjet, ALGORITHMS[algorithm]), _RADIUS)
    bad = ~np.isfinite(sum(ak.values_astype(constituents[name], np.float64) for name in _MOMENTUM))
    if ak.any(bad):
        jets = ak.any(bad, axis=1)
        raise DataError(
            f"{ak.sum(jets)} of {len(jets)} jets have constituents whose momenta are NaN, infinite or beyond 1e308 "
            f"GeV, first jet {ak.argmax(jets, axis=0)}; read with drop_invalid=True (--drop-invalid) to leave them out"
        )
    if len(constituents) == 0:
        none = np.zeros(0, np.int64)
        yield Histories(none, np.zeros((0, 4)), np.zeros((0, 2), np.int64), none, none)
    for start in range(0, len(constituents), _CHUNK):
        some = ak.to_packed(constituents[start : start + _CHUNK])
        momenta = ak.zip({name: ak.values_astype(some[name], np.float64) for name in _MOMENTUM})
        yield _chunk(fastjet, definition, ak.to_packed(momenta[momenta.px**2 + momenta.py**2 > 0]))


def _chunk(fastjet: Any, definition: Any, momenta: Any) -> Histories:
    sequence = fastjet.ClusterSequence(momenta, definition)
    leaves = np.asarray(ak.num(momenta), np.int64)
    counts = np.maximum(2 * leaves - 1, 0)
    nodes, order = sequence.jets(), sequence.unique_history_order()
    if not (np.array_equal(ak.num(nodes), counts) and np.array_equal(ak.num(order), 2 * leaves)):
        raise DataError("FastJet cannot merge all constituents of a jet: their momenta differ by too many magnitudes")
    record = ak.flatten(nodes)
    p = np.stack([ak.to_numpy(record[name]) for name in ("E", "px", "py", "pz")], axis=1).astype(np.float64)
    history = ak.to_numpy(ak.flatten(order[:, :-1])).astype(np.int64)  # the last one is the merging with the beam
    owner = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    children = _children(history, history < leaves[owner], owner, starts)
    pt2 = p[:, 1] ** 2 + p[:, 2] ** 2
    softer_first = pt2[children[:, 0]] < pt2[children[:, 1]]
    children[softer_first] = children[softer_first, ::-1]
    is_leaf = np.arange(len(owner)) - starts[owner] < leaves[owner]
    depth, place = _preorder(children, ~is_leaf, (starts + counts - 1)[counts > 0])
    local = np.arange(len(owner)) - starts[owner]
    rank = np.where(is_leaf, leaves[owner] - 1 + local, 2 * leaves[owner] - 2 - local)
    at = np.empty_like(place)  # node of each place, the jets one after another
    at[starts[owner] + place] = np.arange(len(place))
    found = np.where(is_leaf[:, None], 0, place[children])
    return Histories(counts, p[at], found[at], depth[at], rank[at])


def _children(history: Integers, leaf: NDArray[np.bool_], owner: Integers, starts: Integers) -> Integers:
    """Both children of each node in the flat numbering of FastJet, (nodes, 2); 0 for leaves.

    FastJet's unique order of a history is a postorder: a node follows its second child, which follows all of its own
    descendants, which follow the first child. So a postorder and the kind of each node give the tree: count the
    subtrees that wait for their parent; the first child is the last node before with as many as its parent has.

    Args:
        history: number of each node within its jet, in this order, (nodes,).
        leaf: whether it is a leaf, (nodes,).
        owner: jet, (nodes,).
        starts: first node of each jet, (jets,).
    """
    node = starts[owner] + history
    waiting = np.cumsum(np.where(leaf, 1, -1))  # one more for each jet that is done, which does not matter
    alike = np.lexsort((waiting, owner))  # stable: alike nodes of a jet stay in order
    first = np.zeros(len(node), np.int64)
    first[alike[1:]] = node[alike[:-1]]
    second = np.zeros(len(node), np.int64)
    second[1:] = node[:-1]
    children = np.zeros((len(node), 2), np.int64)
    children[node] = np.where(leaf[:, None], 0, np.stack([first, second], axis=1))
    return children


def _preorder(children: Integers, inner: NDArray[np.bool_], roots: Integers) -> tuple[Integers, Integers]:
    """Depth of each node and its place in the preorder of its jet, level by level, (nodes,) each."""
    depth, place, size = (np.full(len(inner), value, np.int64) for value in (0, 0, 1))
    levels, level = [], roots[inner[roots]]
    while len(level):
        levels.append(level)
        below = children[level].ravel()
        depth[below] = len(levels)
        level = below[inner[below]]
    for level in reversed(levels):
        size[level] += size[children[level]].sum(1)
    for level in levels:
        first, second = children[level].T
        place[first] = place[level] + 1
        place[second] = place[first] + size[first]
    return depth, place
