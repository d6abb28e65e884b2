"""One plan for many polynomials: which matrices and vectors over particles are made, once each, and from what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from kaon.substructure.energy_flow.graphs import Graph, vertices_of
from kaon.substructure.energy_flow.networks import Core, Network, Parallel, Series, Weight, both_ways, weights_at

__all__ = ["Plan", "Recipe", "plan"]

COSTS = {
    "hadamard": 0.35,
    "multiply": 3.3,
    "core": 150.0,
    "apply": 0.3,
    "apply_again": 0.05,
    "product": 0.02,
}
"""About the microseconds each takes for 55 particles on one core."""

Key: TypeAlias = Any
"""A network that is the lesser of its two directions, or a weight."""


class Recipe(NamedTuple):
    """How a key is made: of which networks and weights.

    "theta" is the angles themselves; "hadamard" multiplies two networks element by element; "multiply" is network,
    diag(z weight), network; "core" sums over the inner vertices of networks between ends = ((i, j), ...); "apply" is
    network times z weight; "product" multiplies two weights; "applied" makes nothing: it notes that a network has been
    applied to a weight before.
    """

    kind: str
    networks: tuple[Network, ...] = ()
    weights: tuple[Weight, ...] = ()
    ends: tuple[tuple[int, int], ...] = ()


@dataclass
class Plan:
    """What is made, in an order in which each recipe finds what it needs.

    Args:
        recipes: of each network and weight.
        pairs: connected graph -> two weights; the polynomial is the sum over particles of z and both.
    """

    recipes: dict[Key, Recipe] = field(default_factory=dict)
    pairs: dict[Graph, tuple[Weight, Weight]] = field(default_factory=dict)


@cache
def plan(primes: tuple[Graph, ...]) -> Plan:
    """The plan for connected graphs: one after another, each by the way that adds the least to what is there."""
    made = Plan()
    for graph in primes:
        options: list[tuple[float, int, tuple[Weight, Weight], dict[Key, Recipe]]] = []
        for root in vertices_of(graph):
            for weight in weights_at(graph, root):
                for pair in _halves(weight):
                    trial: dict[Key, Recipe] = {}
                    cost = sum(_weight(half, made.recipes, trial) for half in pair)
                    options.append((cost, len(options), pair, trial))
        _, _, pair, trial = min(options)
        made.recipes |= trial
        made.pairs[graph] = pair
    return made


def _halves(weight: Weight) -> Iterator[tuple[Weight, Weight]]:
    """The ways to share out branches between two weights."""
    seen = set()
    for chosen in range(2 ** (len(weight) - 1)):
        one = tuple(branch for i, branch in enumerate(weight) if chosen >> i & 1)
        two = tuple(branch for i, branch in enumerate(weight) if not chosen >> i & 1)
        if (one, two) not in seen:
            seen.add((one, two))
            yield one, two


def _weight(weight: Weight, made: dict[Key, Recipe], trial: dict[Key, Recipe]) -> float:
    """Cost of making a weight; what is missing is added to the trial."""
    if weight == () or weight in made or weight in trial:
        return 0.0
    if len(weight) == 1:
        network, end = weight[0]
        cost = _network(network, made, trial) + _weight(end, made, trial)
        again = ("applied", both_ways(network)[0])
        cost += COSTS["apply_again" if again in made or again in trial else "apply"]
        trial[again] = Recipe("applied")
        trial[weight] = Recipe("apply", (network,), (end,))
        return cost
    return _best(weight, [Recipe("product", (), pair) for pair in _halves(weight) if pair[0]], made, trial)


def _network(network: Network, made: dict[Key, Recipe], trial: dict[Key, Recipe]) -> float:
    """Cost of making a network; what is missing is added to the trial."""
    network, _ = both_ways(network)
    if network in made or network in trial:
        return 0.0
    options: list[Recipe] = []
    match network:
        case Parallel(edges=edges, parts=()):
            if edges == 1:
                trial[network] = Recipe("theta")
                return 0.0
            # Powers by multiplication: faster than a power function, and the same wherever a number stands.
            options = [Recipe("hadamard", (network._replace(edges=edges - 1), network._replace(edges=1)))]
        case Parallel(edges=edges, parts=parts):
            pairs = [(network._replace(parts=parts[:i] + parts[i + 1 :]), part) for i, part in enumerate(parts)]
            if edges:
                pairs.append((Parallel("parallel", edges), network._replace(edges=0)))
            if edges > 1:
                pairs.append((Parallel("parallel", 1), network._replace(edges=edges - 1)))
            options = [Recipe("hadamard", (_lone(one), _lone(two))) for one, two in pairs]
        case Series(parts=parts, weights=weights):
            for i in range(1, len(parts)):
                left = Series("series", parts[:i], weights[: i - 1])
                right = Series("series", parts[i:], weights[i:])
                options.append(Recipe("multiply", (_lone(left), _lone(right)), (weights[i - 1],)))
        case Core(parts=parts, weights=weights):
            options = [Recipe("core", tuple(n for _, _, n in parts), weights, tuple((i, j) for i, j, _ in parts))]
    return _best(network, options, made, trial)


def _lone(network: Network) -> Network:
    """A series or parallel of one network is that network."""
    if isinstance(network, Series) and len(network.parts) == 1:
        return network.parts[0]
    if isinstance(network, Parallel) and network.edges == 0 and len(network.parts) == 1:
        return network.parts[0]
    return network


def _best(key: Key, options: Sequence[Recipe], made: dict[Key, Recipe], trial: dict[Key, Recipe]) -> float:
    """Make a key by the cheapest of several recipes."""
    tried: list[tuple[float, int, dict[Key, Recipe], Recipe]] = []
    for recipe in options:
        own = dict(trial)
        cost = COSTS[recipe.kind] + sum(_weight(w, made, own) for w in recipe.weights)
        cost += sum(_network(n, made, own) for n in recipe.networks)
        tried.append((cost, len(tried), own, recipe))
    cost, _, own, recipe = min(tried)
    trial |= own
    trial[key] = recipe
    return cost
