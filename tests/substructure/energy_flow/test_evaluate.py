from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from kaon.substructure.energy_flow.evaluate import run
from kaon.substructure.energy_flow.graphs import Graph, canonical, components, graphs
from kaon.substructure.energy_flow.program import program


def clique(vertices: int, *without: tuple[int, int]) -> Graph:
    return canonical([(i, j) for j in range(vertices) for i in range(j) if (i, j) not in without])


WHEEL = canonical([(0, i) for i in range(1, 5)] + [(1, 2), (2, 3), (3, 4), (4, 1)])
UTILITIES = canonical([(i, j) for i in range(3) for j in range(3, 6)])
UNEVEN = canonical([*clique(4), (0, 1), (2, 3), (0, 4), (4, 3), (2, 5), (5, 6), (5, 6)])
"""Graphs beyond the thousand, which series and parallel steps do not reduce either."""


def brute(graph: Graph, z: Tensor, theta: Tensor) -> Tensor:
    """The sum over all assignments of particles to vertices."""
    total = torch.zeros(len(z), dtype=z.dtype)
    for particles in product(range(z.shape[1]), repeat=1 + max(max(edge) for edge in graph)):
        term = z[:, list(particles)].prod(1)
        for i, j in graph:
            term = term * theta[:, particles[i], particles[j]]
        total += term
    return total


def random(jets: int, particles: int) -> tuple[Tensor, Tensor]:
    """Energies and symmetric angles, which are not zero on the diagonal: nothing may rely on that."""
    generator = torch.Generator().manual_seed(particles)
    z = torch.rand(jets, particles, generator=generator, dtype=torch.float64)
    theta = torch.rand(jets, particles, particles, generator=generator, dtype=torch.float64)
    return z, theta + theta.mT


def test_all_connected_graphs_of_up_to_four_edges_are_their_sums() -> None:
    primes = tuple(graph for graph in graphs(4) if len(components(graph)) == 1)
    z, theta = random(3, 4)
    expected = torch.stack([brute(graph, z, theta) for graph in primes], 1)
    torch.testing.assert_close(run(program(primes), z, theta), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("graph", [clique(4), clique(5), clique(5, (0, 1)), WHEEL, UTILITIES, UNEVEN])
def test_graphs_that_do_not_reduce_are_their_sums(graph: Graph) -> None:
    z, theta = random(2, 3)
    made = run(program((graph,)), z, theta)[:, 0]
    torch.testing.assert_close(made, brute(graph, z, theta), rtol=1e-12, atol=0)


def test_a_clique_of_more_particles_than_rows_a_block() -> None:
    z, theta = random(2, 11)
    made = run(program((clique(4),)), z, theta)[:, 0]
    expected = torch.einsum("ja,jb,jc,jd,jab,jac,jad,jbc,jbd,jcd->j", z, z, z, z, *([theta] * 6))
    torch.testing.assert_close(made, expected, rtol=1e-12, atol=0)
