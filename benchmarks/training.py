"""Training throughput of `kaon.learn` against a bare PyTorch loop and against a per-item DataLoader.

Measured: events per second of the `mlp` and the `pfn`, through `fit_net` (Lightning, log, best weights and checkpoint
of every epoch included; the start of the trainer apart), on random tensors in memory, on the CPU. Peers, with the same
network, initial weights, mini-batches, loss, optimiser and schedule:

- bare: nothing but the loop over slices of the same tensors in the same order. Claim: at least 0.90 of its throughput.
  Its final weights are compared with ours, so that both have done the same work.
- items: `torch.utils.data.DataLoader` over a data set that returns one event at a time. Aim: 3 times its throughput.
  No loader makes a training faster than its network is: the ratio of bare to items, printed as well, is the most that
  can be had, and where the network takes most of the time (the `pfn` on a CPU) that is little more than 1.
- serving: both ways of making mini-batches with no network at all, the share that a loader decides.

The contestants take turns in every repeat; each ratio is the median over the repeats of the ratio within a repeat.
Counted are the CPU seconds of this process on one thread, which other work on the machine disturbs least; on an idle
machine, `--clock wall --threads 0` shows what several cores give.

    python benchmarks/training.py [--repeats 5] [--scale 1.0] [--threads 1] [--clock cpu|wall]
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from kaon.data import Batch, Input, InputSpec
from kaon.learn.config import TrainConfig
from kaon.learn.fit import fit_net
from kaon.learn.schedule import learning_rate_factor
from kaon.learn.supervised import weighted_cross_entropy
from kaon.learn.tensors import Sample, TensorBatches, to_tensors
from kaon.models.base import Net
from kaon.models.mlp import MLP
from kaon.models.pfn import ParticleFlowNetwork

EPOCHS = 4
"""Of each training; the first one warms up and is not counted."""

CONFIG = TrainConfig(epochs=EPOCHS, batch_size=512, device="cpu")


@dataclass(frozen=True)
class Task:
    """A network and the events it is trained on."""

    name: str
    net: Net
    batch: Batch
    size: str


def mlp_task(events: int, random: np.random.Generator) -> Task:
    x = random.normal(size=(events, 11)).astype(np.float32)
    spec = InputSpec((Input("features", (11,), shift=(0.0,) * 11, scale=(1.0,) * 11),))
    target = (x[:, 0] + random.normal(size=events) > 0).astype(np.int64)
    return Task("mlp", MLP(spec, 2), Batch({"features": x}, target), f"{events} events x 11 features")


def pfn_task(jets: int, random: np.random.Generator) -> Task:
    mask = np.arange(64) < random.integers(5, 65, jets)[:, None]
    x = np.where(mask[..., None], random.normal(size=(jets, 64, 3)), 0).astype(np.float32)
    item = Input("features", ("constituents", 3), features=("z", "deta", "dphi"))
    spec = InputSpec((item, Input("mask", ("constituents",), "bool")))
    target = random.integers(0, 2, jets)
    net = ParticleFlowNetwork(spec, 2)
    return Task(
        "pfn", net, Batch({"features": x, "mask": mask}, target), f"{jets} jets x 64 x 3, {mask.sum(1).mean():.0f} real"
    )


Seconds = Callable[[], float]


def ours(net: Net, sample: Sample, clock: Seconds, config: TrainConfig = CONFIG) -> list[float]:
    """Seconds of each epoch but the first: from the end of one to the end of the next."""
    ends: list[float] = []

    def note(done: float, epochs: float, row: dict[str, float]) -> None:
        if row.get("epoch") == done - 1:
            ends.append(clock())

    with tempfile.TemporaryDirectory() as folder:
        fit_net(net, sample, None, config, Path(folder), note)
    return list(np.diff(ends))


def loop(
    net: Net,
    batches: Callable[[int], Iterator[Sample]],
    steps: int,
    clock: Seconds,
    config: TrainConfig = CONFIG,
) -> list[float]:
    """The bare loop."""
    optimizer = torch.optim.AdamW(net.parameters(), config.learning_rate, weight_decay=config.weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: learning_rate_factor(step, config.epochs * steps, config.schedule, config.warmup)
    )
    seconds = []
    net.train()
    for epoch in range(config.epochs):
        start = clock()
        for inputs, target, weight in batches(epoch):
            with torch.autocast("cpu", torch.bfloat16, enabled=config.precision == "bfloat16"):
                logits = net(inputs)
            loss = weighted_cross_entropy(logits, target, weight)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # of torch
            optimizer.step()
            schedule.step()
        seconds.append(clock() - start)
    return seconds[1:]


def bare(net: Net, sample: Sample, clock: Seconds, config: TrainConfig = CONFIG) -> list[float]:
    inputs, target, weight = sample
    events = len(target)

    def batches(epoch: int) -> Iterator[Sample]:
        # The order in which `kaon.learn` serves the events, and the dropout that it draws.
        seed = config.seed * 1_000_003 + epoch
        order = torch.randperm(events, generator=torch.Generator().manual_seed(seed))
        torch.manual_seed(seed * 4099)
        for start in range(0, events, config.batch_size):
            rows = order[start : start + config.batch_size]
            yield {name: values[rows] for name, values in inputs.items()}, target[rows], weight[rows]

    return loop(net, batches, -(-events // config.batch_size), clock, config)


class Items(Dataset[tuple[dict[str, Tensor], Tensor, Tensor]]):
    """One event at a time."""

    def __init__(self, sample: Sample) -> None:
        self.inputs, self.target, self.weight = sample

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, i: int) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        return {name: values[i] for name, values in self.inputs.items()}, self.target[i], self.weight[i]


def items(net: Net, sample: Sample, clock: Seconds) -> list[float]:
    loader = DataLoader(Items(sample), CONFIG.batch_size, shuffle=True)
    return loop(net, lambda epoch: iter(loader), len(loader), clock)


def serve(batches: Any, clock: Seconds) -> list[float]:
    """Seconds to go through all mini-batches and do nothing with them."""
    start = clock()
    for _ in batches:
        pass
    return [clock() - start]


CONTESTANTS: dict[str, Callable[[Net, Sample, Seconds], list[float]]] = {
    "ours": ours,
    "bare": bare,
    "items": items,
    "serving, ours": lambda _, sample, clock: serve(TensorBatches(sample, CONFIG.batch_size, shuffle=True), clock),
    "serving, items": lambda _, sample, clock: serve(DataLoader(Items(sample), CONFIG.batch_size, shuffle=True), clock),
}


def compare(task: Task, repeats: int, clock: Seconds) -> None:
    """Print the throughputs and ratios of one task."""
    sample = to_tensors(task.batch)
    seconds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    names = list(CONTESTANTS)
    for repeat in range(repeats):
        trained: dict[str, Net] = {}
        for name in names[repeat % len(names) :] + names[: repeat % len(names)]:
            trained[name] = deepcopy(task.net)
            seconds[name].append(statistics.median(CONTESTANTS[name](trained[name], sample, clock)))
        for one, two in zip(trained["ours"].parameters(), trained["bare"].parameters(), strict=True):
            torch.testing.assert_close(one, two, msg="ours and the bare loop trained different networks")

    def show(own: str, peer: str, target: float | None = None) -> None:
        ratios = [b / a for a, b in zip(seconds[own], seconds[peer], strict=True)]
        a, b = (len(task.batch) / statistics.median(seconds[name]) for name in (own, peer))
        found = statistics.median(ratios)
        verdict = "" if target is None else f"   aim {target:.2f}: {'met' if found >= target else 'missed'}"
        spread = f"({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"  {own:13} {a:>12,.0f}/s   {peer:14} {b:>11,.0f}/s   ratio {found:6.2f} {spread:18}{verdict}")

    print(f"\n{task.name}: {task.size}, {task.net.parameter_count} parameters, batches of {CONFIG.batch_size}")
    show("ours", "bare", 0.9)
    show("ours", "items", 3.0)
    show("bare", "items")
    show("serving, ours", "serving, items", 3.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5, help="turns of each contestant (%(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="times the number of events (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch; 0 for its own choice (%(default)s)")
    parser.add_argument("--clock", choices=("cpu", "wall"), default="cpu", help="seconds counted (%(default)s)")
    given = parser.parse_args()
    if given.threads:
        torch.set_num_threads(given.threads)
    random = np.random.default_rng(0)
    torch.manual_seed(0)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, "
        f"Python {platform.python_version()}, PyTorch {torch.__version__}\n"
        f"{given.repeats} repeats of {EPOCHS - 1} epochs, {given.clock} time"
    )
    clock = time.process_time if given.clock == "cpu" else time.perf_counter
    tasks = [mlp_task(int(60_000 * given.scale), random), pfn_task(int(4_000 * given.scale), random)]
    for task in tasks:
        compare(task, given.repeats, clock)


if __name__ == "__main__":
    main()
