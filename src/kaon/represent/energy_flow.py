"""Energy flow polynomials of a jet's constituents as one feature vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.data import Events, Input, InputSpec
from kaon.data.jagged import cartesian, counts_of, pad
from kaon.errors import ConfigError
from kaon.represent.base import Representation
from kaon.substructure.energy_flow import energy_flow_polynomials, graphs, name_of

__all__ = ["EnergyFlow"]

_SLICE = 8192
"""Jets padded at once."""

_LEAST = 1e-12
"""Polynomials below this count as this much in a logarithm."""


class EnergyFlow(Representation):
    """All energy flow polynomials of at most `max_edges` edges, hadronic measure.

    Komiske, Metodiev, Thaler, https://arxiv.org/abs/1712.07124; with beta = 0.5 and 7 edges the 1000 inputs of the
    linear classifier in https://arxiv.org/abs/1902.09914, which reads them as they are. Their values span many decades;
    a network other than a linear one may learn better from their logarithms.

    Args:
        max_edges: of a graph; 7 make 1000 polynomials, 5 make 102.
        beta: angular exponent, above 0.
        kappa: energy exponent, above 0; only 1 is collinear-safe.
        constituents: how many are kept at most: the first, which are the hardest, since constituents are ordered by
            pT. The time grows with their fourth power.
        log: the natural logarithm of each polynomial, of 1e-12 where it is less.

    Output: `features`, (jets, polynomials) float32, named by the edges of their graphs: efp_01_01_02 is
    sum_ijk z_i z_j z_k theta_ij^2 theta_ik. All but the trivial one are 0 for a jet of fewer than two constituents.

    Raises:
        ConfigError: numbers that make no sense.
    """

    requires: ClassVar[tuple[str, ...]] = ("constituents",)
    standardised: ClassVar[tuple[str, ...]] = ("features",)

    def __init__(
        self,
        max_edges: int = 7,
        beta: float = 0.5,
        kappa: float = 1.0,
        constituents: int = 200,
        log: bool = False,
    ) -> None:
        if constituents < 1 or max_edges < 0 or not (beta > 0 and kappa > 0):
            raise ConfigError(
                f"max_edges={max_edges}, beta={beta}, kappa={kappa}, constituents={constituents}; "
                "needed: max_edges >= 0, beta > 0, kappa > 0, constituents >= 1"
            )
        super().__init__(max_edges=max_edges, beta=beta, kappa=kappa, constituents=constituents, log=log)

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """One array: `features`.

        Raises:
            DataError: momenta are NaN, infinite or beyond 1e18 GeV.
        """
        o = self.options
        rows = [np.zeros((0, len(graphs(o["max_edges"]))), np.float32)]
        column = events["constituents"]
        momenta, sizes = cartesian(column), counts_of(column)
        ends = np.cumsum(sizes)
        for start in range(0, len(events), _SLICE):
            counts = sizes[start : start + _SLICE]
            stop = ends[start + len(counts) - 1]
            px, py, pz, E = (values[ends[start] - counts[0] : stop] for values in momenta)
            columns = [kin.transverse_momentum(px, py), kin.rapidity(E, pz), kin.phi(px, py)]
            length = min(int(counts.max(initial=0)), o["constituents"])
            particles, mask = pad(np.stack(columns, axis=1), counts, length)
            made = energy_flow_polynomials(
                particles, mask, max_edges=o["max_edges"], beta=o["beta"], kappa=o["kappa"]
            ).numpy()
            rows.append(np.log(np.maximum(made, _LEAST)) if o["log"] else made)
        return {"features": np.concatenate(rows)}

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """One input of features named by their graphs."""
        names = tuple(map(name_of, graphs(self.options["max_edges"])))
        return InputSpec((Input("features", (len(names),), features=names),))

    def normalisation(self, item: Input, rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Mean and 1/sigma, however small: a polynomial of many edges is small, and no constant."""
        mean, sigma = rows.mean(0, dtype=float), rows.std(0, dtype=float)
        constant = sigma <= np.maximum(1e-6 * np.abs(mean), 1e-30)
        return mean, 1 / np.where(constant, 1.0, sigma)


VARIANTS = {"energy_flow": EnergyFlow}
