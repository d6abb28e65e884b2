"""What a selection is worth: expected events, purity and significance, with errors that two selections share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kaon.data.split import assign_folds
from kaon.errors import DataError
from kaon.evaluate import asimov_significance, best_cut

__all__ = ["UNCERTAINTY", "Judged", "as_pure_as", "judge", "passing"]

UNCERTAINTY = 0.1
"""Relative, of the background of any selection."""

_REPLICAS = 400
_SEED = 0x7A7461
_AT_ONCE = 20_000_000
"""Random numbers that are held at a time."""

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """A selection.

    Args:
        signal, background: expected events.
        significance: Asimov, with an uncertainty of `UNCERTAINTY` on the background.
        replicas: significances of bootstrap samples, (replicas,): the same for all selections that are judged
            together, so that their differences are what is known best.
        purities: of the same samples, (replicas,).
    """

    signal: float
    background: float
    significance: float
    replicas: Floats
    purities: Floats

    @property
    def purity(self) -> float:
        """Share of signal among what passes."""
        both = self.signal + self.background
        return self.signal / both if both > 0 else float("nan")

    @property
    def error(self) -> float:
        """Statistical error of the significance, from the simulated events."""
        return float(self.replicas.std(ddof=1))

    @property
    def purity_error(self) -> float:
        """Statistical error of the purity."""
        return float(self.purities.std(ddof=1))


def judge(
    selections: Mapping[str, Mask], target: NDArray[np.int64], weight: Floats, replicas: int = _REPLICAS
) -> dict[str, Judged]:
    """Judge selections of the same events, with bootstrap samples that they share (Efron, Ann. Stat. 7 (1979) 1).

    Args:
        selections: name -> which events pass, (events,).
        target: 1 for signal, 0 for background, (events,).
        weight: expected events that each stands for, (events,).
        replicas: bootstrap samples.

    Raises:
        DataError: nothing passes one of them.
    """
    for name, passed in selections.items():
        if not passed.any():
            raise DataError(f"the selection {name} lets no event pass")
    kinds = [np.where(passed & (target == c), weight, 0.0) for passed in selections.values() for c in (1, 0)]
    contents = np.stack(kinds, axis=1)  # (events, selections x kinds)
    rng, step = np.random.default_rng(_SEED), max(1, _AT_ONCE // len(target))
    sizes = [min(step, replicas - start) for start in range(0, replicas, step)]
    moved = np.concatenate([rng.poisson(1.0, (n, len(target))).astype(np.float64) @ contents for n in sizes])
    found = {}
    for number, name in enumerate(selections):
        s, b = np.maximum(moved[:, 2 * number], 0), np.maximum(moved[:, 2 * number + 1], 0)
        purities = np.divide(s, s + b, out=np.zeros_like(s), where=s + b > 0)
        total_s, total_b = (float(contents[:, 2 * number + i].sum()) for i in (0, 1))
        found[name] = Judged(total_s, total_b, _z(total_s, total_b), _z_each(s, b), purities)
    return found


def passing(score: Floats, target: NDArray[np.int64], weight: Floats, index: NDArray[np.int64]) -> Mask:
    """Which events pass the best cut on a score, each half of the events by the cut that is best for the other half.

    So no event decides on the cut that it is counted with.

    Args:
        score: growing with signal, (events,).
        target, weight: as for `judge`.
        index: event numbers, (events,), which decide the half.
    """
    half = assign_folds(index, 2, _SEED)
    passed = np.zeros(len(score), bool)
    for own in (0, 1):
        other = half != own
        scan = best_cut(score[other], target[other], 2 * weight[other], background_uncertainty=UNCERTAINTY)
        passed[~other] = score[~other] >= scan.threshold[scan.best]
    return passed


def as_pure_as(score: Floats, target: NDArray[np.int64], weight: Floats, signal: float) -> Mask:
    """Which events pass the cut that keeps this many expected signal events: what is compared is the background.

    Args:
        score: growing with signal, (events,).
        target, weight: as for `judge`.
        signal: expected events that shall pass.
    """
    order = np.argsort(-score)
    kept = np.cumsum(np.where(target == 1, weight, 0.0)[order])
    last = int(np.searchsorted(kept, signal))
    return np.asarray(score >= score[order[min(last, len(order) - 1)]])


def _z(s: float, b: float) -> float:
    return float(asimov_significance(max(s, 0.0), max(b, 0.0), UNCERTAINTY * max(b, 0.0)))


def _z_each(s: Floats, b: Floats) -> Floats:
    # A bootstrap sample may be without background; then its significance is that of a tenth of the smallest one.
    least = 0.1 * b[b > 0].min(initial=1.0)
    b = np.maximum(b, least)
    return np.asarray(asimov_significance(s, b, UNCERTAINTY * b))
