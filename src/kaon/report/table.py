"""The comparison as a table: mean and spread over the seeds of every number that matters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kaon.evaluate import background_rejection
from kaon.report.runs import Comparison, RunRecord

__all__ = ["COLUMNS", "MANY", "Cell", "Column", "Row", "Spread", "columns", "limit", "places", "rows", "spread"]


@dataclass(frozen=True)
class Spread:
    """A number over the seeds: mean, sample standard deviation (None for one seed), and how many seeds."""

    mean: float
    deviation: float | None
    seeds: int

    def text(self, decimals: int | None = None) -> str:
        """Mean ± deviation; without `decimals`, two digits of the deviation but at most three of the mean are printed.

        A count that is the same in all seeds is printed alone.

        >>> Spread(51.0731, 0.5822, 3).text(), Spread(1226.1, 781.8, 3).text(0), Spread(9.25, None, 1).text()
        ('51.1 ± 0.6', '1,226 ± 782', '9.25')
        """
        if decimals is None:
            decimals = places(self.mean, 3)
            if self.deviation:
                decimals = min(decimals, places(self.deviation, 2))
        mean = f"{self.mean:,.{decimals}f}"
        counted = self.deviation == 0 and decimals == 0
        return mean if self.deviation is None or counted else f"{mean} ± {self.deviation:,.{decimals}f}"


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Args:
        key: in `metrics.json`.
        title: heading, HTML.
        better: +1 if more is better, -1 if less is, 0 if neither.
        hint: what the number is.
        decimals: printed digits behind the point; None lets the spread decide.
        unit: printed behind the number.
        error: key of the statistical error.
        efficiency: signal efficiency of a rejection.
    """

    key: str
    title: str
    better: int
    hint: str
    decimals: int | None = None
    unit: str = ""
    error: str = ""
    efficiency: float | None = None


@dataclass(frozen=True)
class Cell:
    """One printed cell, the value it sorts by, whether it is the best of its column, and a second line.

    A `bound` is a value of which only a lower limit is known.
    """

    text: str
    value: float | None
    best: bool = False
    note: str = ""
    bound: bool = False


@dataclass(frozen=True)
class Row:
    """One model of the table."""

    model: str
    number: int
    seeds: tuple[int, ...]
    cells: tuple[Cell, ...]


def _rejection(percent: int) -> Column:
    return Column(
        key=f"rejection_{percent}",
        title=f"1/ε<sub>B</sub> at ε<sub>S</sub> = {percent / 100}",
        better=+1,
        hint=f"one background event in so many passes the cut that keeps {percent} % of the signal",
        error=f"rejection_{percent}_error",
        efficiency=percent / 100,
    )


COLUMNS = (
    Column("auc", "AUC", +1, "area under the ROC curve: 1 is perfect, 0.5 is a guess", decimals=4),
    Column("accuracy", "Accuracy", +1, "share of events put into their own class", decimals=4),
    _rejection(30),
    _rejection(50),
    Column("parameters", "Parameters", 0, "numbers that training has set", decimals=0),
    Column("train_seconds", "Training", -1, "wall-clock time of one training", unit="s"),
    Column("inference_us", "Inference / event", -1, "time per event of the model alone, its inputs ready", unit="µs"),
)
"""Of signal and background."""

MANY = (
    next(c for c in COLUMNS if c.key == "accuracy"),
    Column("error_rate", "Error rate", -1, "share of events put into another class", decimals=4),
    Column("macro_auc", "AUC", +1, "area under the ROC curve of each class against all others: the mean", decimals=4),
    *COLUMNS[-3:],
)
"""Of more than two classes."""


def columns(comparison: Comparison) -> tuple[Column, ...]:
    """The columns that make sense for these classes."""
    return MANY if comparison.many else COLUMNS


def spread(runs: Sequence[RunRecord], key: str) -> Spread | None:
    """Mean and sample standard deviation of one number over the runs that have it; None where none has."""
    values = np.array([v for run in runs if (v := _number(run.metrics.get(key))) is not None])
    if not len(values):
        return None
    return Spread(float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else None, len(values))


def limit(runs: Sequence[RunRecord], column: Column) -> float | None:
    """The weakest 95% lower limit on a rejection, if any seed has no background left to count; None otherwise."""
    if column.efficiency is None or all(_number(run.metrics.get(column.key)) is not None for run in runs):
        return None
    tests = [p for run in runs if (p := run.labelled()) is not None]
    limits = [background_rejection(p, signal_efficiency=column.efficiency).lower for p in tests]
    return min((x for x in limits if x is not None), default=None)


def rows(comparison: Comparison) -> list[Row]:
    """The table, a row for each model, in the order of the comparison."""
    models, shown = comparison.models, columns(comparison)
    cells = [[_cell(column, runs) for column in shown] for runs in models.values()]
    return [
        Row(model, number, tuple(run.seed for run in runs), tuple(_marked(cells, shown, number)))
        for number, (model, runs) in enumerate(models.items())
    ]


def _cell(column: Column, runs: Sequence[RunRecord]) -> Cell:
    least = limit(runs, column)
    if least is not None:
        return Cell(f"> {least:,.{places(least, 2)}f}", least, note="95 % CL", bound=True)
    found = spread(runs, column.key)
    if found is None:
        return Cell("—", None)
    statistical = spread(runs, column.error)
    note = "" if statistical is None else f"stat. ± {statistical.mean:,.{places(statistical.mean, 2)}f}"
    return Cell(f"{found.text(column.decimals)} {column.unit}".strip(), found.mean, note=note)


def _marked(cells: list[list[Cell]], shown: Sequence[Column], number: int) -> list[Cell]:
    """The cells of a row, with those marked that no other row beats."""
    marked = []
    for i, column in enumerate(shown):
        own = cells[number][i]
        values = [column.better * v for row in cells if (v := row[i].value) is not None]
        bounds = any(row[i].bound for row in cells)  # then nobody knows which is the best
        compared = len(values) > 1 and column.better != 0 and own.value is not None and not bounds
        marked.append(replace(own, best=compared and column.better * (own.value or 0.0) == max(values)))
    return marked


def places(value: float, digits: int) -> int:
    """Digits behind the point that show so many significant digits."""
    return 0 if value == 0 else max(0, digits - 1 - math.floor(math.log10(abs(value))))


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)
