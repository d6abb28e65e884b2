"""N-subjettiness through FastJet's batch interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon import kinematics as kin
from kaon.errors import ConfigError
from kaon.extras import require

__all__ = ["nsubjettiness"]

_CHUNK = 8192
"""Jets of one call: FastJet keeps all objects of a call in memory, about 20 kB a jet."""


def nsubjettiness(
    constituents: Any, bodies: Sequence[int] = (1, 2, 3), beta: float = 1.0, axes: str = "OnePass_KT_Axes"
) -> NDArray[np.float64]:
    """tau_N^(beta) = (1 / sum_i pT_i) sum_i pT_i min_a R_(a,i)^beta, for thousands of jets in one call.

    Thaler, Van Tilburg, JHEP 03 (2011) 015, https://arxiv.org/abs/1011.2268, here without the jet radius in the
    denominator. A jet with no more constituents than axes (also an empty one) or without transverse momentum has
    tau = 0.

    Args:
        constituents: jagged records with px, py, pz, E (GeV), (jets, constituents).
        bodies: the N, each at least 1.
        beta: angular exponent.
        axes: name of the axes in FastJet contrib; `KT_Axes` are the plain kT axes of the N-subjettiness basis,
            `OnePass_KT_Axes` start from them and minimise tau.

    Returns:
        (jets, len(bodies)).

    Raises:
        ConfigError: an N below 1, or a beta that is not positive.
        MissingExtra: fastjet is not installed.
    """
    if min(bodies, default=1) < 1 or not beta > 0:
        raise ConfigError(f"bodies={tuple(bodies)}, beta={beta}: N-subjettiness needs every N >= 1 and beta > 0")
    fastjet = require("fastjet")
    fastjet._swig.ClusterSequence.set_fastjet_banner_stream(None)
    if len(constituents) == 0 or not bodies:
        return np.zeros((len(constituents), len(bodies)))
    found = [
        _chunk(fastjet, constituents[start : start + _CHUNK], bodies, beta, axes)
        for start in range(0, len(constituents), _CHUNK)
    ]
    return np.concatenate(found)


def _chunk(fastjet: Any, constituents: Any, bodies: Sequence[int], beta: float, axes: str) -> NDArray[np.float64]:
    momenta = ak.zip({name: ak.values_astype(constituents[name], np.float64) for name in ("px", "py", "pz", "E")})
    sequence = fastjet.ClusterSequence(ak.to_packed(momenta), fastjet.JetDefinition(fastjet.kt_algorithm, 1.0))
    taus = sequence.njettiness(
        measure_definition="NormalizedMeasure", axes_definition=axes, njets=list(bodies), beta=beta, R0=1.0
    )
    found = np.array(ak.to_numpy(taus), np.float64).reshape(len(constituents), len(bodies))
    pt = ak.sum(kin.transverse_momentum(momenta.px, momenta.py), axis=1)
    found[np.asarray(ak.to_numpy(pt)) == 0] = 0  # FastJet's 0 / 0
    return found
