"""ParticleNet and the Particle Transformer against weaver-core 0.5.3, their authors' own code, on a CPU.

Both compute the same network: weights and statistics made by the peer are copied over, and the outputs are compared
and printed before anything is timed. The peer runs in an environment of its own with the same PyTorch
(`benchmarks/peers`), in a process of its own; on the same jets, in batches of 128 padded to 100 constituents, as its
example for top tagging sets it up. The contestants take turns in every repeat; each ratio is the median over the
repeats of the ratio within a repeat. Weaver trims the padding of a batch itself, and in training drops constituents of
the longest jets at random, up to a tenth; ours keeps all.

Claims are against weaver in float32, for bfloat16 as well; the ratio to weaver in bfloat16 stands beside it. What
bfloat16 does to the result of a short training is shown as well: a network is trained in either precision on simulated
top jets, and evaluated in both.

Counted are CPU seconds on one thread, which other work on the machine disturbs least; on an idle machine
`--clock wall --threads 2` shows what two cores give.

    python -m benchmarks.taggers [--only particle_net] [--repeats 3] [--threads 1] [--clock cpu|wall] [--skip-auc]
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.peers.weaver_core import Weaver
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from kaon.data import Events, Input, InputSpec
from kaon.learn.weaver import TOP_TAGGING
from kaon.models.base import Net
from kaon.models.part import ParticleTransformer
from kaon.models.particle_net import ParticleNet

BATCH, CONSTITUENTS = 128, 100
PRECISIONS = ("float32", "bfloat16")
TASKS = ("inference", "training")

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Contest:
    """One network, ours and the peer's.

    Args:
        name: registry name.
        ours: our network from its input specification, with the options that make it the peer's.
        inputs: shape of what ours reads, (constituents, features) each; the mask apart.
        module, network, arguments: the peer's class in `weaver.nn.model` and its arguments.
        peer_inputs: arrays in the order of the peer's arguments; all of them are made by `jets_of`.
        convert: the peer's state -> ours, without the normalisation of inputs.
        claims: (task, precision) -> ratio to the peer in float32.
    """

    name: str
    ours: Callable[[InputSpec], Net]
    inputs: Mapping[str, int]
    module: str
    network: str
    arguments: Mapping[str, Any]
    peer_inputs: tuple[str, ...]
    convert: Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]]
    claims: Mapping[tuple[str, str], float]


CONTESTS = (
    Contest(
        name="particle_net",
        ours=lambda spec: ParticleNet(spec, 2, missing="zero"),
        inputs={"points": 2, "features": 7},
        module="ParticleNet",
        network="ParticleNet",
        arguments={
            "input_dims": 7,
            "num_classes": 2,
            "conv_params": [(16, (64, 64, 64)), (16, (128, 128, 128)), (16, (256, 256, 256))],
            "fc_params": [(256, 0.1)],
            "use_fusion": False,
        },
        peer_inputs=("points", "features", "mask"),
        convert=lambda state: ParticleNet.from_weaver(state)[1],
        claims={
            ("inference", "float32"): 5.0,
            ("inference", "bfloat16"): 9.0,
            ("training", "float32"): 3.0,
            ("training", "bfloat16"): 5.0,
        },
    ),
    Contest(
        name="part",
        ours=lambda spec: ParticleTransformer(spec, 2),
        inputs={"features": 7, "momenta": 4},
        module="ParticleTransformer",
        network="ParticleTransformer",
        arguments={"input_dim": 7, "num_classes": 2},
        peer_inputs=("features", "vectors", "mask"),
        convert=lambda state: ParticleTransformer.from_weaver(state)[1],
        claims={("inference", "float32"): 2.0, ("training", "float32"): 2.0},
    ),
)


def jets_of(events: Events, standard: Mapping[str, tuple[float, float]]) -> Arrays:
    """What the networks read, padded to 100 constituents: features standardised, momenta in GeV in both orders."""
    from kaon.represent.point_cloud import PointCloud

    arrays = PointCloud(CONSTITUENTS, standardise=False, momenta=True)
    made = dict(arrays.fit_transform(events).inputs)
    width = CONSTITUENTS - made["mask"].shape[1]
    made = {k: np.pad(v, [(0, 0), (0, width), *[(0, 0)] * (v.ndim - 2)]) for k, v in made.items()}
    names = arrays.spec["features"].features
    shift, scale = np.array([standard.get(name, (0.0, 1.0)) for name in names], np.float32).T
    made["features"] = np.where(made["mask"][..., None], (made["features"] - shift) * scale, 0).astype(np.float32)
    made["vectors"] = made["momenta"][..., [1, 2, 3, 0]]  # weaver's order: px, py, pz, E
    return made | {"target": events.labels}


def simulated(count: int) -> Events:
    """Top and QCD jets of the recipe `top-tagging`, kept in the user's cache folder."""
    import kaon

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kaon" / "benchmarks"
    path = cache / f"top-tagging-{count}.h5"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        print(f"simulating {count} jets", flush=True)
        kaon.simulate("top-tagging", count, seed=1, output=path)
    events: Events = kaon.read(path)
    return events


class Ours:
    """Our network with the peer's weights."""

    def __init__(self, contest: Contest, state: Path) -> None:
        inputs = [Input(name, ("constituents", width)) for name, width in contest.inputs.items()]
        net = contest.ours(InputSpec((*inputs, Input("mask", ("constituents",), "bool"))))
        with np.load(state) as file:
            peer = {name: torch.from_numpy(file[name]) for name in file.files}
        missing, unexpected = net.load_state_dict(contest.convert(peer), strict=False)
        assert not unexpected, unexpected
        assert all(name.startswith("normalise.") for name in missing), missing
        self.initial = net

    def run(self, task: str, precision: str, data: Arrays, repeats: int, clock: str) -> tuple[list[float], Tensor]:
        net = deepcopy(self.initial).train(task == "training")
        names = self.initial.spec.names
        inputs = {name: torch.from_numpy(data[name]) for name in names}
        target = torch.from_numpy(data["target"])
        optimizer = torch.optim.AdamW(net.parameters(), 1e-3, fused=True)
        now = time.process_time if clock == "cpu" else time.perf_counter
        seconds, logits = [], torch.zeros(())
        for _ in range(repeats):
            begin = now()
            with torch.set_grad_enabled(task == "training"):
                with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                    logits = net(inputs)
                if task == "training":
                    optimizer.zero_grad()
                    F.cross_entropy(logits.float(), target).backward()  # type: ignore[no-untyped-call]  # of torch
                    optimizer.step()
            seconds.append(now() - begin)
        return seconds, logits.detach().float()


def compare(contest: Contest, batches: list[Arrays], folder: Path, given: argparse.Namespace) -> None:
    """Check that both compute the same, then let them take turns."""
    peer = Weaver(given.threads)
    state = folder / "state.npz"
    made = peer.ask(
        "make",
        module=contest.module,
        network=contest.network,
        arguments=dict(contest.arguments),
        inputs=list(contest.peer_inputs),
        state=str(state),
    )
    ours = Ours(contest, state)
    count = ours.initial.parameter_count
    print(f"\n{contest.name}: {count:,} parameters, weaver {made['parameters']:,} (PyTorch {made['torch']})")
    files = []
    for number, batch in enumerate(batches):
        files.append(folder / f"{number}.npz")
        wanted = {*contest.peer_inputs, "target"}
        given_arrays: Any = {name: values for name, values in batch.items() if name in wanted}
        np.savez(files[-1], **given_arrays)
    output = folder / "output.npy"
    for precision in PRECISIONS:
        differences, spread = [], 0.0
        for batch, file in zip(batches, files, strict=True):
            peer.ask(
                "run", task="inference", precision=precision, data=str(file), repeats=1, clock="cpu", output=str(output)
            )
            own, theirs = ours.run("inference", precision, batch, 1, "cpu")[1].numpy(), np.load(output)
            differences.append(np.abs(own - theirs))
            spread = float(theirs.std())
        all_of = np.concatenate(differences)
        print(
            f"  {precision:9} logits differ by {all_of.max():.2g} at most, {np.median(all_of):.2g} in the median "
            f"(their spread is {spread:.2g}), {len(all_of)} jets"
        )
    seconds: dict[tuple[str, str, str], list[float]] = {}
    for repeat in range(given.repeats):
        batch, file = batches[repeat % len(batches)], files[repeat % len(batches)]
        for task in TASKS:
            passes = 2  # the first of a process's passes allocates; each turn counts its last
            for precision in PRECISIONS:
                answer = peer.ask(
                    "run", task=task, precision=precision, data=str(file), repeats=passes, clock=given.clock
                )
                seconds.setdefault(("weaver", task, precision), []).append(answer["seconds"][-1])
                turn = ours.run(task, precision, batch, passes, given.clock)[0]
                seconds.setdefault(("ours", task, precision), []).append(turn[-1])
    peer.close()
    for task in TASKS:
        for precision in PRECISIONS:
            report(contest, seconds, task, precision)


def report(contest: Contest, seconds: Mapping[tuple[str, str, str], list[float]], task: str, precision: str) -> None:
    """One line: rates, ratios, the claim."""
    own = seconds["ours", task, precision]
    base, same = seconds["weaver", task, "float32"], seconds["weaver", task, precision]
    ratios = [b / a for a, b in zip(own, base, strict=True)]
    found, claim = statistics.median(ratios), contest.claims.get((task, precision))
    verdict = "" if claim is None else f"   aim {claim:.1f}: {'met' if found >= claim else 'missed'}"
    beside = (
        ""
        if precision == "float32"
        else f", {statistics.median([b / a for a, b in zip(own, same, strict=True)]):.1f} to its bfloat16"
    )
    print(
        f"  {task:9} {precision:9} ours {BATCH / statistics.median(own):7.1f} jets/s   weaver "
        f"{BATCH / statistics.median(same):6.1f} jets/s   ratio to its float32 {found:5.1f} "
        f"({min(ratios):.1f} to {max(ratios):.1f}){beside}{verdict}",
        flush=True,
    )


def accuracy(contest: Contest, events: Events, epochs: int) -> None:
    """What half precision does to a short training: AUC of either training, evaluated in either precision."""
    from kaon.evaluate import auc
    from kaon.learn import Classifier

    train, test = events.split((2 / 3, 1 / 3), seed=0)
    found: dict[str, dict[str, float]] = {}
    for trained in PRECISIONS:
        options: dict[str, Any] = {"epochs": epochs, "batch_size": BATCH, "seed": 0, "precision": trained}
        tagger = Classifier(contest.name, device="cpu", **options).fit(train).tagger_
        batch = tagger.representation.transform(test)
        for evaluated in PRECISIONS:
            with torch.autocast("cpu", torch.bfloat16, enabled=evaluated == "bfloat16"):
                score = tagger.predict_batch(batch)[:, 1]
            found.setdefault(trained, {})[evaluated] = float(auc(score, test.labels))
    print(f"  AUC after {epochs} epochs of {len(train)} jets, on {len(test)} others:")
    for trained, row in found.items():
        print(f"    trained in {trained:9}", *(f"evaluated in {name} {value:.4f}  " for name, value in row.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=[c.name for c in CONTESTS], help="one network; all by default")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each contestant (%(default)s)")
    parser.add_argument("--jets", type=int, default=6000, help="jets simulated, for the AUC too (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch (%(default)s)")
    parser.add_argument("--clock", choices=("cpu", "wall"), default="cpu", help="seconds counted (%(default)s)")
    parser.add_argument("--epochs", type=int, default=3, help="of the short training (%(default)s)")
    parser.add_argument("--skip-auc", action="store_true", help="leave the short training out")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    events = simulated(given.jets)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {given.threads} threads, Python {platform.python_version()}, "
        f"PyTorch {torch.__version__}\n{given.repeats} repeats, {given.clock} time, batches of {BATCH} jets"
    )
    with tempfile.TemporaryDirectory() as folder:
        batches = [jets_of(events.take(slice(i * BATCH, (i + 1) * BATCH)), TOP_TAGGING) for i in range(given.repeats)]
        counts = np.concatenate([b["mask"].sum(1) for b in batches])
        print(f"constituents: mean {counts.mean():.1f} of {CONSTITUENTS}, from {counts.min()} to {counts.max()}")
        for contest in CONTESTS:
            if given.only in (None, contest.name):
                compare(contest, batches, Path(folder), given)
                if not given.skip_auc:
                    accuracy(contest, events, given.epochs)


if __name__ == "__main__":
    main()
