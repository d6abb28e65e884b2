"""A plan as instructions for batches: which vector lies where, what is read together, what may be forgotten when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from kaon.substructure.energy_flow.graphs import Graph
from kaon.substructure.energy_flow.networks import Network, Weight, both_ways, reverse
from kaon.substructure.energy_flow.plan import Plan, Recipe, plan

__all__ = ["Apply", "Core", "Hadamard", "Level", "Multiply", "Program", "Side", "Theta", "program"]

Side: TypeAlias = tuple[int, bool]
"""A matrix and whether it is transposed."""


@dataclass(frozen=True)
class Theta:
    """The angles themselves."""

    matrix: int


@dataclass(frozen=True)
class Hadamard:
    """left * right, element by element."""

    matrix: int
    left: Side
    right: Side


@dataclass(frozen=True)
class Multiply:
    """left diag(z v) right."""

    matrix: int
    left: Side
    vector: int
    right: Side


@dataclass(frozen=True)
class Core:
    """Sum over the inner vertices 2, 3, ... of a network, with (i, j, matrix) between them and a vector on each."""

    matrix: int
    parts: tuple[tuple[int, int, Side], ...]
    vectors: tuple[int, ...]


@dataclass(frozen=True)
class Apply:
    """matrix diag(z) v, for several v."""

    matrix: Side
    vectors: tuple[int, ...]


Step: TypeAlias = Theta | Hadamard | Multiply | Core | Apply


@dataclass
class Level:
    """Steps whose vectors are new, in order, and then products of vectors.

    Args:
        steps: each with the matrices that nobody reads after it.
        products: one after another, (firsts, seconds) of vectors to be multiplied.
    """

    steps: list[tuple[Step, tuple[int, ...]]] = field(default_factory=list)
    products: list[tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=list)


@dataclass
class Program:
    """What to do, vector 0 being ones.

    Args:
        levels: in order.
        vectors: how many there are.
        few: vectors such that each connected graph has one of them.
        pairs: of each connected graph, the place of one of `few`, times `vectors`, plus the other vector.
    """

    levels: list[Level]
    vectors: int
    few: tuple[int, ...]
    pairs: tuple[int, ...]


@cache
def program(primes: tuple[Graph, ...]) -> Program:
    """The instructions for connected graphs."""
    return _Compiler(plan(primes)).compile(primes)


class _Compiler:
    def __init__(self, given: Plan) -> None:
        self.plan = given
        self.matrix: dict[Network, int] = {}
        self.vector: dict[Weight, int] = {(): 0}
        self.level: dict[Any, int] = {}
        for key, recipe in given.recipes.items():
            if recipe.kind != "applied":
                self.level[key] = self._level(recipe)

    def compile(self, primes: Sequence[Graph]) -> Program:
        levels = []
        for number in range(1, 1 + max(self.level.values(), default=0)):
            level = Level()
            fresh = [key for key, at in self.level.items() if at == number]
            applied: dict[Side, list[Weight]] = {}
            for key in fresh:
                if self.plan.recipes[key].kind == "apply":
                    applied.setdefault(self._direct(self.plan.recipes[key].networks[0]), []).append(key)
            for side, weights in applied.items():
                network, turned = side
                steps = [*self._made(network)]
                ends = tuple(self.vector[self.plan.recipes[w].weights[0]] for w in weights)
                steps.append(Apply((self.matrix[network], turned), ends))
                level.steps += [(step, ()) for step in steps]
                for weight in weights:
                    self.vector[weight] = len(self.vector)
            waiting = [key for key in fresh if self.plan.recipes[key].kind == "product"]
            while waiting:
                ready = [k for k in waiting if all(w in self.vector for w in self.plan.recipes[k].weights)]
                factors = [self.plan.recipes[k].weights for k in ready]
                firsts, seconds = (tuple(self.vector[pair[i]] for pair in factors) for i in (0, 1))
                level.products.append((firsts, seconds))
                for key in ready:
                    self.vector[key] = len(self.vector)
                waiting = [key for key in waiting if key not in ready]
            levels.append(level)
        _forget(levels)
        pairs = [tuple(self.vector[half] for half in self.plan.pairs[graph]) for graph in primes]
        few = _covering(pairs)
        place = {vector: i for i, vector in enumerate(few)}
        ordered = [(a, b) if a in place else (b, a) for a, b in pairs]
        return Program(levels, len(self.vector), few, tuple(place[a] * len(self.vector) + b for a, b in ordered))

    def _level(self, recipe: Recipe) -> int:
        """How many applications after one another a key needs."""
        needed = [*(self._key(n) for n in recipe.networks), *(w for w in recipe.weights if w != ())]
        return (recipe.kind == "apply") + max((self.level[key] for key in needed), default=0)

    def _key(self, network: Network) -> Network:
        return both_ways(network)[0]

    def _side(self, network: Network) -> Side:
        """The matrix of a network whose plan is made."""
        key, turned = both_ways(network)
        return self.matrix[key], turned

    def _direct(self, network: Network) -> tuple[Network, bool]:
        """A network and whether it is transposed; a symmetric one counts as transposed, which is faster to apply."""
        key, turned = both_ways(network)
        return key, turned or reverse(key) == key

    def _made(self, network: Network) -> Iterator[Step]:
        """The steps that make a network, what it needs first."""
        key = self._key(network)
        if key in self.matrix:
            return
        recipe = self.plan.recipes[key]
        for part in recipe.networks:
            yield from self._made(part)
        number = self.matrix[key] = len(self.matrix)
        sides = tuple(map(self._side, recipe.networks))
        vectors = tuple(self.vector[weight] for weight in recipe.weights)
        match recipe.kind:
            case "theta":
                yield Theta(number)
            case "hadamard":
                yield Hadamard(number, *sides)
            case "multiply":
                yield Multiply(number, sides[0], vectors[0], sides[1])
            case "core":
                parts = zip(recipe.ends, sides, strict=True)
                yield Core(number, tuple((i, j, side) for (i, j), side in parts), vectors)


def _covering(pairs: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Some numbers such that one of each pair is among them, the most frequent first."""
    few: list[int] = []
    left = list(pairs)
    while left:
        count = Counter(number for pair in left for number in set(pair))
        few.append(max(count, key=lambda number: (count[number], -number)))
        left = [pair for pair in left if few[-1] not in pair]
    return tuple(few)


def _reads(step: Step) -> set[int]:
    match step:
        case Theta():
            return set()
        case Hadamard() | Multiply():
            return {step.left[0], step.right[0]}
        case Core():
            return {side[0] for _, _, side in step.parts}
        case Apply():
            return {step.matrix[0]}


def _forget(levels: list[Level]) -> None:
    """Write beside each step which matrices it is the last to read."""
    later: set[int] = set()
    for level in reversed(levels):
        for i in reversed(range(len(level.steps))):
            step = level.steps[i][0]
            last = _reads(step) - later
            later |= last
            level.steps[i] = step, tuple(sorted(last))
