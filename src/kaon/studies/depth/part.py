"""What each part of the study finds, and numbers over the seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from kaon.report import Comparison, RunRecord
from kaon.report.charts.points import Series
from kaon.report.frame import Section
from kaon.report.study import ResultRow, Value
from kaon.report.table import Column

__all__ = ["ACCURACY", "Part", "percent", "series", "value"]

ACCURACY = Column("accuracy", "accuracy", 0, "share of the test pictures whose class is told right", 2, "%")


@dataclass(frozen=True)
class Part:
    """One question of the study, answered.

    Args:
        rows: of the table.
        section: its figures.
        summary: the answer, one sentence each.
        facts: name -> words.
        comparisons: trainings by title.
    """

    rows: Sequence[ResultRow]
    section: Section
    summary: Sequence[str]
    facts: Mapping[str, str] = field(default_factory=dict)
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)


def value(seeds: ArrayLike, published: float | None = None, error: float | None = None) -> Value:
    """Mean and sample standard deviation of one number a seed; nothing where none is finite."""
    found = np.asarray(seeds, np.float64)
    found = found[np.isfinite(found)]
    if not len(found):
        return Value(seeds=0, published=published)
    spread = float(found.std(ddof=1)) if len(found) > 1 else None
    return Value(float(found.mean()), spread, len(found), error, published=published)


def percent(runs: Sequence[RunRecord], split: str = "test") -> Value:
    """Accuracy over the seeds in per cent, with the statistical error of the events.

    Args:
        runs: of one network.
        split: train, validation or test.
    """
    parts = [p for run in runs if (p := run.predictions.get(split)) is not None]
    right = np.array([float((p.score.argmax(1) == p.labels).mean()) for p in parts])
    if not len(right):
        return Value(seeds=0)
    mean = float(right.mean())
    return value(100 * right, error=100 * float(np.sqrt(mean * (1 - mean) / len(parts[0]))))


def series(text: str, x: Sequence[float], values: Sequence[Value], colour: str, **more: str) -> Series:
    """Mean and spread of several numbers, to be drawn."""
    y = [np.nan if v.obtained is None else v.obtained for v in values]
    return Series(text, x, y, [v.spread or 0.0 for v in values], colour, **more)  # type: ignore[arg-type]  # the mark
