"""The supervised strategy: weighted cross-entropy on Lightning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from kaon.evaluate import auc
from kaon.learn.config import TrainConfig
from kaon.learn.deform import Deformations
from kaon.learn.optimizers import optimizer
from kaon.learn.schedule import learning_rate_factor
from kaon.learn.tensors import Sample, TensorBatches
from kaon.models.base import Net

__all__ = ["Supervised", "weighted_cross_entropy"]

GROUP = 16
"""Mini-batches a trainer call on one device."""

_DEFORMATIONS = 0x1A9E5
"""Makes their random numbers others than those of dropout."""


def weighted_cross_entropy(logits: Tensor, target: Tensor, weight: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """mean_i w_i CE_i, in float32.

    The mean is over events, not over weights: with negative weights the sum of a mini-batch may vanish.

    Args:
        logits: (batch, classes).
        target: class numbers, (batch,).
        weight: (batch,), of mean absolute value one over the whole sample.
        label_smoothing: probability mass moved to the other classes.
    """
    losses = F.cross_entropy(logits.float(), target, reduction="none", label_smoothing=label_smoothing)
    return (weight * losses).mean()


class Supervised(lightning.LightningModule):
    """Trains a `Net` by weighted cross-entropy.

    Args:
        net: the network.
        train: training events with their training weights.
        validation: validation events; None to go without.
        config: every setting.
        fresh: inputs of the training events in an epoch, where they are not the same in all.
        rates: learning rates of parameters, by name, relative to that of the others.

    Raises:
        ConfigError: images are to be deformed, and the network reads none.
    """

    def __init__(
        self,
        net: Net,
        train: Sample,
        validation: Sample | None,
        config: TrainConfig,
        fresh: Callable[[int], dict[str, Tensor]] | None = None,
        rates: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        # Several optimiser steps in one call (see TensorBatches) are ours to take.
        self.automatic_optimization = False
        self.net, self.config = net, config
        self._deform = Deformations.of(config.deform)
        self._deform.check(net.spec)
        self._train, self._validation, self._fresh = train, validation, fresh
        self._rates = rates or {}
        self._loss_sum = torch.zeros(())
        self._loss_count = 0
        self._scores: list[tuple[Tensor, Tensor, Tensor]] = []
        self.row: dict[str, float] = {}

    def setup(self, stage: str) -> None:
        """Shuffled mini-batches; each process takes its share."""
        world = self.trainer.world_size
        self._batches = TensorBatches(
            self._train,
            self.config.batch_size,
            shuffle=True,
            seed=self.config.seed,
            # DistributedDataParallel prepares one backward pass a call.
            group=GROUP if world == 1 else 1,
            rank=self.trainer.global_rank,
            world=world,
        )

    def train_dataloader(self) -> TensorBatches:
        """What `setup` made."""
        return self._batches

    def val_dataloader(self) -> Any:
        """All validation events in every process: small, and each then knows the whole loss."""
        return [] if self._validation is None else TensorBatches(self._validation, max(self.config.batch_size, 2048))

    def configure_optimizers(self) -> Any:
        """Optimiser, and a schedule that steps with it."""
        c = self.config
        parameters = self._groups()
        made = optimizer(c.optimizer, parameters, c.learning_rate, c.weight_decay)
        steps = c.epochs * self._batches.batches
        schedule = torch.optim.lr_scheduler.LambdaLR(
            made,
            lambda step: learning_rate_factor(step, steps, c.schedule, c.warmup, flat=c.swa or 0.0, rate=c.swa_rate),
        )
        return [made], [schedule]

    def _groups(self) -> Any:
        """The parameters, in groups of equal learning rate; that of the highest rate first, which is logged."""
        if not self._rates:
            return self.net.parameters()
        groups: dict[float, list[torch.nn.Parameter]] = {}
        for name, parameter in self.net.named_parameters():
            groups.setdefault(self._rates.get(name, 1.0), []).append(parameter)
        return [{"params": groups[rate], "lr": self.config.learning_rate * rate} for rate in sorted(groups)[::-1]]

    def on_train_epoch_start(self) -> None:
        """Order and dropout follow from seed and epoch: a resumed run draws what an uninterrupted one would have."""
        self._batches.epoch = self.current_epoch
        if self._fresh is not None:
            self._batches.sample = self._fresh(self.current_epoch), *self._train[1:]
        seed = (self.config.seed * 1_000_003 + self.current_epoch) * 4099 + self.global_rank
        torch.manual_seed(seed)
        self._random = torch.Generator(self.device).manual_seed(seed ^ _DEFORMATIONS)
        self._loss_sum, self._loss_count = torch.zeros((), device=self.device), 0

    def training_step(self, group: list[Sample], _: int) -> None:
        """One optimiser step for each mini-batch of the group."""
        optimizer: Any = self.optimizers(use_pl_optimizer=False)
        schedule: Any = self.lr_schedulers()
        # Only several processes need Lightning's hooks around the backward pass, which cost a tenth of a millisecond.
        backward: Any = torch.Tensor.backward if self.trainer.world_size == 1 else self.manual_backward
        for inputs, target, weight in group:
            seen = self._deformed(inputs)
            # Autocast is entered a mini-batch at a time: its cache of cast weights must not outlive a step.
            with self._autocast():
                logits = self.net(seen)
            loss = weighted_cross_entropy(logits, target, weight, self.config.label_smoothing)
            optimizer.zero_grad()
            backward(loss)
            if self.config.gradient_clip is not None:
                torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.config.gradient_clip)
            optimizer.step()
            schedule.step()
            self._loss_sum += loss.detach()
            self._loss_count += 1

    def validation_step(self, group: list[Sample], _: int) -> None:
        """Logits of one slice."""
        for inputs, target, weight in group:
            with self._autocast():
                logits = self.net(inputs)
            self._scores.append((logits.float(), target, weight))

    def on_validation_epoch_end(self) -> None:
        """Loss, accuracy and, of two classes, AUC of the whole validation sample."""
        logits, target, weight = (torch.cat(part) for part in zip(*self._scores, strict=True))
        self._scores.clear()
        total = weight.sum()
        loss = (weight * F.cross_entropy(logits, target, reduction="none")).sum() / torch.where(total == 0, 1, total)
        right = (weight * (logits.argmax(1) == target)).sum() / torch.where(total == 0, 1, total)
        self.row = {"validation_loss": float(loss), "validation_accuracy": float(right)}
        if logits.shape[1] == 2 and bool(target.min() != target.max()) and bool(torch.isfinite(logits).all()):
            score = logits.softmax(1)[:, 1].cpu().numpy()
            self.row["validation_auc"] = float(
                auc(score, target.cpu().numpy(), weight.cpu().numpy().astype(np.float64))
            )
        self.log("validation_loss", self.row["validation_loss"], logger=False)

    def epoch_row(self) -> dict[str, float]:
        """What the epoch that just ended has to say."""
        schedule: Any = self.lr_schedulers()
        row = {"train_loss": float(self._loss_sum) / max(self._loss_count, 1), **self.row}
        return row | {"learning_rate": float(schedule.get_last_lr()[0])}

    def _deformed(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """The inputs of a step, with fresh deformations of their images."""
        if not self._deform.active:
            return inputs
        shift = self.net.spec["image"].shift
        # A cut-out is what the network sees as 0, so that it says nothing.
        return inputs | {"image": self._deform(inputs["image"], self._random, shift[0] if shift else 0.0)}

    def _autocast(self) -> torch.autocast:
        enabled = self.config.precision == "bfloat16"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=enabled)
