"""How far a simulation is, and a bar that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Progress", "Report", "progress_bar"]


@dataclass(frozen=True)
class Progress:
    """A moment in a simulation.

    Args:
        jets: accepted so far.
        wanted: in the end.
        resumed: of `jets`, those found from an earlier run.
        chunks: finished so far.
        generated: collisions so far.
    """

    jets: int
    wanted: int
    resumed: int
    chunks: int
    generated: int


Report = Callable[[Progress], None]
"""Called at the start and after each chunk."""


@contextmanager
def progress_bar(title: str = "simulating", unit: str = "jets") -> Iterator[Report]:
    """A bar on the standard error stream with jets (or events: `unit`), how many a second, and the time left.

    Example: `with progress_bar() as report: simulate("top-tagging", 1000, progress=report)`
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=None, rate="")

        def report(now: Progress) -> None:
            elapsed = bar.tasks[task].elapsed or 0.0
            made = now.jets - now.resumed
            rate = f"{made / elapsed:.3g} {unit}/s" if made and elapsed else ""
            bar.update(task, total=now.wanted, completed=now.jets, rate=rate)

        yield report
