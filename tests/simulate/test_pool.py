from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from kaon.errors import ConfigError, SimulationError
from kaon.simulate import Recipe
from kaon.simulate.chunk import Job, make_chunk
from kaon.simulate.pool import make_bytes, open_pool

Children = set[int]


def children() -> Children:
    """Processes started by this one."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_where_a_chunk_is_made_makes_no_difference(workers: int, quick: Recipe) -> None:
    jobs = [Job(quick.with_options(detector="atlas"), process, number, 5) for process in (0, 1) for number in (0, 1)]
    with open_pool(workers) as pool:
        assert pool.width == workers
        futures = [pool.submit(job) for job in jobs]
        made = [future.result() for future in futures]
    assert made == [make_chunk(job).to_bytes() for job in jobs]
    assert made[0] == make_bytes(jobs[0].to_json())


@pytest.mark.parametrize("workers", [1, 2])
def test_errors_arrive_as_they_were(workers: int, quick: Recipe) -> None:
    bad = quick.model_copy(update={"settings": ("No:such = thing",)})
    with open_pool(workers) as pool:
        future = pool.submit(Job(bad, 0, 0, 1))
        with pytest.raises(SimulationError, match="No:such = thing"):
            future.result()
        assert pool.submit(Job(quick, 0, 0, 1)).result()  # and work goes on


def test_workers_are_gone_at_once_after_an_exception(quick: Recipe) -> None:
    before, start = children(), time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        _interrupted(quick.model_copy(update={"chunk_events": 100_000}), before)
    assert children() <= before
    assert time.monotonic() - start < 60  # the chunks would take five minutes


def _interrupted(recipe: Recipe, before: Children) -> None:
    with open_pool(2) as pool:
        for number in range(5):
            pool.submit(Job(recipe, 0, number, 1))
        while len(children() - before) < 2:
            time.sleep(0.01)
        raise KeyboardInterrupt


def test_a_killed_worker_is_reported(quick: Recipe) -> None:
    before = children()
    with open_pool(2) as pool:
        future = pool.submit(Job(quick.model_copy(update={"chunk_events": 100_000}), 0, 0, 1))
        while not (started := children() - before):
            time.sleep(0.01)
        os.kill(started.pop(), signal.SIGKILL)
        with pytest.raises(SimulationError, match=r"ended with code -9 .*memory"):
            future.result()
        assert pool.submit(Job(quick, 0, 0, 1)).result()


def test_no_workers_are_too_few() -> None:
    with pytest.raises(ConfigError, match="0 workers given"), open_pool(0):
        pass


def test_no_cluster_at_an_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kaon.simulate.pool._PATIENCE", 1)
    with (
        pytest.raises(ConfigError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"),
        open_pool(1, "tcp://127.0.0.1:9"),
    ):
        pass


def test_a_dask_cluster_makes_the_same_chunks(quick: Recipe) -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        open_pool(1, cluster.scheduler_address) as pool,
    ):
        assert pool.width == 2
        jobs = [Job(quick, process, 0, 5) for process in (0, 1)]
        futures = [pool.submit(job) for job in jobs]
        assert [future.result(timeout=120) for future in futures] == [make_chunk(job).to_bytes() for job in jobs]
        bad = Job(quick.model_copy(update={"settings": ("No:such = thing",)}), 0, 0, 1)
        with pytest.raises(SimulationError, match="No:such = thing"):
            pool.submit(bad).result(timeout=120)
