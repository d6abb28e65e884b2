"""Trials in several processes, which share the file of trials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import kaon.errors
from kaon.errors import KaonError

__all__ = ["make_trials"]

_POLL = 0.5
"""Seconds between two looks at what the trials report."""


def make_trials(folder: Path, trials: Iterator[int], workers: int, threads: int, heard: Callable[[], None]) -> None:
    """Make trials in processes that end with this one, whatever happens to it.

    Args:
        folder: of the search, with its settings.
        trials: numbers of trials; each is asked for when a process is free.
        workers: processes.
        threads: of each.
        heard: called about twice a second; may raise, which ends the processes.

    Raises:
        KaonError: a worker could not begin, or was killed.
    """
    home = str(Path(kaon.errors.__file__).parents[1])  # the kaon that runs here, wherever it was found
    path = os.pathsep.join([home, *filter(None, [os.environ.get("PYTHONPATH")])])
    said: SimpleQueue[tuple[subprocess.Popen[str], str]] = SimpleQueue()
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "kaon.tune.worker", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": str(threads)},
            start_new_session=True,  # Ctrl-C is for this process, which then ends the workers
        )
        for _ in range(workers)
    ]
    listeners = [Thread(target=_listen, args=(process, said), daemon=True) for process in processes]
    for listener in listeners:
        listener.start()
    try:
        busy = len(processes)
        while busy:
            try:
                process, line = said.get(timeout=_POLL)
            except Empty:
                heard()
                continue
            _check(process, line)
            heard()
            number = next(trials, None)
            if number is None:
                busy -= 1
            else:
                assert process.stdin is not None
                process.stdin.write(f"{number}\n")
                process.stdin.flush()
    finally:
        for process in processes:
            process.kill()
        for process, listener in zip(processes, listeners, strict=True):
            process.wait()
            listener.join()
            assert process.stdin is not None
            assert process.stdout is not None
            with suppress(OSError):  # what was meant for a process that is gone
                process.stdin.close()
            process.stdout.close()


def _listen(process: subprocess.Popen[str], said: SimpleQueue[tuple[subprocess.Popen[str], str]]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        said.put((process, line))
    said.put((process, ""))


def _check(process: subprocess.Popen[str], line: str) -> None:
    """Raise what a worker's line says, or what its silence means."""
    head: dict[str, Any] = json.loads(line) if line else {}
    if "error" in head:
        kind = getattr(kaon.errors, head["error"], KaonError)
        raise (KaonError if kind is kaon.errors.UnknownName else kind)(head["message"])
    if not line:
        code = process.wait()
        raise KaonError(
            f"a worker process ended with code {code} in the middle of a trial"
            + (
                " (killed, perhaps for want of memory; try fewer workers)"
                if code == -9
                else "; its own words are above"
            )
        )
