"""A simulated background takes its normalisation from data, in a control region that it dominates."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from kaon.analysis.backgrounds.ratio import measured_ratio
from kaon.analysis.backgrounds.uncertain import Uncertain, summed
from kaon.analysis.counts import Counts
from kaon.errors import KaonWarning

__all__ = ["normalisation", "normalise"]


def normalisation(
    data: Counts | Uncertain, simulation: Sequence[Counts | Uncertain], others: Sequence[Counts | Uncertain] = ()
) -> Uncertain:
    r"""Factor k = (data - others) / simulation of a control region, all bins together.

    For W+jets in Z -> tau tau it is measured for each sign of the lepton pair by itself, as W+ and W- make fake taus
    of the charge opposite to the lepton's more often than of the same, which the simulation does not get right
    (ATLAS, Phys. Rev. D 84 (2011) 112006, https://arxiv.org/abs/1108.2016).

    Args:
        data: of the control region, (bins,).
        simulation: of the processes that the factor is for, each (bins,).
        others: the other processes there, from simulation or estimated.

    Returns:
        The factor with its uncertainty, one bin. Where the others explain more than the data it is 0 with the same
        uncertainty, and a KaonWarning says so.

    Raises:
        DataError: no simulated event of the process, or a total weight that is not positive.
    """
    bins = len(data)
    denominator = summed(simulation, bins).total
    factor = measured_ratio(
        (Uncertain.of(data) - summed(others, bins)).total, denominator, "the simulation of the control region"
    )
    return _not_negative(factor, "normalisation factor")


def normalise(simulation: Counts | Uncertain, factor: Uncertain) -> Uncertain:
    """The simulation of a region times a factor measured in another.

    Args:
        simulation: of one process in the region, (bins,).
        factor: one bin.
    """
    return Uncertain.of(simulation) * factor


def _not_negative(factor: Uncertain, what: str) -> Uncertain:
    if factor.values[0] >= 0:
        return factor
    warnings.warn(
        f"{what} {factor} is negative, as the other processes explain more events than were seen; it is set to 0 and "
        "keeps its uncertainty",
        KaonWarning,
        stacklevel=3,
    )
    return Uncertain(np.zeros(1), factor.responses)
