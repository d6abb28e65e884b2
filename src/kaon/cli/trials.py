"""The trials of a search as they go: one live line on a terminal, a plain line a trial in a log."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from kaon.cli.monitor import duration
from kaon.cli.output import Output

if TYPE_CHECKING:
    from kaon.tune import Trial

__all__ = ["TrialsMonitor", "standing"]


class TrialsMonitor:
    """Follows a search; what `kaon.tune.search` calls.

    Args:
        output: of the command.
        workers: trials at a time.
    """

    def __init__(self, output: Output, workers: int = 1) -> None:
        self.output, self.workers = output, workers
        self._told: set[int] | None = None
        self._trials: Sequence[Trial] = ()
        self._wanted = 1
        self._began: tuple[float, int] | None = None
        self._last = ""
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

    def __call__(self, trials: Sequence[Trial], wanted: int) -> None:
        """Told of the trials so far, and how many are wanted."""
        over = [t for t in trials if t.state != "running"]
        if self._told is None:  # what an earlier command did is said in one line
            self._told = {t.number for t in over} if len(over) > 1 else set()
            self._began = (time.perf_counter(), len(self._told))
            if self._told:
                self._line(f"{len(self._told)} of {wanted} trials were made before")
        self._trials, self._wanted = trials, wanted
        for trial in over:
            if trial.number not in self._told:
                self._told.add(trial.number)
                if self._live is None or trial.error:
                    self._line(self._words(trial, over))

    def finishing(self, done: float, total: float, row: Mapping[str, float]) -> None:
        """Told how far the training of the best run is."""
        if not self._last and self._live is None:
            self._line("training with the best settings once more, and measuring it on test events")
        self._last = f"the best once more: {done:,.3g} of {total:,.0f}"

    def _words(self, trial: Trial, over: Sequence[Trial]) -> str:
        best = max((t.value for t in over if t.value is not None), default=None)
        if trial.state == "failed":
            told = f"failed: {trial.error}"
        elif trial.state == "pruned":
            told = f"pruned after {trial.steps[-1] if trial.steps else 0}"
        else:
            told = f"{trial.value:.5g}" + (", the best so far" if trial.value == best else "")
        return f"trial {trial.number}: {told} ({duration(trial.seconds)})"

    def _line(self, text: str) -> None:
        self.output.progress.print(text, soft_wrap=True, markup=False)

    def _picture(self) -> Any:
        over = sum(t.state != "running" for t in self._trials)
        elapsed, before = (0.0, 0) if self._began is None else (time.perf_counter() - self._began[0], self._began[1])
        grid = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=self._wanted, completed=over, width=30)
        left = elapsed / (over - before) * (self._wanted - over) if over > before else None
        grid.add_row(bar, self._last or standing(self._trials, self._wanted, left))
        return grid


def standing(trials: Sequence[Trial], wanted: int, left: float | None = None) -> str:
    """How far a search is, in words.

    Args:
        trials: so far, running ones among them.
        wanted: how many there will be.
        left: seconds, if known.
    """
    over = [t for t in trials if t.state != "running"]
    found = [f"{len(over)} of {wanted} trials"]
    best = max((t for t in over if t.value is not None), key=lambda t: t.value or 0.0, default=None)
    if best is not None:
        found.append(f"best {best.value:.5g} (trial {best.number})")
    for state in ("pruned", "failed"):
        count = sum(t.state == state for t in over)
        if count:
            found.append(f"{count} {state}")
    running = [f"{t.number} at {t.steps[-1]}" if t.steps else f"{t.number}" for t in trials if t.state == "running"]
    if running:
        found.append(f"running {', '.join(running)}")
    if left is not None:
        found.append(f"{duration(left)} left")
    return ", ".join(found)
