from __future__ import annotations

from itertools import combinations
from typing import Any

import awkward as ak
import numpy as np
import pytest
from numpy.typing import NDArray

from kaon.data import Events
from kaon.data.records import momenta
from kaon.errors import ConfigError, DataError, MissingExtra
from kaon.extras import available
from kaon.substructure import clustering
from kaon.substructure.clustering import ALGORITHMS, Histories, cluster, histories

if not available("fastjet"):
    pytest.skip("fastjet is not installed", allow_module_level=True)

POWER = {"kt": 1, "cambridge-aachen": 0, "anti-kt": -1}
Set = frozenset[int]


def merge_by_hand(p: NDArray[Any], power: int) -> list[tuple[Set, Set]]:
    """The definition: which sets of constituents merge, one pair after the other; p is (constituents, 4)."""
    objects = {frozenset([i]): q for i, q in enumerate(p)}
    merged = []

    def distance(pair: tuple[Set, Set]) -> float:
        (E1, x1, y1, z1), (E2, x2, y2, z2) = (objects[s] for s in pair)
        dy = 0.5 * np.log((E1 + z1) / (E1 - z1)) - 0.5 * np.log((E2 + z2) / (E2 - z2))
        dphi = (np.arctan2(y1, x1) - np.arctan2(y2, x2) + np.pi) % (2 * np.pi) - np.pi
        return float(min((x1**2 + y1**2) ** power, (x2**2 + y2**2) ** power) * (dy**2 + dphi**2))

    while len(objects) > 1:
        one, two = min(combinations(objects, 2), key=distance)
        merged.append((one, two))
        objects[one | two] = objects.pop(one) + objects.pop(two)
    return merged


def members(h: Histories, jet: int) -> list[Set]:
    """The constituents below each node of a jet."""
    start, count = int(h.starts[jet]), int(h.counts[jet])
    found: list[Set] = [frozenset()] * count
    for i in reversed(range(count)):  # children come later than their parents
        left, right = h.children[start + i]
        leaf = frozenset([int(h.rank[start + i]) - (count - 1) // 2])
        found[i] = found[left] | found[right] if left else leaf
    return found


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_is_the_definition_one_merging_at_a_time(make_jets: Any, algorithm: str) -> None:
    jets = make_jets(7, seed=5, sizes=[2, 3, 11, 30, 1, 0, 5])["constituents"]
    h = cluster(jets, algorithm)
    np.testing.assert_array_equal(h.counts, [3, 5, 21, 59, 1, 0, 9])
    for number, jet in enumerate(jets):
        p = np.stack([ak.to_numpy(jet[q]) for q in ("E", "px", "py", "pz")], axis=1)
        sets = members(h, number)
        at = slice(int(h.starts[number]), int(h.starts[number] + h.counts[number]))
        for node, inside in zip(h.momenta[at], sets, strict=True):
            np.testing.assert_allclose(node, p[sorted(inside)].sum(0), rtol=1e-12, atol=1e-9)
        inner = np.flatnonzero(h.children[at][:, 0])
        in_time = inner[np.argsort(-h.rank[at][inner])]
        found = [{sets[c] for c in h.children[at][i]} for i in in_time]
        assert found == [set(pair) for pair in merge_by_hand(p, POWER[algorithm])]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_nodes_are_in_preorder_with_the_harder_child_first(jets: Events, algorithm: str) -> None:
    h = cluster(jets["constituents"], algorithm)
    place = np.arange(len(h.owner)) - h.starts[h.owner]
    first, second = h.flat_children.T
    assert (h.children[h.inner, 0] == place[h.inner] + 1).all()
    assert (h.pt[first] >= h.pt[second]).all()
    np.testing.assert_array_equal(h.depth[first], h.depth[h.inner] + 1)
    np.testing.assert_array_equal(h.depth[second], h.depth[h.inner] + 1)
    np.testing.assert_array_equal(np.sort(np.concatenate([first, second])), np.flatnonzero(place > 0))
    np.testing.assert_array_equal(h.momenta[h.inner], h.momenta[first] + h.momenta[second])
    np.testing.assert_array_equal(h.inner.sum(), (~h.inner).sum() - len(jets))
    assert all(sorted(h.rank[h.owner == jet]) == list(range(h.counts[jet])) for jet in range(5))


def test_the_order_of_the_constituents_does_not_matter(jets: Events) -> None:
    p = jets["constituents"]
    one, two = cluster(p), cluster(p[:, ::-1])
    np.testing.assert_array_equal(one.children, two.children)
    np.testing.assert_array_equal(one.depth, two.depth)
    np.testing.assert_allclose(one.momenta, two.momenta, rtol=1e-9, atol=1e-9)


def test_jets_of_one_call_do_not_feel_each_other_nor_how_many_they_are(make_jets: Any) -> None:
    jets = make_jets(5000, seed=1, sizes=[*range(40)] * 125)["constituents"]
    whole, part = cluster(jets), cluster(jets[4090:4100])
    at = slice(int(whole.starts[4090]), int(whole.starts[4100]))
    np.testing.assert_array_equal(whole.children[at], part.children)
    np.testing.assert_array_equal(whole.momenta[at], part.momenta)
    np.testing.assert_array_equal(whole.rank[at], part.rank)


def test_rapidity_and_azimuth_are_those_of_the_constituents(jets: Events) -> None:
    p = jets["constituents"][:1][["px", "py", "pz", "E"]]
    h = cluster(p)
    place = h.rank[~h.inner] - len(p[0]) + 1
    E, pz = (ak.to_numpy(p[0][q])[place] for q in ("E", "pz"))
    np.testing.assert_allclose(h.rapidity[~h.inner], 0.5 * np.log((E + pz) / (E - pz)), rtol=1e-9)
    np.testing.assert_allclose(h.azimuth[~h.inner], ak.to_numpy(np.arctan2(p[0].py, p[0].px))[place], rtol=1e-12)


def test_hard_cases_have_one_root(make_jets: Any) -> None:
    p = make_jets(1, sizes=[1])["constituents"]
    q = {name: ak.to_numpy(p[name][0])[0] for name in ("px", "py", "pz", "E")}
    equal = {name: [v] * 6 for name, v in q.items()}
    opposite = {"px": [1.0, -1.0, 0.5], "py": [0.0, 0.0, 0.1], "pz": [1e5, -1e5, 3.0], "E": [1e5, 1e5, 4.0]}
    soft = {"px": [1e-120, 5.0, 1e-30], "py": [0.0, 1.0, 0.0], "pz": [1e3, 2.0, -1e9], "E": [1e3, 6.0, 1e9]}
    still = {"px": [0.0, 1.0], "py": [0.0, 0.0], "pz": [5.0, 0.0], "E": [5.0, 1.0]}
    nothing = {name: [0.0, 0.0] for name in q}
    cases = (equal, opposite, soft, still, nothing)
    jets = momenta(*(ak.Array([case[name] for case in cases]) for name in ("px", "py", "pz", "E")))
    for algorithm in ALGORITHMS:
        h = cluster(jets, algorithm)
        np.testing.assert_array_equal(h.counts, [11, 5, 5, 1, 0])
        assert np.isfinite(h.rapidity).all()
        assert (h.rank[h.starts[:4]] == 0).all()


def test_a_few_jets_after_another_have_the_trees_of_all(make_jets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    jets = make_jets(40, sizes=[*range(20)] * 2)["constituents"]
    whole = cluster(jets)
    monkeypatch.setattr(clustering, "_CHUNK", 7)
    parts = list(histories(jets))
    assert [len(part) for part in parts] == [7, 7, 7, 7, 7, 5]
    for name in ("counts", "momenta", "children", "depth", "rank"):
        np.testing.assert_array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name))


def test_no_jets_make_no_trees(jets: Events) -> None:
    h = cluster(jets["constituents"][:0])
    assert (len(h), h.momenta.shape, h.children.shape, h.flat_children.shape) == (0, (0, 4), (0, 2), (0, 2))


def test_what_cannot_be_clustered_is_refused(jets: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    p = jets["constituents"][:3]
    with pytest.raises(ConfigError, match="algorithm='kT'; allowed: kt, cambridge-aachen, anti-kt"):
        cluster(p, "kT")
    for bad in (np.nan, np.inf):
        broken = momenta(p.px, p.py, p.pz, ak.where(ak.local_index(p.E) == 1, bad, p.E))
        with pytest.raises(DataError, match=r"3 of 3 jets .* NaN, infinite .* first jet 0"):
            cluster(broken)
    monkeypatch.setitem(__import__("sys").modules, "fastjet", None)
    with pytest.raises(MissingExtra, match=r"kaon\[sim\]"):
        cluster(p)
