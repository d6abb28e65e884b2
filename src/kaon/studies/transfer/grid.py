"""The trainings of one pair of tasks: every way to begin, every size of the target sample, every seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from kaon.learn import Parts, Run, RunConfig, StartConfig, execute_run
from kaon.learn.config import TrainConfig
from kaon.learn.tagger import Tagger
from kaon.learn.transfer import Freeze
from kaon.registry import lookup
from kaon.report import RunRecord
from kaon.studies.base import Context
from kaon.studies.transfer.tasks import Pair, Samples

__all__ = ["FROZEN", "RANDOM", "SCRATCH", "TUNED", "WAYS", "Found", "balanced_order", "train_all", "untrained"]

SCRATCH, FROZEN, TUNED, RANDOM = "from scratch", "features frozen", "features fine-tuned", "random features frozen"
WAYS = (SCRATCH, FROZEN, TUNED, RANDOM)

_HELD = 0.2
"""Share of the target sample by which the best epoch is chosen: all that is labelled counts as its size."""


@dataclass(frozen=True)
class Found:
    """What the trainings of one pair of tasks gave.

    Args:
        pair: which.
        sizes: of the target sample, training and validation together.
        scores: way -> (sizes, seeds), the metric on the test sample.
        seconds: way -> (sizes, seeds), of the training.
        source: the metric of the source task on events that were held out of it, (seeds,).
        records: the trainings of the first seed on the largest sample, for their settings.
        tested: number of test events.
    """

    pair: Pair
    sizes: tuple[int, ...]
    scores: Mapping[str, NDArray[np.float64]]
    seconds: Mapping[str, NDArray[np.float64]]
    source: NDArray[np.float64]
    records: Sequence[RunRecord]
    tested: int


def balanced_order(labels: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Events in a random order in which the classes take turns, so that the first n hold as many of each, (events,).

    A class of which there are no more events is left out of the later turns.

    Args:
        labels: class numbers, (events,).
        seed: decides the order within each class.

    >>> labels = np.array([0, 0, 0, 1, 1, 2])
    >>> labels[balanced_order(labels, 0)].tolist()
    [0, 1, 2, 0, 1, 0]
    """
    mixed = np.random.default_rng(seed).permutation(len(labels))
    mixed = mixed[np.argsort(labels[mixed], kind="stable")]
    ranked = labels[mixed]
    turn = np.arange(len(ranked)) - np.searchsorted(ranked, ranked)
    order: NDArray[np.int64] = mixed[np.lexsort((ranked, turn))]
    return order


def untrained(tagger: Tagger, seed: int) -> Tagger:
    """The same network on the same representation, with new random weights."""
    made = lookup("kaon.models", tagger.model_name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = made(tagger.spec, len(tagger.classes), **tagger.options)
    return replace(tagger, model=model.eval(), training={"data": "none: random weights"})


def train_all(context: Context, pair: Pair, samples: Samples, sizes: Sequence[int], seeds: int) -> Found:
    """Train everything; what is finished is not repeated.

    A seed decides the weights of the source network, which target events there are, and all that is random in the
    training on them. Smaller samples are parts of larger ones, and
    hold as many events of every class.

    Args:
        context: of the study.
        pair: of tasks.
        samples: their events.
        sizes: of the target sample.
        seeds: how many.
    """
    home = context.folder / pair.name
    shape = (len(sizes), seeds)
    scores, seconds = ({way: np.zeros(shape) for way in WAYS} for _ in range(2))
    source = np.zeros(seeds)
    records: list[RunRecord] = []
    base = _base(pair)
    with context.reporter.trainings(seeds * (1 + len(WAYS) * len(sizes))) as follow:

        def run(title: str, seed: int, config: RunConfig, parts: Parts, folder: Path) -> Run:
            progress = follow(title, seed, None) if follow else None
            made = execute_run(config, parts, folder, progress=progress)
            if follow:
                follow(title, seed, made)
            return made

        for seed in range(seeds):
            learned = run(
                f"{pair.name}: source",
                seed,
                base.model_copy(update={"train": _config(context, seed, context.scale.settings["source_epochs"])}),
                Parts.of(samples.source, (0.8, 0.1, 0.1), seed),
                home / f"source-seed{seed}",
            )
            source[seed] = learned.metrics[pair.metric]
            features = learned.folder / "bundle.kaon"
            blank = home / f"random-seed{seed}.kaon"
            if not blank.exists():
                untrained(learned.tagger(), 1000 + seed).save(blank)
            order = balanced_order(samples.pool.labels, seed)
            for i, size in enumerate(sizes):
                sample = samples.pool.take(np.sort(order[:size]))
                kept, held = sample.split((1 - _HELD, _HELD), seed)
                parts = Parts(kept, held, samples.test)
                for way in WAYS:
                    config = _started(context, base, way, features, blank, size, seed)
                    folder = home / f"{way.replace(' ', '-')}-{size}-seed{seed}"
                    made = run(f"{pair.name}, {size:,}, {way}", seed, config, parts, folder)
                    scores[way][i, seed] = made.metrics[pair.metric]
                    seconds[way][i, seed] = made.metrics["train_seconds"]
                    if seed == 0 and size == max(sizes):
                        records.append(_record(made, f"{pair.name}, {way}"))
    return Found(pair, tuple(sizes), scores, seconds, source, records, len(samples.test))


def _base(pair: Pair) -> RunConfig:
    return RunConfig(
        model=pair.model,
        options=dict(pair.options),
        representation=pair.representation,
        representation_options=dict(pair.representation_options),
    )


def _started(
    context: Context, base: RunConfig, way: str, features: Path, blank: Path, size: int, seed: int
) -> RunConfig:
    """The settings of one training on the target task."""
    epochs = context.scale.settings["epochs"][size]
    if way == SCRATCH:
        return base.model_copy(update={"train": _config(context, seed, epochs)})
    freeze: Freeze = "none" if way == TUNED else "features"
    train = _config(context, seed, epochs)
    if freeze == "features":  # a head alone is quick, and takes larger steps
        train = _config(context, seed, 3 * epochs, learning_rate=3e-3)
    start = StartConfig(model_from=str(blank if way == RANDOM else features), freeze=freeze)
    return RunConfig(model=base.model, train=train, start=start)


def _config(context: Context, seed: int, epochs: int, learning_rate: float = 1e-3) -> TrainConfig:
    # The matrix products in bfloat16 cost no accuracy here, and less time.
    return TrainConfig(
        epochs=epochs,
        batch_size=context.scale.settings["batch_size"],
        learning_rate=learning_rate,
        precision="bfloat16",
        device="cpu",
        seed=seed,
    )


def _record(run: Run, title: str) -> RunRecord:
    config: dict[str, Any] = yaml.safe_load((run.folder / "config.yaml").read_text(encoding="utf-8"))
    if config.get("start"):
        config["start"]["model_from"] = Path(config["start"]["model_from"]).name
    return RunRecord(run.folder.name, title, run.metrics["seed"], run.metrics, config=config)
