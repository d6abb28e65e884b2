from __future__ import annotations

from concurrent.futures import Future, wait

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaon.errors import SimulationError
from kaon.simulate import Recipe, load_recipe
from kaon.simulate.chunk import Chunk, Job
from kaon.simulate.farm import run
from kaon.simulate.plan import Memory, Plan
from kaon.simulate.pool import Pool
from kaon.simulate.progress import Progress

RECIPE = load_recipe("top-tagging").model_copy(update={"chunk_events": 10})


def fake(job: Job, rate: float) -> bytes:
    """A chunk with a random number of jets that depends on the job only."""
    random = np.random.default_rng((job.seed, job.process, job.number))
    jets = int(random.poisson(rate))
    array = ak.zip({"jet_pt": random.random(jets)})
    return Chunk(array, np.ones(jets), np.arange(jets), 10, 10.0, 2.0 + job.process, 0.1).to_bytes()


class Shuffled:
    """A pool that finishes jobs one at a time, in any order."""

    def __init__(self, rates: tuple[float, ...], width: int, seed: int) -> None:
        self.rates, self.random = rates, np.random.default_rng(seed)
        self.waiting: list[tuple[Job, Future[bytes]]] = []
        self.made: list[tuple[int, int]] = []
        self.pool = Pool(self.submit, width)

    def submit(self, job: Job) -> Future[bytes]:
        self.made.append((job.process, job.number))
        future = _Waited(self)
        self.waiting.append((job, future))
        return future

    def finish_one(self) -> None:
        job, future = self.waiting.pop(int(self.random.integers(len(self.waiting))))
        future.set_result(fake(job, self.rates[job.process]))


class _Waited(Future[bytes]):
    """Looked at by `concurrent.futures.wait` through its condition: then one job of the pool is finished."""

    def __init__(self, pool: Shuffled) -> None:
        super().__init__()
        self.owner = pool


@pytest.fixture(autouse=True)
def _finish_when_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def wait_for_one(pending: dict[_Waited, object], return_when: str) -> object:
        if not any(future.done() for future in pending):
            next(iter(pending)).owner.finish_one()
        return wait(pending, timeout=0, return_when=return_when)

    monkeypatch.setattr("kaon.simulate.farm.wait", wait_for_one)


@settings(max_examples=25)
@given(
    width=st.integers(1, 7),
    seed=st.integers(0, 50),
    wanted=st.tuples(st.integers(0, 60), st.integers(1, 60)),
    rate=st.floats(0.5, 12),
)
def test_the_first_jets_in_the_order_of_chunks_are_taken(
    width: int, seed: int, wanted: tuple[int, int], rate: float
) -> None:
    plan = Plan(RECIPE, wanted, seed)
    shuffled = Shuffled((rate, 2 * rate), width, seed)
    store = Memory()
    used = run(plan, shuffled.pool, store)
    for process, shares in enumerate(used):
        assert sum(share.taken for share in shares) == wanted[process]
        assert [share.number for share in shares] == list(range(len(shares)))
        assert all(share.taken == share.jets for share in shares[:-1])
    assert len(set(shuffled.made)) == len(shuffled.made)  # nothing is made twice
    alone = run(plan, Shuffled((rate, 2 * rate), 1, 0).pool, Memory())
    assert used == alone


@settings(max_examples=15)
@given(seed=st.integers(0, 50), kept=st.integers(0, 4))
def test_finished_chunks_are_not_made_again(seed: int, kept: int) -> None:
    plan, rates = Plan(RECIPE, (30, 30), seed), (5.0, 5.0)
    whole = run(plan, Shuffled(rates, 3, seed).pool, Memory())
    store = Memory()
    for number in range(kept):
        store.save((number % 2, number // 2), fake(Job(RECIPE, number % 2, number // 2, seed), 5.0))
    before = store.finished()
    again = Shuffled(rates, 2, seed + 1)
    assert run(plan, again.pool, store) == whole
    assert not set(before) & set(again.made)


def test_little_is_made_in_vain() -> None:
    shuffled = Shuffled((5.0, 5.0), 4, 0)
    used = run(Plan(RECIPE, (1000, 1000), 1), shuffled.pool, Memory())
    needed = sum(len(shares) for shares in used)
    assert needed <= len(shuffled.made) <= needed + 4


def test_progress_ends_at_all_and_counts_what_was_there() -> None:
    store, seen = Memory(), list[Progress]()
    run(Plan(RECIPE, (20, 20), 1), Shuffled((5.0, 5.0), 1, 0).pool, store)
    run(Plan(RECIPE, (50, 50), 1), Shuffled((5.0, 5.0), 1, 0).pool, store, seen.append)
    assert seen[0].jets == seen[0].resumed >= 40
    assert seen[-1].jets == seen[-1].wanted == 100
    assert [p.jets for p in seen] == sorted(p.jets for p in seen)
    assert seen[-1].generated == 10 * seen[-1].chunks


def test_cuts_that_nothing_passes_are_given_up() -> None:
    with pytest.raises(SimulationError, match=r"none of 200 collisions of the class 'top' .*pTHatMin"):
        run(Plan(RECIPE, (5, 5), 1), Shuffled((5.0, 0.0), 2, 0).pool, Memory())


def test_an_error_of_a_job_is_the_error_of_the_run(quick: Recipe) -> None:
    def fail(job: Job) -> Future[bytes]:
        future: Future[bytes] = Future()
        future.set_exception(SimulationError("Pythia is tired"))
        return future

    with pytest.raises(SimulationError, match="tired"):
        run(Plan(quick, (5, 5), 1), Pool(fail, 2), Memory())
