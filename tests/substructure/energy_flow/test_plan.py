from __future__ import annotations

from collections import Counter

from kaon.substructure.energy_flow.graphs import components, graphs
from kaon.substructure.energy_flow.networks import both_ways
from kaon.substructure.energy_flow.plan import plan

PRIMES = tuple(graph for graph in graphs(7) if len(components(graph)) == 1)


def test_every_recipe_finds_what_it_needs() -> None:
    made = plan(PRIMES)
    ready = {()}
    for key, recipe in made.recipes.items():
        assert {both_ways(network)[0] for network in recipe.networks} | set(recipe.weights) <= ready
        ready.add(key)
    assert {weight for pair in made.pairs.values() for weight in pair} <= ready
    assert set(made.pairs) == set(PRIMES)


def test_graphs_share_nearly_everything() -> None:
    kinds = Counter(recipe.kind for recipe in plan(PRIMES).recipes.values())
    alone = Counter(recipe.kind for graph in PRIMES for recipe in plan((graph,)).recipes.values())
    assert kinds["core"] == 1, "the four-clique, which stands in four connected graphs"
    assert kinds["multiply"] < alone["multiply"] / 10
    assert kinds["hadamard"] < alone["hadamard"] / 2


def test_trees_need_no_matrix_products() -> None:
    trees = tuple(g for g in PRIMES if len(set(g)) == len({v for edge in g for v in edge}) - 1)
    assert {recipe.kind for recipe in plan(trees).recipes.values()} <= {
        "theta",
        "hadamard",
        "apply",
        "applied",
        "product",
    }
