"""Multigraphs up to isomorphism: the names of the energy flow polynomials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import TypeAlias

from kaon.errors import ConfigError

__all__ = ["Edge", "Graph", "canonical", "components", "graphs", "name_of", "vertices_of"]

Edge: TypeAlias = tuple[int, int]
Graph: TypeAlias = tuple[Edge, ...]
"""Edges (i, j) with i < j, in order; a double edge stands there twice. () is the graph of a single vertex."""


@cache
def graphs(max_edges: int) -> tuple[Graph, ...]:
    """Every multigraph without isolated vertices of at most this many edges, once, as `canonical` labels it.

    Ordered by the number of edges, then of components, then of vertices, then by the edge lists. The first is the
    trivial graph (). Their numbers by edges are https://oeis.org/A050535, those of the connected ones
    https://oeis.org/A076864; up to 7 edges there are 1000.

    >>> graphs(2)
    ((), ((0, 1),), ((0, 1), (0, 1)), ((0, 1), (0, 2)), ((0, 1), (2, 3)))

    Raises:
        ConfigError: a negative number of edges.
    """
    if max_edges < 0:
        raise ConfigError(f"max_edges={max_edges}; graphs have 0 edges or more")
    primes = _connected(max_edges)
    found = [_joined(parts) for parts in _multisets(primes, max_edges)]
    return tuple(sorted(found, key=_rank))


def canonical(edges: Iterable[Sequence[int]]) -> Graph:
    """The one labelling that all isomorphic multigraphs share.

    >>> canonical([(7, 3), (5, 7)])
    ((0, 1), (0, 2))

    Raises:
        ConfigError: an edge is not a pair of two different vertices.
    """
    pairs = [tuple(edge) for edge in edges]
    wrong = [pair for pair in pairs if len(pair) != 2 or pair[0] == pair[1]]
    if wrong:
        raise ConfigError(f"{wrong[0]} is not an edge; an edge joins two different vertices, as (0, 1) does")
    return _canonical(tuple((pair[0], pair[1]) for pair in pairs))


@lru_cache(maxsize=2**14)
def _canonical(edges: tuple[Edge, ...]) -> Graph:
    return _joined(_canonical_connected(part) for part in components(edges))


def components(edges: Iterable[Edge]) -> list[list[Edge]]:
    """The edges of each connected component."""
    parts: list[tuple[set[int], list[Edge]]] = []
    for edge in edges:
        touched = [part for part in parts if part[0] & set(edge)]
        parts = [part for part in parts if not part[0] & set(edge)]
        joined = set(edge).union(*(part[0] for part in touched))
        parts.append((joined, [e for part in touched for e in part[1]] + [edge]))
    return [part[1] for part in parts]


def vertices_of(edges: Iterable[Edge]) -> list[int]:
    """The vertices, in order.

    >>> vertices_of([(0, 2), (2, 3)])
    [0, 2, 3]
    """
    return sorted({vertex for edge in edges for vertex in edge})


def name_of(graph: Graph) -> str:
    """A readable name: the edges.

    >>> name_of(((0, 1), (0, 1), (0, 2))), name_of(())
    ('efp_01_01_02', 'efp_trivial')
    """
    wide = any(max(edge) > 9 for edge in graph)
    return "_".join(["efp", *(f"{i}.{j}" if wide else f"{i}{j}" for i, j in graph)]) if graph else "efp_trivial"


@cache
def _connected(max_edges: int) -> tuple[Graph, ...]:
    """Connected multigraphs with 1 to `max_edges` edges: each is a smaller one with one edge more."""
    found: list[Graph] = []
    latest: set[Graph] = {((0, 1),)} if max_edges else set()
    while latest:
        found += sorted(latest, key=_rank)
        if len(next(iter(latest))) == max_edges:
            break
        latest = {_canonical_connected([*graph, edge]) for graph in latest for edge in _new_edges(graph)}
    return tuple(found)


def _new_edges(graph: Graph) -> Iterator[Edge]:
    n = 1 + max(vertex for edge in graph for vertex in edge)
    yield from ((i, j) for j in range(n + 1) for i in range(min(j, n)))


def _multisets(primes: Sequence[Graph], edges: int, first: int = 0) -> Iterator[list[Graph]]:
    """Every selection with repetition of connected graphs of at most `edges` edges in all."""
    yield []
    for i in range(first, len(primes)):
        if len(primes[i]) <= edges:
            yield from ([primes[i], *rest] for rest in _multisets(primes, edges - len(primes[i]), i))


def _joined(parts: Iterable[Graph]) -> Graph:
    """The disjoint union, its components in order."""
    edges: list[Edge] = []
    offset = 0
    for part in sorted(parts, key=_rank):
        edges += [(i + offset, j + offset) for i, j in part]
        offset += 1 + max(vertex for edge in part for vertex in edge)
    return tuple(edges)


def _rank(graph: Graph) -> tuple[int, int, int, Graph]:
    return len(graph), len(components(graph)), len(vertices_of(graph)), graph


def _canonical_connected(edges: Sequence[Edge]) -> Graph:
    """Least edge list over the labellings that colour refinement leaves open (McKay, Congr. Numer. 30 (1981) 45)."""
    number = {vertex: i for i, vertex in enumerate(vertices_of(edges))}
    adjacent = [[0] * len(number) for _ in number]
    for a, b in edges:
        i, j = number[a], number[b]
        adjacent[i][j] += 1
        adjacent[j][i] += 1
    return min(_labellings(adjacent, _refined(adjacent, [-sum(row) for row in adjacent])))


def _refined(adjacent: list[list[int]], colours: list[int]) -> list[int]:
    """Colours 0, 1, ... such that vertices of one colour have equally coloured neighbours."""
    vertices = range(len(colours))
    while True:
        seen = [(colours[v], sorted((colours[u], m) for u, m in enumerate(adjacent[v]) if m)) for v in vertices]
        order = {repr(signature): i for i, signature in reversed(list(enumerate(sorted(seen))))}
        found = [order[repr(signature)] for signature in seen]
        if len(set(found)) == len(set(colours)):
            return found
        colours = found


def _labellings(adjacent: list[list[int]], colours: list[int]) -> Iterator[Graph]:
    vertices = range(len(colours))
    cells = sorted({colour for colour in colours if colours.count(colour) > 1})
    if not cells:
        label = {v: i for i, v in enumerate(sorted(vertices, key=colours.__getitem__))}
        pairs = ((min(label[i], label[j]), max(label[i], label[j]), adjacent[i][j]) for j in vertices for i in range(j))
        yield tuple(sorted((a, b) for a, b, multiplicity in pairs for _ in range(multiplicity)))
        return
    tried: list[int] = []
    for v in vertices:
        if colours[v] != cells[0] or any(_twins(adjacent, v, u) for u in tried):
            continue
        tried.append(v)
        single = [2 * colour + (colour == cells[0] and u != v) for u, colour in enumerate(colours)]
        yield from _labellings(adjacent, _refined(adjacent, single))


def _twins(adjacent: list[list[int]], u: int, v: int) -> bool:
    """Whether exchanging two vertices changes nothing."""
    return all(adjacent[u][w] == adjacent[v][w] for w in range(len(adjacent)) if w not in (u, v))
