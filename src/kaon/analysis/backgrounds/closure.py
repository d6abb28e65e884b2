"""Does an estimate agree with the truth within the uncertainty that it states?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2 as chi2_distribution

from kaon.analysis.backgrounds.uncertain import Uncertain, joined
from kaon.analysis.counts import Counts
from kaon.errors import DataError

__all__ = ["Closure", "PullSummary", "closure", "summarise_pulls"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Closure:
    """Estimates beside the truth, a line for each region.

    Args:
        regions: names.
        estimated, true: totals of the regions with their variances, (regions,).
        pulls: (estimated - true) / uncertainty of the difference, (regions,); infinite where a difference has none.
        chi2: of all regions, with what correlates them.
        degrees: of freedom: regions that are independent of one another.
        p_value: probability of a chi2 as large or larger.
    """

    regions: tuple[str, ...]
    estimated: Counts
    true: Counts
    pulls: Array
    chi2: float
    degrees: int
    p_value: float

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        lines = zip(
            self.regions, self.estimated.values, self.estimated.errors, self.true.values, self.true.errors, self.pulls,
            strict=True,
        )  # fmt: skip
        names = ("estimated", "error", "true", "true_error", "pull")
        finite = {
            region: {name: float(x) if np.isfinite(x) else None for name, x in zip(names, found, strict=True)}
            for region, *found in lines
        }
        total = self.chi2 if np.isfinite(self.chi2) else None
        return {"regions": finite, "chi2": total, "degrees": self.degrees, "p_value": self.p_value}


@dataclass(frozen=True)
class PullSummary:
    """Mean and width of pulls of many pseudo-experiments; 0 and 1 of an estimate that is unbiased and honest."""

    mean: float
    mean_error: float
    width: float
    width_error: float
    count: int


def closure(estimates: Mapping[str, Counts | Uncertain], truths: Mapping[str, Counts | Uncertain]) -> Closure:
    r"""Compare totals of regions with the truth, pull by pull and all at once by chi2 = d^T V^-1 d.

    Args:
        estimates: by region; as `Uncertain` with what correlates bins and regions.
        truths: of the same regions. Events that were drawn fluctuate about what an estimate predicts, and carry their
            Poisson variances; an expectation carries none.

    Raises:
        DataError: no region, or regions that only one of the two has.
    """
    if not estimates or set(estimates) != set(truths):
        raise DataError(
            f"closure needs the same regions on both sides, at least one; estimated: {', '.join(estimates) or 'none'}; "
            f"true: {', '.join(truths) or 'none'}"
        )
    regions = tuple(estimates)
    estimated = joined(Uncertain.of(estimates[r]).total for r in regions)
    true = joined(Uncertain.of(truths[r]).total for r in regions)
    difference = estimated - true
    away, errors = difference.values, difference.errors
    with np.errstate(divide="ignore", invalid="ignore"):
        pulls = np.where(away == 0, 0.0, away / errors)
    if np.isinf(pulls).any():
        return Closure(regions, estimated.counts, true.counts, pulls, np.inf, len(regions), 0.0)
    scale = np.where(errors > 0, errors, 1.0)
    correlation = difference.covariance / np.outer(scale, scale)
    value, vectors = np.linalg.eigh(correlation)
    kept = value > 1e-9 * value.max(initial=0.0)
    along = vectors.T @ (away / scale)
    total, degrees = float((np.square(along[kept]) / value[kept]).sum()), int(kept.sum())
    p_value = float(chi2_distribution.sf(total, degrees)) if degrees else 1.0
    return Closure(regions, estimated.counts, true.counts, pulls, total, degrees, p_value)


def summarise_pulls(pulls: ArrayLike) -> PullSummary:
    """Mean and width of pulls, with their statistical errors for Gaussian pulls.

    Args:
        pulls: of independent pseudo-experiments, (experiments,), at least two.

    Raises:
        DataError: fewer than two, or pulls that are not finite.
    """
    found = np.asarray(pulls, np.float64)
    if found.ndim != 1 or len(found) < 2 or not np.isfinite(found).all():
        raise DataError(f"mean and width of pulls take at least two finite ones, got {found.tolist()}")
    width, count = float(found.std(ddof=1)), len(found)
    return PullSummary(float(found.mean()), width / count**0.5, width, width / (2 * (count - 1)) ** 0.5, count)
