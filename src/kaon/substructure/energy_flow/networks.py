"""Normal forms of the pieces of a graph: what is a matrix over two of its vertices, and what a vector over one.

A *network* has two terminals, source and target; summed over its inner vertices it is a matrix over pairs of particles.

- `Parallel(edges, parts)`: between the same terminals, `edges` plain edges and other networks: an elementwise product.
- `Series(parts, weights)`: one after another, with a weight on each vertex between: a product of matrices.
- `Core(size, parts, weights)`: what neither of the two reduces, such as the four-clique; vertices 0 and 1 are the
  terminals, `parts` are (i, j, network from i to j).

A *weight* is what hangs on one vertex, a vector over particles: the sorted tuple of its branches, each a network that
leaves the vertex and the weight at the network's far end; () is the vector of ones.

Every two-terminal graph that series and parallel steps reduce has exactly one normal form, in whatever order it is
reduced; so equal pieces of different graphs are equal tuples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations, product
from typing import Any, NamedTuple, TypeAlias

from kaon.substructure.energy_flow.graphs import Edge, components, vertices_of

__all__ = ["Core", "Network", "Parallel", "Series", "Weight", "both_ways", "reverse", "weights_at"]

Network: TypeAlias = Any
"""A `Parallel`, `Series` or `Core`."""
Weight: TypeAlias = tuple[tuple[Network, Any], ...]


class Parallel(NamedTuple):
    """Networks between the same terminals."""

    kind: str
    edges: int
    parts: tuple[Network, ...] = ()


class Series(NamedTuple):
    """Networks one after another: part, part, ... with a weight between each two."""

    kind: str
    parts: tuple[Network, ...]
    weights: tuple[Weight, ...]


class Core(NamedTuple):
    """A network that is neither, with its inner vertices 2, 3, ..."""

    kind: str
    parts: tuple[tuple[int, int, Network], ...]
    weights: tuple[Weight, ...]


def reverse(network: Network) -> Network:
    """The network with its terminals exchanged: the transposed matrix."""
    match network:
        case Parallel():
            return network._replace(parts=tuple(sorted(map(reverse, network.parts))))
        case Series():
            return network._replace(parts=tuple(map(reverse, network.parts[::-1])), weights=network.weights[::-1])
        case Core():
            turned = [((1 - i) if i < 2 else i, (1 - j) if j < 2 else j, part) for i, j, part in network.parts]
            return _core(turned, network.weights)
    raise AssertionError(network)


def both_ways(network: Network) -> tuple[Network, bool]:
    """(the one that stands for the network and its reverse, whether that is the reverse)."""
    turned = reverse(network)
    return (turned, True) if turned < network else (network, False)


def weights_at(edges: Sequence[Edge], root: int) -> list[Weight]:
    """The ways to write what hangs on a vertex, which differ in the far ends of the networks chosen.

    Args:
        edges: of a graph; the parts that the root does not reach are left out.
        root: the vertex.
    """
    return [tuple(sorted(choice)) for choice in product(*(_branches(part, root) for part in _split(edges, root)))]


def _split(edges: Sequence[Edge], root: int) -> list[list[Edge]]:
    """The edges of each branch of a root: the root itself does not join them."""
    spokes = [edge for edge in edges if root in edge]
    far = {edge: edge[0] + edge[1] - root for edge in spokes}
    inner = [edge for edge in edges if root not in edge]
    # A loop at its far end makes a vertex of every spoke, also where nothing else is there.
    parts = components([*inner, *((v, v) for v in far.values())])
    branches = []
    for part in parts:
        inside = set(vertices_of(part))
        own = [edge for edge in spokes if far[edge] in inside]
        if own:
            branches.append([edge for edge in part if edge[0] != edge[1]] + own)
    return branches


def _branches(edges: Sequence[Edge], root: int) -> list[tuple[Network, Weight]]:
    """The ways to write one branch as a network from the root to a vertex, and the weight there."""
    hanging = {v: _beyond(edges, v, root) for v in vertices_of(edges) if v != root}
    away = {v for end, part in hanging.items() for v in vertices_of(part) if v != end}
    block = [v for v in hanging if v not in away]
    inside = [edge for edge in edges if not away & set(edge)]
    found = []
    for weights in product(*(weights_at(hanging[v], v) for v in block)):
        weight = dict(zip(block, weights, strict=True))
        found += [(_reduced(inside, weight, root, end), weight[end]) for end in block]
    return list(dict.fromkeys(found))


def _beyond(edges: Sequence[Edge], vertex: int, root: int) -> list[Edge]:
    """The edges that are cut off from the root when a vertex is taken out, the vertex's own included."""
    return [edge for part in _split(edges, vertex) if all(root not in e for e in part) for edge in part]


def _reduced(edges: Sequence[Edge], weight: Mapping[int, Weight], source: int, target: int) -> Network:
    """The network between two vertices of a graph without cut vertices."""
    joined: dict[tuple[int, int], Network] = {}

    def join(a: int, b: int, network: Network) -> None:
        if a > b:
            a, b, network = b, a, reverse(network)
        joined[a, b] = _parallel(joined[a, b], network) if (a, b) in joined else network

    def neighbours(v: int) -> list[int]:
        return [a + b - v for a, b in joined if v in (a, b)]

    for a, b in edges:
        join(a, b, Parallel("parallel", 1))
    inner = {v for edge in edges for v in edge} - {source, target}
    while ready := [v for v in sorted(inner) if len(neighbours(v)) == 2]:
        v = ready[0]
        a, b = neighbours(v)
        into = joined.pop((a, v)) if a < v else reverse(joined.pop((v, a)))
        out = joined.pop((v, b)) if v < b else reverse(joined.pop((b, v)))
        join(a, b, _series(into, weight[v], out))
        inner.remove(v)
    if not inner:
        ((ends, network),) = joined.items()
        return network if ends == (source, target) else reverse(network)
    number = {source: 0, target: 1} | {v: i for i, v in enumerate(sorted(inner), 2)}
    direct = joined.pop((min(source, target), max(source, target)), None)
    core = _core([(number[a], number[b], n) for (a, b), n in joined.items()], [weight[v] for v in sorted(inner)])
    if direct is None:
        return core
    return _parallel(core, direct if source < target else reverse(direct))


def _parallel(one: Network, two: Network) -> Network:
    sides = [n if isinstance(n, Parallel) else Parallel("parallel", 0, (n,)) for n in (one, two)]
    return Parallel("parallel", sides[0].edges + sides[1].edges, tuple(sorted(sides[0].parts + sides[1].parts)))


def _series(one: Network, weight: Weight, two: Network) -> Network:
    sides = [n if isinstance(n, Series) else Series("series", (n,), ()) for n in (one, two)]
    return Series("series", sides[0].parts + sides[1].parts, (*sides[0].weights, weight, *sides[1].weights))


def _core(parts: Sequence[tuple[int, int, Network]], weights: Sequence[Weight]) -> Core:
    """The least of the equal ways to number the inner vertices."""

    def numbered() -> Iterator[Core]:
        for order in permutations(range(len(weights))):
            label = [0, 1, *(2 + order.index(i) for i in range(len(weights)))]
            moved = [(label[i], label[j], n) for i, j, n in parts]
            turned = sorted((i, j, n) if i < j else (j, i, reverse(n)) for i, j, n in moved)
            yield Core("core", tuple(turned), tuple(weights[i] for i in order))

    return min(numbered())
