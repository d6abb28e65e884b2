from __future__ import annotations

from kaon.substructure.energy_flow.graphs import graphs
from kaon.substructure.energy_flow.networks import Core, Parallel, Series, both_ways, reverse, weights_at

EDGE = Parallel("parallel", 1)
TWO = Parallel("parallel", 2)


def test_a_tree_hangs_in_one_way() -> None:
    # 0 - 1 = 2, and 1 - 3
    (weight,) = weights_at([(0, 1), (1, 2), (1, 2), (1, 3)], 0)
    assert weight == ((EDGE, ((EDGE, ()), (TWO, ()))),)


def test_a_triangle_is_an_edge_beside_two() -> None:
    (weight,) = weights_at([(0, 1), (1, 2), (0, 2)], 0)
    assert weight == ((Parallel("parallel", 1, (Series("series", (EDGE, EDGE), ((),)),)), ()),)


def test_equal_pieces_of_different_labels_are_equal() -> None:
    for graph in graphs(6)[1:]:
        moved = [(9 - i, 9 - j) for i, j in reversed(graph)]
        for root in {v for edge in graph for v in edge}:
            assert set(weights_at(graph, root)) == set(weights_at(moved, 9 - root))


def test_a_clique_is_a_core() -> None:
    clique = [(i, j) for j in range(4) for i in range(j)]
    found = {type(part) for weight in weights_at(clique, 0) for part in weight[0][0].parts}
    assert found == {Core}


def test_reversal_undoes_itself() -> None:
    uneven = Series("series", (EDGE, TWO, EDGE, EDGE), ((), ((EDGE, ()),), ()))
    core = Core("core", ((0, 2, TWO), (0, 3, EDGE), (1, 2, EDGE), (1, 3, uneven), (2, 3, EDGE)), ((), ()))
    for network in (EDGE, uneven, Parallel("parallel", 1, (uneven,)), core):
        normal = reverse(reverse(network))
        assert reverse(reverse(normal)) == normal
        assert both_ways(normal)[0] == both_ways(reverse(normal))[0]
    assert reverse(uneven) != uneven
    assert both_ways(uneven)[1] != both_ways(reverse(uneven))[1]
