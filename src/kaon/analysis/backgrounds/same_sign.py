"""Multijet background of opposite-sign pairs from pairs of the same sign."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from kaon.analysis.backgrounds.ratio import measured_ratio
from kaon.analysis.backgrounds.uncertain import Uncertain, summed
from kaon.analysis.counts import Counts
from kaon.errors import KaonWarning

__all__ = ["same_sign", "transfer_factor"]


def transfer_factor(
    opposite: Counts | Uncertain,
    same: Counts | Uncertain,
    opposite_others: Sequence[Counts | Uncertain] = (),
    same_others: Sequence[Counts | Uncertain] = (),
) -> Uncertain:
    r"""Multijet events of opposite over those of the same sign, r = (OS - others) / (SS - others).

    It is measured where the lepton is not isolated, which multijet events dominate and where their two charges are
    as little correlated as with an isolated lepton (ATLAS, Phys. Rev. D 84 (2011) 112006,
    https://arxiv.org/abs/1108.2016).

    Args:
        opposite, same: data of the two control regions, (bins,) each.
        opposite_others, same_others: everything that is no multijet event there, from simulation or estimated.

    Returns:
        The factor with its uncertainty, one bin.

    Raises:
        DataError: no multijet event of the same sign is left.
    """
    above = (Uncertain.of(opposite) - summed(opposite_others, len(opposite))).total
    below = (Uncertain.of(same) - summed(same_others, len(same))).total
    return measured_ratio(above, below, "multijet of the same-sign control region (data minus the others)")


def same_sign(
    data: Counts | Uncertain, others: Sequence[Counts | Uncertain], transfer: Uncertain | float = 1.0
) -> Uncertain:
    r"""Multijet of the opposite-sign region, (SS data - SS others) x r, bin by bin.

    Bins in which the others explain more than the data are negative, so that the sum stays unbiased; a KaonWarning
    tells if this is more than a fluctuation. A figure or a fit may take `floored` of it.

    Args:
        data: of the same-sign region, (bins,).
        others: everything that is no multijet event there, each (bins,); W+jets with the factor of its own sign.
        transfer: factor from same to opposite sign; a number is taken as exactly known.

    Returns:
        (bins,), correlated by the factor.
    """
    left = Uncertain.of(data) - summed(others, len(data))
    total = left.total
    if float(total.values[0]) < -2 * float(total.errors[0]):
        warnings.warn(
            f"the same-sign region holds {total} multijet events: the other processes explain more than was seen, by "
            "more than two standard deviations; are they normalised?",
            KaonWarning,
            stacklevel=2,
        )
    return left * (transfer if isinstance(transfer, Uncertain) else Uncertain(np.array([transfer])))
