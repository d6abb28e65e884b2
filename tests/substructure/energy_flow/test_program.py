from __future__ import annotations

from kaon.substructure.energy_flow.graphs import components, graphs
from kaon.substructure.energy_flow.program import Apply, Core, Hadamard, Multiply, Program, program

PRIMES = tuple(graph for graph in graphs(6) if len(components(graph)) == 1)


def walk(made: Program) -> tuple[int, int]:
    """Follow a program without numbers; returns (vectors made, matrices never forgotten)."""
    vectors = 1
    alive: set[int] = set()
    for level in made.levels:
        new = 0
        for step, forgotten in level.steps:
            match step:
                case Hadamard() | Multiply():
                    read = {step.left[0], step.right[0]}
                case Core():
                    read = {side[0] for _, _, side in step.parts}
                case Apply():
                    read, new = {step.matrix[0]}, new + len(step.vectors)
                    assert max(step.vectors) < vectors
                case _:
                    read = set()
            assert read <= alive, "a matrix is read before it is made, or after it was forgotten"
            if not isinstance(step, Apply):
                alive.add(step.matrix)
            alive -= set(forgotten)
        vectors += new
        for firsts, seconds in level.products:
            assert max(firsts + seconds) < vectors
            vectors += len(firsts)
    return vectors, len(alive)


def test_everything_is_made_before_it_is_read_and_forgotten_in_the_end() -> None:
    made = program(PRIMES)
    assert walk(made) == (made.vectors, 0)
    assert len(made.pairs) == len(PRIMES)
    assert max(made.few) < made.vectors
    assert max(made.pairs) < len(made.few) * made.vectors
    assert len(made.few) < made.vectors / 2


def test_no_graphs_need_nothing() -> None:
    assert walk(program(())) == (1, 0)
