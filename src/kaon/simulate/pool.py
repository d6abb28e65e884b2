"""Where chunks are made: in this process, in processes of this machine, or on a Dask cluster.

Each is an executor in the sense of `concurrent.futures`; a job submitted comes back as the bytes of its chunk.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any

import kaon.errors
from kaon.errors import ConfigError, SimulationError
from kaon.extras import require
from kaon.simulate.chunk import Job, make_chunk

__all__ = ["Pool", "make_bytes", "open_pool"]

_PATIENCE = 10
"""Seconds to wait for a Dask scheduler."""


@dataclass(frozen=True)
class Pool:
    """Takes jobs.

    Args:
        submit: gives the future bytes of a job.
        width: jobs that run at the same time.
    """

    submit: Callable[[Job], Future[bytes]]
    width: int


def make_bytes(job: str) -> bytes:
    """The bytes of the chunk that a job, as JSON, asks for."""
    return make_chunk(Job.from_json(job)).to_bytes()


@contextmanager
def open_pool(workers: int, dask: str | None = None) -> Iterator[Pool]:
    """A pool, closed at the end of the block; at once, with whatever is running, if the block ends in an exception.

    Args:
        workers: processes on this machine; 1 works in this process.
        dask: address of a Dask scheduler; `workers` is then not used.

    Raises:
        ConfigError: fewer than one worker, or no cluster at the address.
    """
    if workers < 1:
        raise ConfigError(f"{workers} workers given; at least 1 is needed")
    if dask is not None:
        with _dask_pool(dask) as pool:
            yield pool
    elif workers == 1:
        yield Pool(_at_once, 1)
    else:
        with _Processes(workers) as processes:
            yield Pool(processes.submit_job, workers)


def _at_once(job: Job) -> Future[bytes]:
    done: Future[bytes] = Future()
    try:
        done.set_result(make_chunk(job).to_bytes())
    except Exception as error:  # a future hands on whatever went wrong, as a worker process would
        done.set_exception(error)
    return done


class _Processes:
    """Worker processes, each used by one thread at a time; they start with the first jobs."""

    def __init__(self, count: int) -> None:
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="kaon-simulate")
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        self._all: list[subprocess.Popen[bytes]] = []
        self._lock, self._open = Lock(), True

    def __enter__(self) -> _Processes:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._open = False
        for process in self._all:
            process.kill()  # whatever it still does is not needed any more
        self._threads.shutdown(wait=True, cancel_futures=True)
        for process in self._all:
            assert process.stdin is not None
            assert process.stdout is not None
            with suppress(OSError):  # what was meant for a process that is gone
                process.stdin.close()
            process.stdout.close()
            process.wait()

    def submit_job(self, job: Job) -> Future[bytes]:
        """See `Pool`."""
        return self._threads.submit(self._run, job)

    def _run(self, job: Job) -> bytes:
        try:
            process = self._idle.get_nowait()
        except Empty:
            process = self._start()
        head, data = _ask(process, job)
        self._idle.put(process)
        if "error" in head:
            raise _error(head["error"], head["message"])
        return data

    def _start(self) -> subprocess.Popen[bytes]:
        home = str(Path(kaon.errors.__file__).parents[1])  # the kaon that runs here, wherever it was found
        path = os.pathsep.join([home, *filter(None, [os.environ.get("PYTHONPATH")])])
        with self._lock:
            if not self._open:
                raise SimulationError("the simulation is over")
            process = subprocess.Popen(
                [sys.executable, "-m", "kaon.simulate.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
                start_new_session=True,  # Ctrl-C is for this process, which then ends the workers
            )
            self._all.append(process)
        return process


def _ask(process: subprocess.Popen[bytes], job: Job) -> tuple[dict[str, Any], bytes]:
    assert process.stdin is not None
    assert process.stdout is not None
    line = b""
    try:
        process.stdin.write(job.to_json().encode() + b"\n")
        process.stdin.flush()
        line = process.stdout.readline()
        head = json.loads(line)
        data = process.stdout.read(head.get("size", 0))
        if len(data) == head.get("size", 0):
            return head, data
    except (OSError, ValueError):
        pass
    code = process.wait()
    raise SimulationError(
        f"a worker process ended with code {code} instead of an answer"
        + (" (killed, perhaps for want of memory; try fewer workers)" if code == -9 else "; its own words are above")
    )


def _error(name: str, message: str) -> Exception:
    kind = getattr(kaon.errors, name, None)
    if isinstance(kind, type) and issubclass(kind, kaon.errors.KaonError) and kind is not kaon.errors.UnknownName:
        return kind(message)
    return SimulationError(f"a worker failed: {message}")


@contextmanager
def _dask_pool(address: str) -> Iterator[Pool]:
    distributed = require("distributed")
    try:
        client = distributed.Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConfigError(f"no Dask scheduler answers at {address!r}: {error}") from error
    try:
        width = sum(client.nthreads().values())
        if width == 0:
            raise ConfigError(f"the Dask cluster at {address!r} has no workers yet; start some and try again")
        executor = client.get_executor(pure=False)
        yield Pool(lambda job: executor.submit(make_bytes, job.to_json()), width)
    finally:
        client.close()
