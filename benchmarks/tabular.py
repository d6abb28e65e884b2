"""Speed on tables: training the deep network of the HIGGS benchmark, boosted trees, and reading text.

Training: `dn` (five layers of 300 tanh) on 1,000,000 x 28 numbers in memory, through `fit_net`, log and checkpoint
included. Peers, with the same network, loss and optimiser:

- matrices: nothing but the matrix products of these layers, forward and backward (x W^T, g^T x, g W), in the same
  precision, on buffers made beforehand. They run between the groups of mini-batches of our training, so that both see
  the same machine. Claim: our time is at most 1.10 of theirs, for mini-batches of 512 (the default) and of 4096, and
  for 4096 in bfloat16.
- steps: the same network, loss and optimiser in PyTorch on one mini-batch over and over, without events, trainer,
  schedule or log: what the layers cost beyond their products (tanh, biases, AdamW). Claim: at most 1.05 of that time.
- items: `torch.utils.data.DataLoader` over a data set that returns one event at a time (on fewer events; its time is
  proportional to them), in float32. Claim: 5 times its events per second. The rate of the matrix products over its own
  is printed, too: the most that any training could gain, for the products have to be made. Serving mini-batches
  without a network is compared as well: where the network takes most of the time, as on a CPU, no way of serving can
  make a training that much faster.

Trees: `bdt` on 200,000 x 28 against `lightgbm.train` with the same settings and nothing but the validation loss noted
every round. Claim: at most 1.05 of its time; ours notes the training loss of 10,000 events as well. Both make the same
trees, which is checked. Shown as well: LightGBM that notes the loss of all training events.

Reading: a text of 1,000,000 rows of 29 numbers as HIGGS.csv writes them (0.74 GB; it is made here, in a temporary
folder), by `kaon.read` with a label. Peers: pyarrow's own reader with columns as NumPy arrays, on one thread and, as is
its default, on all, and `numpy.loadtxt` on a twentieth of the rows. Claims: 5 times the rows per second of loadtxt, and
at most 1.1 of pyarrow's time on one thread. pyarrow's rate over loadtxt's bounds the former.

The contestants take turns; a ratio is the median over the repeats of the ratio within a repeat. Counted are the CPU
seconds of this process on one thread, which other work on the machine disturbs least; for reading, where pyarrow may
use threads, the time on the clock is shown beside it.

    python benchmarks/tabular.py [--only training|trees|reading] [--repeats 3] [--scale 1.0]
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

import lightgbm as lgb
import numpy as np
import pyarrow.csv
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

import kaon
from kaon.data import Batch, Input, InputSpec
from kaon.evaluate import auc
from kaon.learn.config import TrainConfig
from kaon.learn.fit import fit_net
from kaon.learn.supervised import GROUP, weighted_cross_entropy
from kaon.learn.tensors import Sample, TensorBatches, to_tensors
from kaon.models.bdt import BDT
from kaon.models.deep_net import DeepNetwork

FEATURES = 28
SPEC = InputSpec((Input("features", (FEATURES,), shift=(0.0,) * FEATURES, scale=(1.0,) * FEATURES),))
WIDTHS = (FEATURES, *(300,) * 5, 1)

clock = time.process_time


def table(events: int, seed: int = 0) -> Batch:
    """Gaussian features, of which the product of two tells the classes apart, with noise."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((events, FEATURES), np.float32)
    return Batch({"features": x}, (x[:, 0] * x[:, 1] + random.normal(size=events) > 0).astype(np.int64))


def verdict(
    name: str, ratios: Sequence[float] | NDArray[np.float64], claim: float | None = None, *, least: bool = False
) -> None:
    """Print the median ratio with its range, and whether it is what was claimed."""
    found = float(np.median(ratios))
    told = ""
    if claim is not None:
        met = found >= claim if least else found <= claim
        told = f"   claim: {'at least' if least else 'at most'} {claim:.2f}: {'met' if met else 'MISSED'}"
    print(f"  {name:44} {found:7.2f} ({min(ratios):.2f} to {max(ratios):.2f}){told}", flush=True)


def seconds_of(work: Callable[[], object]) -> float:
    start = clock()
    work()
    return clock() - start


# Training ------------------------------------------------------------------------------------------------------------


class Matrices:
    """The matrix products of one step: x W^T forward, then g^T x and g W backward (not for the inputs)."""

    def __init__(self, batch: int, kind: torch.dtype) -> None:
        self.x, self.g, self.y, self.dx = ([torch.randn(batch, n).to(kind) for n in WIDTHS] for _ in range(4))
        self.w = [torch.randn(after, before).to(kind) for before, after in pairwise(WIDTHS)]
        self.dw = [torch.empty_like(w) for w in self.w]

    def step(self) -> None:
        for i, w in enumerate(self.w):
            torch.mm(self.x[i], w.T, out=self.y[i + 1])
        for i in reversed(range(len(self.w))):
            torch.mm(self.g[i + 1].T, self.x[i], out=self.dw[i])
            if i:
                torch.mm(self.g[i + 1], self.w[i], out=self.dx[i])


class Steps:
    """Steps of the network on one mini-batch."""

    def __init__(self, batch: int, kind: torch.dtype) -> None:
        self.net, self.kind = DeepNetwork(SPEC, 2), kind
        self.optimizer = torch.optim.AdamW(self.net.parameters(), fused=True)
        self.x, self.target, self.weight = torch.randn(batch, FEATURES), torch.arange(batch) % 2, torch.ones(batch)

    def step(self) -> None:
        with torch.autocast("cpu", self.kind, enabled=self.kind != torch.float32):
            logits = self.net({"features": self.x})
        loss = weighted_cross_entropy(logits, self.target, self.weight)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # of torch
        self.optimizer.step()


def ours(
    sample: Sample, held: Sample, batch: int, precision: Literal["float32", "bfloat16"], every: int
) -> tuple[float, float, float, float]:
    """Seconds a step of an epoch of our training, of the products and the bare steps in between; AUC of new events."""
    kind = getattr(torch, precision)
    peers, spent, steps = (Matrices(batch, kind), Steps(batch, kind)), [0.0, 0.0], 0
    for peer in peers * 3:
        peer.step()
    marks: list[float] = []

    def note(done: float, epochs: float, row: dict[str, float]) -> None:
        nonlocal steps
        if len(marks) % every == 0:
            for i, peer in enumerate(peers):
                spent[i] += seconds_of(lambda peer=peer: [peer.step() for _ in range(GROUP // 2)])  # type: ignore[misc]
            steps += GROUP // 2
        marks.append(clock() - sum(spent))

    torch.manual_seed(0)
    net = DeepNetwork(SPEC, 2)
    config = TrainConfig(epochs=1, batch_size=batch, device="cpu", precision=precision)
    with tempfile.TemporaryDirectory() as folder:
        fit_net(net, sample, None, config, Path(folder), note)
    with torch.no_grad():
        score = net(held[0]).softmax(1)[:, 1].numpy()
    # From the end of the first group to the end of the epoch, the checkpoint included.
    own = (marks[-1] - marks[0]) / (len(sample[1]) / batch - GROUP)
    return own, spent[0] / steps, spent[1] / steps, float(auc(score, held[1].numpy()))


class Items(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """One event at a time."""

    def __init__(self, sample: Sample) -> None:
        self.x, self.target, self.weight = sample[0]["features"], sample[1], sample[2]

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor, Tensor]:
        return self.x[i], self.target[i], self.weight[i]


def items(sample: Sample, batch: int) -> tuple[float, float]:
    """Seconds an event of a loop over single events: with the training, and serving only."""
    torch.manual_seed(0)
    net = DeepNetwork(SPEC, 2)
    optimizer = torch.optim.AdamW(net.parameters(), fused=True)
    loader = DataLoader(Items(sample), batch, shuffle=True)
    start = clock()
    for x, target, weight in loader:
        loss = weighted_cross_entropy(net({"features": x}), target, weight)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # of torch
        optimizer.step()
    trained = clock() - start
    for _ in loader:
        pass
    return trained / len(sample[1]), (clock() - start - trained) / len(sample[1])


def serving(sample: Sample, batch: int) -> float:
    """Seconds an event of our mini-batches without a network."""
    start = clock()
    for _ in TensorBatches(sample, batch, shuffle=True, group=GROUP):
        pass
    return (clock() - start) / len(sample[1])


def training(repeats: int, scale: float) -> None:
    events = int(1_000_000 * scale)
    sample = to_tensors(table(events))
    few, held = to_tensors(table(events // 20)), to_tensors(table(50_000, seed=1))
    print(f"\ntraining dn: {events} x {FEATURES}, one thread")
    settings: tuple[tuple[int, Literal["float32", "bfloat16"]], ...]
    settings = ((512, "float32"), (4096, "float32"), (4096, "bfloat16"))
    for batch, precision in settings:
        found = []
        for _ in range(repeats):
            every = max(1, events // batch // GROUP // 8)
            *times, area = ours(sample, held, batch, precision, every)
            found.append((*(t / batch for t in times), *items(few, batch), serving(sample, batch), area))
        kaon_, bare_, steps_, item_, item_serving, own_serving, areas = zip(*found, strict=True)
        rates = [f"{1 / statistics.median(part):,.0f}" for part in (kaon_, bare_, steps_, item_)]
        print(
            f"  batches of {batch} in {precision}: ours {rates[0]}, matrices {rates[1]}, bare steps {rates[2]}, items "
            f"{rates[3]} events/s; our AUC after this epoch {statistics.median(areas):.4f}"
        )
        verdict("our time / matrix products", [a / b for a, b in zip(kaon_, bare_, strict=True)], 1.10)
        verdict("our time / bare steps", [a / b for a, b in zip(kaon_, steps_, strict=True)], 1.05)
        verdict("our rate / one event at a time", [b / a for a, b in zip(kaon_, item_, strict=True)], 5, least=True)
        verdict("matrix products alone / one at a time", [b / a for a, b in zip(bare_, item_, strict=True)])
        served = [b / a for a, b in zip(own_serving, item_serving, strict=True)]
        verdict("serving alone: our rate / one at a time", served, 5, least=True)


# Trees ---------------------------------------------------------------------------------------------------------------


def trees(repeats: int, scale: float) -> None:
    train, held = table(int(200_000 * scale)), table(int(50_000 * scale), seed=1)
    rounds = 100
    print(f"\nbdt: {len(train)} x {FEATURES}, {rounds} trees, {len(held)} validation events, one thread")

    def through_kaon() -> str:
        model = BDT(SPEC, 2, trees=rounds, early_stopping=20)
        model.fit(train, held, seed=0, threads=1)
        return model.to_text()

    def directly(*, noted: bool) -> str:
        settings = BDT(SPEC, 2, trees=rounds)._settings | {"seed": 0, "num_threads": 1}
        data = lgb.Dataset(train.inputs["features"], train.labels, weight=train.weights)
        reference = lgb.Dataset(held.inputs["features"], held.labels, weight=held.weights, reference=data)
        stop = lgb.early_stopping(20, verbose=False)
        sets = {"train": data} if noted else {}
        sets["validation"] = reference
        booster = lgb.train(
            settings, data, rounds, valid_sets=list(sets.values()), valid_names=list(sets), callbacks=[stop]
        )
        text: str = booster.model_to_string(num_iteration=booster.best_iteration)
        return text

    made = through_kaon().removesuffix("end of trees\n")
    assert all(directly(noted=noted).startswith(made) for noted in (True, False)), "the trees differ"
    contestants = (through_kaon, lambda: directly(noted=True), lambda: directly(noted=False))
    own, bare, silent = zip(*([seconds_of(work) for work in contestants] for _ in range(repeats)), strict=True)
    shown = [f"{statistics.median(part):.2f}" for part in (own, bare, silent)]
    print(f"  ours {shown[0]} s, LightGBM {shown[2]} s, with the loss of all training events {shown[1]} s")
    verdict("our time / LightGBM's", [a / b for a, b in zip(own, silent, strict=True)], 1.05)
    verdict("our time / LightGBM's with training loss", [a / b for a, b in zip(own, bare, strict=True)])


# Reading -------------------------------------------------------------------------------------------------------------


def reading(repeats: int, scale: float) -> None:
    rows = int(1_000_000 * scale)
    one, several = (pyarrow.csv.ReadOptions(autogenerate_column_names=True, use_threads=t) for t in (False, True))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        part = table(min(rows, 20_000))
        np.savetxt(path, np.column_stack([part.labels, part.inputs["features"]]), fmt="%.18e", delimiter=",")
        text = path.read_bytes()
        with path.open("ab") as stream:  # the same rows again: as many numbers to parse
            for _ in range(rows // len(part) - 1):
                stream.write(text)
        rows = rows // len(part) * len(part)
        print(f"\nreading: {rows} rows of {FEATURES + 1}, {path.stat().st_size / 1e6:.0f} MB")
        kaon.read(path, label="c0", header=False, limit=1000)
        contestants: dict[str, tuple[Callable[[], object], int]] = {
            "ours": (lambda: kaon.read(path, label="c0", header=False), 1),
            "pyarrow": (lambda: [c.to_numpy() for c in pyarrow.csv.read_csv(path, one).columns], 1),
            "threads": (lambda: [c.to_numpy() for c in pyarrow.csv.read_csv(path, several).columns], 1),
            "loadtxt": (lambda: np.loadtxt(path, delimiter=",", max_rows=rows // 20), 20),
        }
        # [repeat, contestant, (CPU, clock)]
        found = np.array([[_both(work, part) for work, part in contestants.values()] for _ in range(repeats)])
    for i, (kind, claimed) in enumerate((("CPU", True), ("clock", False))):
        took = dict(zip(contestants, found[:, :, i].T, strict=True))
        print(f"  {kind}: " + ", ".join(f"{n} {rows / np.median(t):,.0f}" for n, t in took.items()) + " rows/s")
        verdict("our time / pyarrow's on one thread", took["ours"] / took["pyarrow"], 1.1 if claimed else None)
        verdict("our time / pyarrow's with threads", took["ours"] / took["threads"])
        verdict("our rate / loadtxt's", took["loadtxt"] / took["ours"], 5, least=True)
        verdict("pyarrow's rate on one thread / loadtxt's", took["loadtxt"] / took["pyarrow"])
        verdict("pyarrow's rate with threads / loadtxt's", took["loadtxt"] / took["threads"])


def _both(work: Callable[[], object], part: int) -> tuple[float, float]:
    """Seconds of CPU and on the clock, of the whole where a part is done."""
    start = time.perf_counter()
    used = seconds_of(work)
    return used * part, (time.perf_counter() - start) * part


def main() -> None:
    parts = {"training": training, "trees": trees, "reading": reading}
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=tuple(parts), help="one part; all by default")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each contestant (%(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="times the number of events (%(default)s)")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"PyTorch {torch.__version__}, LightGBM {lgb.__version__}, pyarrow {pyarrow.__version__}, "
        f"NumPy {np.__version__}; {given.repeats} repeats, CPU time"
    )
    for name, part in parts.items():
        if given.only in (None, name):
            part(given.repeats, given.scale)


if __name__ == "__main__":
    main()
