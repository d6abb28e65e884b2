from __future__ import annotations

from collections import Counter
from itertools import combinations_with_replacement

import networkx as nx  # type: ignore[import-untyped]  # it has no stubs; torch brings it
import numpy as np
import pytest

from kaon.errors import ConfigError
from kaon.substructure.energy_flow.graphs import Graph, canonical, components, graphs, name_of, vertices_of


def test_there_are_as_many_as_the_encyclopedia_of_integer_sequences_says() -> None:
    listed = graphs(7)
    assert len(listed) == len(set(listed)) == 1000
    edges = Counter(map(len, listed))
    assert [edges[d] for d in range(8)] == [1, 1, 3, 8, 23, 66, 212, 686]  # A050535
    connected = Counter(len(graph) for graph in listed if len(components(graph)) == 1)
    assert [connected[d] for d in range(1, 8)] == [1, 2, 5, 12, 33, 103, 333]  # A076864


def weighted(graph: Graph) -> nx.Graph:
    made = nx.Graph()
    for edge, multiplicity in Counter(graph).items():
        made.add_edge(*edge, multiplicity=multiplicity)
    return made


def test_every_edge_list_of_three_edges_is_isomorphic_to_exactly_one() -> None:
    # All multigraphs of 3 edges on 6 labelled vertices, compared by networkx.
    listed = [graph for graph in graphs(3) if len(graph) == 3]
    pairs = [(i, j) for j in range(6) for i in range(j)]
    found: Counter[Graph] = Counter()
    for edges in combinations_with_replacement(pairs, 3):
        name = canonical(edges)
        if not found[name]:
            same = [nx.is_isomorphic(weighted(edges), weighted(g), edge_match=_multiplicity) for g in listed]
            assert [g for g, equal in zip(listed, same, strict=True) if equal] == [name]
        found[name] += 1
    assert set(found) == set(listed)


def _multiplicity(one: dict[str, int], two: dict[str, int]) -> bool:
    return one["multiplicity"] == two["multiplicity"]


def test_labels_and_the_order_of_edges_do_not_matter() -> None:
    random = np.random.default_rng(0)
    for graph in graphs(7)[1::7]:
        number = random.permutation(30)
        edges = [tuple(random.permutation([number[i], number[j]]).tolist()) for i, j in graph]
        random.shuffle(edges)
        assert canonical(edges) == graph


def test_the_order_is_by_edges_then_components_then_vertices() -> None:
    ranks = [(len(g), len(components(g)), len(vertices_of(g)), g) for g in graphs(5)]
    assert ranks == sorted(ranks)
    assert graphs(4) == graphs(5)[: len(graphs(4))], "more edges only add graphs"
    assert graphs(0) == ((),)


def test_names_are_all_different() -> None:
    assert len(set(map(name_of, graphs(7)))) == 1000
    assert name_of(canonical([(i, i + 1) for i in range(11)])).count(".") == 11


@pytest.mark.parametrize("edges", [[(1, 1)], [(0, 1, 2)], [(0,)]])
def test_what_is_no_edge_is_refused(edges: list[tuple[int, ...]]) -> None:
    with pytest.raises(ConfigError, match="is not an edge"):
        canonical(edges)


def test_a_negative_number_of_edges_is_refused() -> None:
    with pytest.raises(ConfigError, match="max_edges=-1"):
        graphs(-1)
