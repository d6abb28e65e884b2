"""The background of one region from three others, in which one or both of two independent cuts are turned around."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from kaon.analysis.backgrounds.ratio import measured_ratio
from kaon.analysis.backgrounds.uncertain import Uncertain, summed
from kaon.analysis.counts import Counts
from kaon.errors import KaonWarning

__all__ = ["abcd"]


def abcd(
    b: Counts | Uncertain,
    c: Counts | Uncertain,
    d: Counts | Uncertain,
    b_others: Sequence[Counts | Uncertain] = (),
    c_others: Sequence[Counts | Uncertain] = (),
    d_others: Sequence[Counts | Uncertain] = (),
) -> Uncertain:
    r"""Background of the signal region, A = B x C / D, by linear propagation.

    B fails one cut, C the other, D both; of independent cuts, A / B = C / D. The shape is that of B, and C and D are
    counted in all their bins together. With few events the estimate is far from a Gaussian: `fit_abcd` says what
    Poisson counts allow, and is the only one to say anything where D is empty.

    Args:
        b, c, d: data of the regions, (bins,) each.
        b_others, c_others, d_others: what is not the background looked for: other backgrounds, and the signal there
            at the strength that is believed; `fit_abcd` finds the strength instead.

    Returns:
        As many bins as B has, correlated by C / D. It is negative, with a KaonWarning, where the others explain more
        of C than was seen.

    Raises:
        DataError: no background in D.
    """
    above = (Uncertain.of(c) - summed(c_others, len(c))).total
    below = (Uncertain.of(d) - summed(d_others, len(d))).total
    ratio = measured_ratio(above, below, "region D (data minus the others)")
    if ratio.values[0] < 0:
        warnings.warn(
            f"region C holds {above} background events, as the others explain more than was seen",
            KaonWarning,
            stacklevel=2,
        )
    return (Uncertain.of(b) - summed(b_others, len(b))) * ratio
