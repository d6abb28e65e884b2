"""What the fit of an analysis does to bins that a likelihood cannot take as they are, in words."""

from __future__ import annotations

from kaon.analysis import Analysis
from kaon.analysis.fit import adjustments

__all__ = ["fitted_as"]


def fitted_as(analysis: Analysis, histogram: str = "") -> str:
    """Which bins are merged or set to zero, in sentences; nothing if the fit takes all as they are.

    Args:
        analysis: its result.
        histogram: about which to tell; all of them by default.
    """
    config, said = analysis.config, []
    for region, change in adjustments(analysis.templates, config).items():
        if histogram not in ("", change.histogram):
            continue
        where = f"The fit of {config.region_label(region)}"
        if change.negative:
            names = " and ".join(config.label(name) for name in change.negative)
            said.append(f"{where} takes bins in which {names} is below zero as zero.")
        if len(change.starts) < change.bins:
            left = len(change.starts)
            said.append(f"{where} merges {change.bins} bins into {left}, so that background is expected in each.")
    return " ".join(said)
