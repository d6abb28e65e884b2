"""Where a command writes: its result to stdout, everything else to stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, is_dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["Output", "plain", "table"]

_WIDTH = 140
"""Columns of text where there is no terminal to ask: a log."""


class Output:
    """The two streams of a command.

    Args:
        machine: `--json` was given: stdout carries one JSON document and nothing else.
    """

    def __init__(self, machine: bool = False) -> None:
        self.machine = machine
        self.progress = _console(stderr=True)
        self.text = self.progress if machine else _console(stderr=False)

    def say(self, *lines: str) -> None:
        """Print lines for a human as they are: no markup, no breaking of long paths."""
        for line in lines:
            self.text.print(line, soft_wrap=True, markup=False, highlight=False)

    def show(self, renderable: Any) -> None:
        """Print a table or another of rich's objects for a human."""
        self.text.print(renderable)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Show on a terminal that something without a progress bar is going on."""
        with self.progress.status(what) if self.progress.is_terminal else nullcontext():
            yield

    def result(self, value: Any) -> None:
        """Print the machine-readable result, if it was asked for; NaN and infinity become null."""
        if self.machine:
            sys.stdout.write(json.dumps(plain(value), indent=1, allow_nan=False) + "\n")


def plain(value: Any) -> Any:
    """As JSON values: dataclasses become objects, arrays lists, paths texts, NaN and infinity None.

    >>> plain({"auc": float("nan"), "n": (1, 2), "classes": {"top", "qcd"}})
    {'auc': None, 'n': [1, 2], 'classes': ['qcd', 'top']}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, left: Collection[int] = (0,), title: str | None = None
) -> Table:
    """A plain table; the columns numbered in `left` are aligned to the left, the others to the right."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="bold")
    for i, heading in enumerate(headings):
        made.add_column(heading, justify="left" if i in left else "right", overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=_WIDTH)
