"""Energy flow polynomials of any graphs, for batches of jets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from kaon.errors import ConfigError, DataError, UnknownName
from kaon.substructure.energy_flow.evaluate import run
from kaon.substructure.energy_flow.graphs import Graph, canonical, components, graphs, name_of
from kaon.substructure.energy_flow.measures import COMPONENTS, angles_ee, angles_hadronic, energies, total
from kaon.substructure.energy_flow.program import program

__all__ = ["EnergyFlowPolynomials", "energy_flow_polynomials"]

_STEP = 4
"""Jets are padded to a multiple of this many particles: what a jet gives must not depend on the others of its batch."""

_ENTRIES = {"cpu": 2**15, "cuda": 2**25}
"""Entries of one matrix over all jets of a chunk: on a CPU a handful of matrices stays in the cache."""


class EnergyFlowPolynomials:
    """EFP_G = sum_(i_1) ... sum_(i_N) z_(i_1) ... z_(i_N) prod_((k, l) in G) theta_(i_k i_l), for some multigraphs G.

    Komiske, Metodiev, Thaler, JHEP 04 (2018) 013, https://arxiv.org/abs/1712.07124. Disconnected graphs are products of
    connected ones; the trivial graph () is the sum of z. All graphs share one plan, so that a thousand cost little more
    than the hundred matrices over pairs of particles that they are made of.

    >>> line = EnergyFlowPolynomials([[(0, 1)]], beta=2)
    >>> two = torch.tensor([[[3.0, 0.0, 0.0], [1.0, 0.3, 0.4]]])  # z = 3/4 and 1/4, theta = 0.25
    >>> line(two).numpy().round(5).tolist()
    [[0.09375]]

    Args:
        graphs: each a list of edges (i, j), numbered as one likes.
        beta: angular exponent, above 0.
        kappa: energy exponent, above 0; only 1 is collinear-safe.
        measure: "hadronic": z_i = pT_i, theta_ij = ((y_i - y_j)^2 + (phi_i - phi_j)^2)^(beta/2); "ee": z_i = E_i,
            theta_ij = (2 p_i p_j / (E_i E_j))^(beta/2).
        normalise: z_i is divided by the sum over the jet, before the power kappa.

    Raises:
        ConfigError: an edge joins a vertex with itself, or an exponent is not above 0.
        UnknownName: no such measure.
    """

    def __init__(
        self,
        graphs: Iterable[Iterable[Sequence[int]]],
        *,
        beta: float = 0.5,
        kappa: float = 1.0,
        measure: str = "hadronic",
        normalise: bool = True,
    ) -> None:
        if not (beta > 0 and kappa > 0):
            raise ConfigError(f"beta={beta}, kappa={kappa}; both exponents must be above 0")
        if measure not in COMPONENTS:
            raise UnknownName("measure", measure, COMPONENTS)
        self.graphs: tuple[Graph, ...] = tuple(canonical(graph) for graph in graphs)
        self.beta, self.kappa, self.measure, self.normalise = float(beta), float(kappa), measure, normalise
        factors = [[canonical(part) for part in components(graph)] for graph in self.graphs]
        needed = {part for parts in factors for part in parts}
        self._primes = tuple(sorted(needed, key=lambda graph: (len(graph), graph)))
        number = {graph: i for i, graph in enumerate(self._primes)}
        self._factors = [[number[part] for part in parts] for parts in factors]

    @property
    def names(self) -> tuple[str, ...]:
        """Readable names of the graphs, in order."""
        return tuple(map(name_of, self.graphs))

    @torch.no_grad()
    def __call__(self, constituents: Tensor | Any, mask: Tensor | Any | None = None) -> Tensor:
        """The polynomials of every jet; without gradients.

        The time grows with the fourth power of a jet's particles if a four-clique is among the graphs, and with the
        third otherwise. Memory is that of input and output and, per chunk of jets, of a few dozen matrices.

        Args:
            constituents: (jets, particles, 3) of (pT, rapidity, azimuth), or for "ee" (jets, particles, 4) of
                (E, px, py, pz), GeV and radians, float32 or float64, on any device.
            mask: (jets, particles) bool, True for real particles; without it all are real. Particles without energy
                count nothing.

        Returns:
            (jets, graphs), of the dtype and on the device of the input; a jet without energy has 0 everywhere.

        Raises:
            DataError: another shape or dtype, NaN or infinity, or a negative energy.
        """
        particles, real = self._checked(torch.as_tensor(constituents), mask)
        instructions, ee = program(self._primes), self.measure == "ee"
        values = particles.new_zeros(len(particles), len(self._primes) + 1)  # the trivial graph comes last
        with torch.autocast(particles.device.type, enabled=False):
            for rows, width in _chunks(real.sum(1), _ENTRIES.get(particles.device.type, 2**22)):
                # The real particles of a jet first, in the order they have.
                order = real[rows].byte().argsort(dim=1, descending=True, stable=True)[:, :width]
                chosen = particles[rows].take_along_dim(order[..., None], 1)
                z = energies(chosen[..., 0], self.kappa, self.normalise)
                theta = angles_ee(chosen, self.beta) if ee else angles_hadronic(chosen[..., 1:], self.beta)
                values[rows] = torch.cat([run(instructions, z, theta), total(z)], 1)
        return self._products(values)

    def _checked(self, given: Tensor, mask: Tensor | Any | None) -> tuple[Tensor, Tensor]:
        """Particles padded to a multiple of `_STEP` with zeros, and which are real and have energy."""
        numbers = COMPONENTS[self.measure]
        if given.ndim != 3 or given.shape[2] != numbers or given.dtype not in (torch.float32, torch.float64):
            raise DataError(
                f"constituents of shape {tuple(given.shape)} and {given.dtype}; the {self.measure} measure reads "
                f"(jets, particles, {numbers}) in float32 or float64"
            )
        real = torch.ones_like(given[..., 0], dtype=torch.bool)
        if mask is not None:
            real = torch.as_tensor(mask, device=given.device)
            if real.shape != given.shape[:2] or real.dtype is not torch.bool:
                raise DataError(
                    f"a mask of shape {tuple(real.shape)} and {real.dtype}; needed: {tuple(given.shape[:2])}, bool"
                )
        particles = torch.where(real[..., None], given, 0)
        wrong = (~torch.isfinite(particles).all(2) | (particles[..., 0] < 0)).any(1)
        if bool(wrong.any()):
            raise DataError(
                f"NaN, infinity or a negative energy in {int(wrong.sum())} jets, "
                f"first in jet {int(wrong.nonzero()[0])}; leave them out, or mask the particles"
            )
        padding = -particles.shape[1] % _STEP
        return (
            torch.nn.functional.pad(particles, (0, 0, 0, padding)),
            torch.nn.functional.pad(real & (particles[..., 0] > 0), (0, padding)),
        )

    def _products(self, values: Tensor) -> Tensor:
        """From connected graphs to all graphs."""
        first = [parts[0] if parts else len(self._primes) for parts in self._factors]
        made = values[:, first]
        for depth in range(1, max(map(len, self._factors), default=0)):
            rows = [i for i, parts in enumerate(self._factors) if len(parts) > depth]
            made[:, rows] *= values[:, [self._factors[i][depth] for i in rows]]
        return made


def energy_flow_polynomials(
    constituents: Tensor | Any,
    mask: Tensor | Any | None = None,
    *,
    max_edges: int = 7,
    beta: float = 0.5,
    kappa: float = 1.0,
    measure: str = "hadronic",
    normalise: bool = True,
) -> Tensor:
    """All energy flow polynomials of at most `max_edges` edges, in the order of `graphs(max_edges)`.

    For 7 edges these are 1000. See `EnergyFlowPolynomials` for the formula, the arguments and what is raised.

    >>> energy_flow_polynomials(torch.rand(5, 20, 3)).shape
    torch.Size([5, 1000])
    """
    made = EnergyFlowPolynomials(graphs(max_edges), beta=beta, kappa=kappa, measure=measure, normalise=normalise)
    return made(constituents, mask)


def _chunks(counts: Tensor, entries: int) -> Iterator[tuple[Tensor, int]]:
    """(rows, particles) of jets that are about equally large; jets without particles are left out."""
    widths = (counts + _STEP - 1) // _STEP * _STEP
    for width in torch.unique(widths).tolist():
        if width:
            rows = (widths == width).nonzero()[:, 0]
            yield from ((chunk, width) for chunk in rows.split(max(1, entries // width**2)))
