"""Greedy layer-wise pre-training: each hidden layer first learns to reconstruct its own input, without labels."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import Batch
from kaon.errors import ConfigError, DataError
from kaon.learn.config import TrainConfig
from kaon.learn.device import torch_device
from kaon.learn.fit import CHECKPOINT, Progress, write_log
from kaon.learn.tensors import as_tensors
from kaon.models.base import Net

__all__ = ["PRETRAINING", "Staged", "pretrain", "pretrained", "stages_of"]

PRETRAINING = "pretraining.csv"
"""Log of a run's pre-training."""


@runtime_checkable
class Staged(Protocol):
    """A network that shows its hidden layers, so that they can be trained one by one.

    Its output depends on its inputs through stages[n](... stages[0](entrance(inputs))) only, with whatever comes after
    the last stage, such as a head.
    """

    stages: Sequence[nn.Module] | nn.ModuleList
    """Each maps the output of the one before, (batch, ...) -> (batch, ...)."""

    def entrance(self, inputs: dict[str, Tensor]) -> Tensor:
        """What the first stage reads, (batch, ...); nothing in it is trained."""
        ...


def stages_of(net: nn.Module, name: str) -> Staged:
    """The network, if it shows its hidden layers.

    Raises:
        ConfigError: it does not.
    """
    if isinstance(net, Staged) and len(net.stages):
        return net
    raise ConfigError(
        f"{name} does not show its hidden layers, so that it cannot be pre-trained layer by layer; choose a model with "
        "`stages` (deep_mlp, conv_stack, mlp), or set pretrain to 0"
    )


def pretrain(
    net: Net,
    events: Batch | Mapping[str, Tensor],
    *,
    epochs: int,
    batch_size: int = 512,
    learning_rate: float = 1e-3,
    corruption: float = 0.25,
    precision: str = "float32",
    device: str = "auto",
    seed: int = 0,
    progress: Callable[[int, int, dict[str, float]], None] | None = None,
) -> list[dict[str, float]]:
    """Train the stages of a network, one after another, as denoising autoencoders; no label is looked at.

    Stage f_n with input x = f_{n-1}(... f_0(entrance)) and a linear decoder g minimise the mean square

        |g(f_n(x')) - x|^2 / |x - <x>|^2,    x'_i = <x_i> with probability `corruption`, else x_i,

    so that 1 is what the mean of each entry reaches and 0 is a perfect reconstruction. The decoder is thrown away; the
    stage keeps its weights, and the next one reads its output. Stages of maps have a 3x3 convolution as a decoder,
    behind nearest-neighbour scaling where the stage pools.

    Bengio, Lamblin, Popovici, Larochelle, NeurIPS 2006,
    https://papers.nips.cc/paper/3048-greedy-layer-wise-training-of-deep-networks; the corruption is that of Vincent et
    al., https://jmlr.org/papers/v11/vincent10a.html. Hinton, Osindero, Teh, https://doi.org/10.1162/neco.2006.18.7.1527
    did it first, with Boltzmann machines. Unlike in these, the decoder has weights of its own and Adam trains it, and
    what is corrupted is set to its mean and not to zero: sigmoids are never near zero.

    Args:
        net: shows its `stages` (see `Staged`); trained in place, and left on the CPU.
        events: of any kind, labelled or not: there may be more of them than of the labelled.
        epochs: passes over the events for each stage.
        batch_size: events a step.
        learning_rate: of Adam, highest; it falls along half a cosine in each stage.
        corruption: share of the entries set to their mean, 0 to below 1.
        precision: float32, or bfloat16 for the matrix products.
        device: auto, cpu, cuda or mps.
        seed: of the order of events, the decoders and the corruption; equal seeds give equal weights on a CPU.
        progress: called after every epoch with (epochs done, epochs in all, the row).

    Returns:
        One row an epoch: `stage`, `epoch` (of this stage), `reconstruction_loss` as above, mean over the epoch, and
        `seconds`.

    Raises:
        ConfigError: a network without stages, or numbers that make no sense.
        DataError: no events, or the loss became NaN or infinite.
    """
    staged = stages_of(net, type(net).__name__)
    if epochs < 1 or batch_size < 1 or learning_rate <= 0 or not 0 <= corruption < 1:
        raise ConfigError(
            f"epochs={epochs}, batch_size={batch_size}, learning_rate={learning_rate}, corruption={corruption}: epochs "
            "and batch_size are at least 1, the learning rate is above 0, and the corruption from 0 to below 1"
        )
    inputs = as_tensors(events.inputs) if isinstance(events, Batch) else dict(events)
    count = len(next(iter(inputs.values()), ()))
    if not count:
        raise DataError("pre-training needs events; there are none")
    settings = _Settings(epochs, batch_size, learning_rate, corruption, precision, torch_device(device))
    rows: list[dict[str, float]] = []
    training = net.training
    devices = [settings.device] if settings.device.type == "cuda" else []
    net.to(settings.device).eval()  # what comes before a stage is finished
    try:
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed * 1_000_003 + 17)  # not the numbers of the initial weights or of the training
            for number, stage in enumerate(staged.stages):
                source = _Source(staged, number, inputs, count, settings)
                started = time.perf_counter()
                for epoch, loss in enumerate(_reconstructing(stage, source, settings)):
                    now = time.perf_counter()
                    row = {"stage": float(number), "epoch": float(epoch), "reconstruction_loss": loss}
                    row["seconds"], started = now - started, now
                    if loss != loss or loss == float("inf"):
                        raise DataError(
                            f"the reconstruction loss of stage {number} became {loss}; lower the learning rate "
                            f"({learning_rate}), or look for extreme inputs"
                        )
                    rows.append(row)
                    if progress is not None:
                        progress(len(rows), epochs * len(staged.stages), row)
    finally:
        net.cpu().train(training)
    return rows


def pretrained(
    net: Net, name: str, inputs: dict[str, Tensor], config: TrainConfig, folder: Path, progress: Progress | None
) -> tuple[list[dict[str, float]], Progress | None]:
    """Pre-train a network as its training says; a run that has a checkpoint has done so before.

    Args:
        net: with its initial weights.
        name: of the model, for messages.
        inputs: of the training events.
        config: every setting; `config.pretrain` epochs a stage.
        folder: of the run; the log is written there, as `pretraining.csv`.
        progress: of the whole run.

    Returns:
        The rows of the log, and what the training itself shall report to: its epochs count on from those here.
    """
    extra = config.pretrain * len(stages_of(net, name).stages)
    written = folder / PRETRAINING

    def shifted(done: float, total: float, row: dict[str, float]) -> None:
        assert progress is not None
        progress(extra + done, extra + total, row)

    later = None if progress is None else shifted
    if (folder / CHECKPOINT).exists() and written.exists():
        with written.open(newline="") as stream:
            return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(stream)], later
    rows = pretrain(
        net,
        inputs,
        epochs=config.pretrain,
        batch_size=config.batch_size,
        learning_rate=config.pretrain_rate,
        corruption=config.pretrain_corruption,
        precision=config.precision,
        device=config.device,
        seed=config.seed,
        progress=None if progress is None else lambda done, _, row: progress(done, extra + config.epochs, row),
    )
    write_log(written, rows)
    return rows, later


@dataclass(frozen=True)
class _Settings:
    epochs: int
    batch_size: int
    learning_rate: float
    corruption: float
    precision: str
    device: torch.device

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bfloat16")


@dataclass(frozen=True)
class _Source:
    """The input of a stage, made anew from the events for each mini-batch: kept, that of images would fill memories."""

    net: Staged
    stage: int
    inputs: dict[str, Tensor]
    count: int
    settings: _Settings

    def __call__(self, order: Tensor | None = None) -> Iterator[Tensor]:
        """Mini-batches (batch, ...) float32 in this order of the events."""
        for start in range(0, self.count, self.settings.batch_size):
            rows = slice(start, start + self.settings.batch_size)
            yield self.of({k: v[rows if order is None else order[rows]] for k, v in self.inputs.items()})

    @torch.no_grad()
    def of(self, inputs: dict[str, Tensor]) -> Tensor:
        with self.settings.autocast():
            x = self.net.entrance({k: v.to(self.settings.device) for k, v in inputs.items()})
            for stage in list(self.net.stages)[: self.stage]:
                x = stage(x)
        return x.float()

    def moments(self) -> tuple[Tensor, float]:
        """Mean of each entry, (...), and the mean over the entries of their variances."""
        total: Any = 0.0
        squares: Any = 0.0
        first: Tensor | None = None
        for x in self():
            first = x[0] if first is None else first  # variances are small beside squares of what is far from zero
            away = x - first
            away = away if x.device.type == "mps" else away.double()  # Apple's GPUs have no double precision
            total = total + away.sum(0)
            squares = squares + away.square().sum(0)
        assert first is not None
        mean = total / self.count
        return (mean + first).float(), float((squares / self.count - mean.square()).clamp(min=0).mean())


def _reconstructing(stage: nn.Module, source: _Source, settings: _Settings) -> Iterator[float]:
    """Train one stage with a decoder of its own; yields the loss of each epoch."""
    mean, variance = source.moments()
    decoder = _decoder(stage, source, mean).to(settings.device)
    stage.train()
    parameters = [p for part in (stage, decoder) for p in part.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(parameters, settings.learning_rate)
    steps = settings.epochs * -(-source.count // settings.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    scale = 1 / variance if variance > 0 else 1.0  # inputs that never vary are reconstructed by their mean
    for _ in range(settings.epochs):
        total = torch.zeros((), device=settings.device)
        for x in source(torch.randperm(source.count)):
            kept = torch.where(torch.rand_like(x) < settings.corruption, mean, x) if settings.corruption else x
            with settings.autocast():
                found = decoder(stage(kept))
            loss = scale * F.mse_loss(found.float(), x)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # PyTorch's own has no types
            optimizer.step()
            schedule.step()
            total += loss.detach() * len(x)
        yield float(total) / source.count
    stage.eval()


def _decoder(stage: nn.Module, source: _Source, mean: Tensor) -> nn.Module:
    """A linear map from the output of a stage to its input, which sets out from the mean."""
    with torch.no_grad():
        code = stage(mean[None])[0]
    decoder: nn.Module
    if mean.ndim == 1 and code.ndim == 1:
        decoder = nn.Linear(len(code), len(mean))
        start = mean
    elif mean.ndim == 3 and code.ndim == 3:
        convolution = nn.Conv2d(len(code), len(mean), 3, padding=1)
        decoder = nn.Sequential(nn.Upsample(size=tuple(mean.shape[1:])), convolution)
        start = mean.mean((1, 2))
    else:
        raise ConfigError(
            f"stage {source.stage} takes {tuple(mean.shape)} to {tuple(code.shape)}; stages that can be pre-trained "
            "take numbers (width,) to (width',) or maps (channels, height, width) to maps"
        )
    bias = decoder.bias if isinstance(decoder, nn.Linear) else convolution.bias
    assert bias is not None
    with torch.no_grad():
        bias.copy_(start)
    return decoder
