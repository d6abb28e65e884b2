"""Many chunks, made in any order by any number of workers, of which the first ones in order are taken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from itertools import count

from kaon.errors import SimulationError
from kaon.simulate.chunk import Chunk, Job
from kaon.simulate.plan import Key, Plan, Share, Store
from kaon.simulate.pool import Pool
from kaon.simulate.progress import Progress, Report

__all__ = ["run"]

_HOPELESS = 20
"""Chunks of one class without a single jet after which to give up."""
_FIRST_GUESS = 0.3
"""Jets per collision, before any chunk is finished."""


def run(plan: Plan, pool: Pool, store: Store, report: Report | None = None) -> list[list[Share]]:
    """Make all chunks that are missing.

    Args:
        plan: what is to be made.
        pool: who makes it.
        store: where chunks are kept; those already there are not made again.
        report: told how far it is.

    Returns:
        For each class its chunks in order: together they give the first `wanted` jets in the order of chunks, whichever
        order they were finished in.

    Raises:
        SimulationError: Pythia failed, a worker died, or no jet of a class is ever accepted.
        DataError: a chunk could not be kept.
    """
    tallies = [_Tally(wanted, _FIRST_GUESS * plan.recipe.chunk_events) for wanted in plan.wanted]
    for process, number in store.finished():
        tallies[process].finish(number, store.load((process, number)))
    resumed = sum(tally.have for tally in tallies)

    def tell() -> None:
        if report is not None:
            have, finished = sum(tally.have for tally in tallies), sum(len(tally.done) for tally in tallies)
            report(Progress(have, sum(plan.wanted), resumed, finished, sum(tally.generated for tally in tallies)))

    pending: dict[Future[bytes], Key] = {}
    tell()
    while any(tally.have < tally.wanted for tally in tallies):
        while len(pending) < pool.width and (key := _choose(tallies)):
            tallies[key[0]].running.add(key[1])
            pending[pool.submit(Job(plan.recipe, *key, plan.seed))] = key
        for future in wait(pending, return_when=FIRST_COMPLETED).done:
            process, number = pending.pop(future)
            data = future.result()
            store.save((process, number), data)
            tallies[process].finish(number, Chunk.from_bytes(data))
            tallies[process].check(plan, process)
        tell()
    for future in pending:
        future.cancel()
    return [tally.shares() for tally in tallies]


@dataclass
class _Tally:
    """What is finished and what is running of one class; each chunk is looked at once, however many there are."""

    wanted: int
    guess: float
    done: dict[int, Share] = field(default_factory=dict)
    running: set[int] = field(default_factory=set)
    jets: int = 0
    generated: int = 0
    sure: int = 0  # jets of the chunks 0, 1, ... `gap` - 1, which are all finished
    gap: int = 0

    def finish(self, number: int, chunk: Chunk) -> None:
        share = Share.of(number, chunk)
        self.running.discard(number)
        self.done[number] = share
        self.jets += share.jets
        self.generated += share.generated
        while self.sure < self.wanted and self.gap in self.done:
            self.sure += self.done[self.gap].jets
            self.gap += 1

    @property
    def have(self) -> int:
        """Jets that are certain to be in the result."""
        return min(self.sure, self.wanted)

    def shares(self) -> list[Share]:
        """The chunks of the result, in order."""
        taken = [self.done[number] for number in range(self.gap)]
        if self.sure > self.wanted:
            taken[-1] = replace(taken[-1], taken=taken[-1].jets - (self.sure - self.wanted))
        return taken

    def next(self) -> int | None:
        """The first chunk that is neither finished nor running, if it is likely to be needed."""
        if self.have >= self.wanted:
            return None
        mean = self.jets / len(self.done) if self.done else self.guess
        needed = math.ceil(self.wanted / mean) if mean > 0 else len(self.done) + 1
        number = next(n for n in count(self.gap) if n not in self.done and n not in self.running)
        return number if number < needed or not self.running else None

    def check(self, plan: Plan, process: int) -> None:
        """Give up on cuts that nothing passes."""
        if len(self.done) >= _HOPELESS and self.jets == 0:
            name = plan.recipe.classes[process]
            if plan.recipe.objects is not None:
                raise SimulationError(
                    f"none of {self.generated} collisions of the class {name!r} passes the cuts of {plan.recipe.name}: "
                    f"{plan.recipe.objects.select}; loosen them"
                )
            raise SimulationError(
                f"none of {self.generated} collisions of the class {name!r} has a jet that "
                f"passes the cuts of {plan.recipe.name}; compare the pt and mass windows of the recipe with its "
                "PhaseSpace:pTHatMin and pTHatMax"
            )


def _choose(tallies: Sequence[_Tally]) -> Key | None:
    """The next chunk to start, of the class that has the fewest."""
    for process in sorted(range(len(tallies)), key=lambda i: len(tallies[i].done) + len(tallies[i].running)):
        number = tallies[process].next()
        if number is not None:
            return process, number
    return None
