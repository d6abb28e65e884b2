"""The trainings as they go: a live table on a terminal, plain lines in a log."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from kaon.cli.output import Output, table
from kaon.data import Events, Predictions
from kaon.learn import Run
from kaon.report import Comparison, RunRecord
from kaon.report.table import COLUMNS, columns, rows

__all__ = ["Monitor", "duration", "record", "results", "sizes"]

_WIDE = 128
"""Columns of text that fit mean and spread of every number side by side."""

_LOG_EVERY = 30.0
"""Seconds between two lines of the same training in a log."""


@dataclass
class _Running:
    """The training that is on."""

    model: str
    seed: int
    started: float = field(default_factory=time.perf_counter)
    first: float | None = None
    done: float = 0.0
    total: float = 1.0
    row: Mapping[str, float] = field(default_factory=dict)
    said: float = 0.0

    @property
    def rate(self) -> float:
        """Epochs (or trees) a second since the first report, which leaves the preparation out."""
        elapsed = time.perf_counter() - self.started
        return (self.done - (self.first or 0.0)) / elapsed if elapsed > 0 else 0.0

    def words(self) -> str:
        """How far, how fast, how long still."""
        if self.first is None:
            return "preparing"
        unit = "trees" if "train_loss" in self.row and "seconds" not in self.row else "epochs"
        pieces = [f"{self.done:,.{1 if unit == 'epochs' else 0}f} of {self.total:,.0f} {unit}"]
        if self.rate > 0:
            pieces += [f"{self.rate:,.3g} {unit}/s", f"{duration((self.total - self.done) / self.rate)} left"]
        loss = self.row.get("validation_loss", self.row.get("train_loss"))
        pieces += [f"loss {loss:.4f}"] if loss is not None else []
        right = self.row.get("validation_accuracy")
        pieces += [f"accuracy {right:.4f}"] if right is not None and "validation_auc" not in self.row else []
        return ", ".join(pieces)


class Monitor:
    """Follows the trainings of a run or a comparison; the reporter that `kaon.learn.compare` calls.

    Args:
        output: of the command.
        count: trainings in all.
    """

    def __init__(self, output: Output, count: int = 1) -> None:
        self.output, self.count = output, count
        self.finished: list[RunRecord] = []
        self.running: _Running | None = None
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self.output.progress.is_terminal:
            self._live = Live(
                get_renderable=self._picture, console=self.output.progress, refresh_per_second=4, transient=True
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __call__(
        self, model: str, seed: int, run: Run | None
    ) -> Callable[[float, float, Mapping[str, float]], None] | None:
        """Told of a training before it begins, and of its result."""
        if run is None:
            self.running = _Running(model, seed)
            return self._advance
        began, self.running = self.running, None
        self.finished.append(record(run))
        if self._live is None:
            kept = began is None or began.first is None
            self._line(f"{model} seed {seed}: {_numbers(run)}{' (finished before)' if kept else ''}")
        return None

    def summary(self) -> None:
        """The table of what is finished."""
        if self.finished:
            self.output.show(results(Comparison(tuple(self.finished)), self.output.text.width))

    def _advance(self, done: float, total: float, row: Mapping[str, float]) -> None:
        now, running = time.perf_counter(), self.running
        if running is None:
            return
        if running.first is None:
            running.started, running.first, running.said = now, done, now
            if self._live is None:
                self._line(f"{running.model} seed {running.seed}: training")
        running.done, running.total, running.row = done, total, dict(row)
        if self._live is None and now - running.said > _LOG_EVERY:
            running.said = now
            self._line(f"{running.model} seed {running.seed}: {running.words()}")

    def _line(self, text: str) -> None:
        self.output.progress.print(text, soft_wrap=True, markup=False)

    def _picture(self) -> Group:
        done = Comparison(tuple(self.finished))
        parts: list[Any] = [results(done, self.output.progress.width)] if self.finished else []
        running = self.running
        if running is not None:
            grid = Table.grid(padding=(0, 2))
            number = f"{len(self.finished) + 1}/{self.count}" if self.count > 1 else ""
            bar = ProgressBar(total=running.total, completed=running.done, width=30)
            grid.add_row(number, Text(f"{running.model} seed {running.seed}", style="bold"), bar, running.words())
            parts.append(grid)
        return Group(*parts)


def record(run: Run) -> RunRecord:
    """What the report's table needs of a run; test predictions too where only they can give a limit on a rejection."""
    predictions = {}
    stored = run.folder / "predictions" / "test.parquet"
    limited = any(run.metrics.get(c.key) is None for c in COLUMNS if c.efficiency is not None)
    if limited and "macro_auc" not in run.metrics and stored.exists():
        predictions = {"test": Predictions.load(stored)}
    return RunRecord(run.folder.name, run.metrics["model"], run.metrics["seed"], run.metrics, predictions=predictions)


def results(comparison: Comparison, width: int) -> Table:
    """The numbers of finished runs, mean and spread over the seeds, as the report prints them.

    Args:
        comparison: the runs.
        width: of the terminal; in a narrow one the spread goes below the mean.
    """
    wide = width >= _WIDE
    headings = [
        re.sub(r"<sub>(.*?)</sub>", r"\1", column.title).replace(" at ", "\n") for column in columns(comparison)
    ]
    body = []
    for row in rows(comparison):
        texts = [cell.text if wide else cell.text.replace(" ± ", "\n± ") for cell in row.cells]
        marked = [f"[green]{t}[/]" if cell.best else t for t, cell in zip(texts, row.cells, strict=True)]
        body.append([f"[bold]{row.model}[/]" + (f" ×{len(row.seeds)}" if len(row.seeds) > 1 else ""), *marked])
    return table(["Model", *headings], body)


def sizes(events: Events) -> str:
    """How many events of which class there are.

    Raises:
        DataError: the events are unlabelled.

    >>> import awkward as ak
    >>> import numpy as np
    >>> sizes(Events(ak.Array({"x": [1.0, 2.0]}), target=np.array([0, 1]), classes=("qcd", "top")))
    '2 events: 1 qcd, 1 top'
    """
    labels = events.labels
    counts = (f"{int((labels == i).sum()):,} {name}" for i, name in enumerate(events.classes))
    return f"{len(events):,} events: {', '.join(counts)}"


def duration(seconds: float) -> str:
    """A time to read.

    >>> duration(0.13), duration(75), duration(3700)
    ('0.13 s', '1 min 15 s', '1 h 1 min')
    """
    whole = round(seconds)
    if seconds < 9.95:
        return f"{seconds:.2g} s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _numbers(run: Run) -> str:
    named = {"AUC": "auc", "accuracy": "accuracy", "1/εB at 0.3": "rejection_30", "1/εB at 0.5": "rejection_50"}
    if "macro_auc" in run.metrics:
        named = {"accuracy": "accuracy", "error rate": "error_rate", "AUC": "macro_auc"}
    found = [f"{name} {value:.4g}" for name, key in named.items() if (value := run.metrics.get(key)) is not None]
    return ", ".join([*found, f"trained in {duration(run.metrics['train_seconds'])}"])
