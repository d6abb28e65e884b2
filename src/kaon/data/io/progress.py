"""A bar for reading that takes long, on a terminal only."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TypeVar

__all__ = ["shown"]

Item = TypeVar("Item")


def shown(items: Iterable[Item], total: int, title: str, *, after: float = 2.0) -> Iterator[Item]:
    """The same items; a bar on the standard error tells how far it is, if it is a terminal and the work takes long.

    Args:
        items: to hand on.
        total: how many they are.
        title: what is done, beside the bar.
        after: seconds until the bar appears.

    >>> list(shown("abc", 3, "reading"))
    ['a', 'b', 'c']
    """
    start, advance = time.monotonic(), None
    with ExitStack() as stack:
        for done, item in enumerate(items):
            if advance is None and time.monotonic() - start > after:
                from rich.console import Console
                from rich.progress import Progress

                console = Console(stderr=True)
                bar = stack.enter_context(Progress(console=console, transient=True, disable=not console.is_terminal))
                task = bar.add_task(title, total=total)
                advance = bar.update
            if advance is not None:
                advance(task, completed=done)
            yield item
