"""A process that makes trials for another one: a line on stdin is the number of the next trial, one on stdout an end.

The settings are those in the search's folder, the events are read as the settings say. When stdin closes, whatever is
being done is dropped: the process that started this one is gone, or wants no more.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TextIO

from kaon.data.io import read
from kaon.errors import DataError, KaonError
from kaon.learn import Parts
from kaon.tune.attempt import Bench, attempt
from kaon.tune.prepared import prepared
from kaon.tune.setup import Setup
from kaon.tune.storage import opened

__all__ = ["main", "serve"]


def serve(folder: Path, trials: Iterator[int], answer: TextIO, threads: int = 1) -> None:
    """Make the trials of these numbers, one after the other; a line of JSON after each, and one before the first.

    Args:
        folder: of the search.
        trials: numbers of trials that were begun.
        answer: where the lines go.
        threads: of boosted trees.

    Raises:
        DataError: the events are not those of the search.
    """
    setup = Setup.load(folder)
    parts = Parts.of(read(**setup.config.data), setup.config.split, setup.config.split_seed)
    if parts.digest != setup.events:
        raise DataError("a worker read other events than the search began with: the files have changed")
    train = setup.config.train.model_copy(update={"threads": threads})
    setup = replace(setup, config=setup.config.model_copy(update={"train": train}))
    bench = Bench(setup, parts, prepared(setup.config, parts), folder)

    def say(**words: str | int) -> None:
        answer.write(json.dumps(words) + "\n")
        answer.flush()

    with opened(setup, folder) as store:
        say(ready=True)
        for number in trials:
            attempt(bench, store, store.taken(number), heard=lambda: None)
            say(done=number)


def main() -> None:
    """Run as `python -m kaon.tune.worker FOLDER`."""
    import torch

    threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    torch.set_num_threads(threads)
    # Whatever a library prints must not come between the lines of the answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    given: SimpleQueue[int] = SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            given.put(int(line))
        os._exit(0)

    Thread(target=listen, daemon=True).start()
    try:
        serve(Path(sys.argv[1]), iter(given.get, None), answer, threads)
    except KaonError as error:
        answer.write(json.dumps({"error": type(error).__name__, "message": str(error)}) + "\n")
        answer.flush()
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
