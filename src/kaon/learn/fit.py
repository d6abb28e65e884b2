"""Fit a network with Lightning: best epoch kept, stopped runs resumed exactly, no pickle."""

from __future__ import annotations

import csv
import io
import logging
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread, current_thread, main_thread
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping
from torch import Tensor

from kaon.errors import ConfigError, DataError
from kaon.files import write_text
from kaon.learn.averaging import first_averaged, renew_statistics, running_mean
from kaon.learn.checkpoint import SafeCheckpoints, load_tree
from kaon.learn.config import TrainConfig
from kaon.learn.device import torch_device
from kaon.learn.supervised import Supervised
from kaon.learn.tensors import Sample, TensorBatches
from kaon.models.base import Net

__all__ = ["CHECKPOINT", "LOG", "Progress", "fit_net", "write_log"]

Progress = Callable[[float, float, dict[str, float]], None]
"""Called with (epochs done, epochs in all, the last row of the log)."""

CHECKPOINT = "checkpoint.safetensors"
LOG = "log.csv"


def fit_net(
    net: Net,
    train: Sample,
    validation: Sample | None,
    config: TrainConfig,
    folder: Path,
    progress: Progress | None = None,
    fresh: Callable[[int], dict[str, Tensor]] | None = None,
    rates: Mapping[str, float] | None = None,
) -> list[dict[str, float]]:
    """Train a network; on return it holds the weights of its best epoch, or the mean of its last ones.

    Args:
        net: the network, with its initial weights.
        train: training events with their training weights.
        validation: decides which epoch is best; without it the last one is.
        config: every setting.
        folder: where the log and the checkpoint are written. A checkpoint found there is resumed, and the end is the
            same, bit for bit on a CPU, as if the run had not been stopped.
        progress: called during training.
        fresh: inputs of the training events in an epoch, where they are not the same in all.
        rates: learning rates of parameters, by name, relative to that of the others.

    Returns:
        One row an epoch: epoch, train_loss, validation_loss, validation_accuracy, validation_auc (of two classes),
        learning_rate, seconds.

    Raises:
        ConfigError: the device does not exist, or patience is asked for without validation events.
        DataError: the loss became NaN or infinite.
    """
    if config.patience is not None and validation is None:
        raise ConfigError("patience needs validation events")
    if -(-len(train[1]) // config.batch_size) < config.devices:
        raise ConfigError(
            f"{len(train[1])} training events in batches of {config.batch_size} do not feed {config.devices} devices; "
            "choose a smaller batch_size or fewer devices"
        )
    checkpoint = folder / CHECKPOINT
    if checkpoint.exists() and _kept(checkpoint)["done"]:
        return _finished(net, checkpoint, train, config)
    together = config.devices > 1
    keeper = _Keeper(folder, config, None if together else progress)
    callbacks: list[Callback] = [keeper]
    if config.patience is not None:
        # It must have counted the epoch before the checkpoint is written, so right after validation.
        stopping = EarlyStopping(
            "validation_loss", patience=config.patience, check_finite=False, check_on_train_epoch_end=False
        )
        callbacks.insert(0, stopping)
    module = Supervised(net, train, validation, config, fresh, rates)
    with _quiet(), torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        trainer = lightning.Trainer(
            accelerator=_accelerator(config.device),
            devices=config.devices,
            strategy="ddp_spawn" if together else "auto",
            max_epochs=config.epochs,
            callbacks=callbacks,
            plugins=[SafeCheckpoints()],
            logger=_tensorboard(folder) if config.tensorboard else False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            default_root_dir=folder,
        )
        with _watching(folder / LOG, config.epochs, progress if together else None), _plain_interrupt():
            trainer.fit(module, ckpt_path=str(checkpoint) if checkpoint.exists() else None)
    # With several processes the callbacks that saw the epochs lived elsewhere; the checkpoint has it all in any case.
    return _finished(net, checkpoint, train, config)


def _kept(checkpoint: Path) -> dict[str, Any]:
    state: dict[str, Any] = load_tree(checkpoint)["callbacks"][_Keeper.__name__]
    return state


def _finished(net: Net, checkpoint: Path, train: Sample, config: TrainConfig) -> list[dict[str, float]]:
    state = _kept(checkpoint)
    averaged = state.get("averaged", 0)
    net.load_state_dict(state["mean"] if averaged else state["best"])
    net.cpu()
    if averaged:
        batches = TensorBatches(train, config.batch_size, shuffle=True, seed=config.seed)
        renew_statistics(net, (inputs for group in batches for inputs, _, _ in group), config.seed)
    net.eval()
    rows: list[dict[str, float]] = state["rows"]
    return rows


def write_log(path: Path, rows: list[dict[str, float]]) -> None:
    """Write the rows as CSV, the columns in order of their first appearance."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


@contextmanager
def _watching(log: Path, epochs: int, progress: Progress | None) -> Iterator[None]:
    """Report progress of other processes by reading the log they write."""
    if progress is None:
        yield
        return
    done = Event()

    def watch() -> None:
        seen = 0
        while not done.wait(0.5):
            rows = list(csv.DictReader(io.StringIO(log.read_text()))) if log.exists() else []
            if len(rows) > seen:
                seen = len(rows)
                progress(seen, epochs, {name: float(value) for name, value in rows[-1].items() if value})

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class _Keeper(Callback):
    """Keeps the log, the best weights and the checkpoint."""

    def __init__(self, folder: Path, config: TrainConfig, progress: Progress | None) -> None:
        self.folder, self.epochs, self.progress = folder, config.epochs, progress
        self.averages_from = first_averaged(config.epochs, config.swa) if config.swa else config.epochs
        self.mean: dict[str, Any] = {}
        self.averaged = 0
        self.rows: list[dict[str, float]] = []
        self.best: dict[str, Any] = {}
        self.best_loss = float("inf")
        self.done = False
        self.started = 0.0

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if trainer.world_size > 1:  # a process of its own, with its own warning filters and loggers
            _ignore_advice()
            for logger in _loggers():
                logger.setLevel(logging.ERROR)

    @property
    def state_key(self) -> str:
        return type(self).__name__

    def state_dict(self) -> dict[str, Any]:
        names = ("rows", "best", "best_loss", "mean", "averaged", "done")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows, self.best, self.best_loss = state_dict["rows"], state_dict["best"], state_dict["best_loss"]
        self.mean, self.averaged = state_dict.get("mean", {}), state_dict.get("averaged", 0)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self.started = time.perf_counter()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.progress is not None and trainer.is_global_zero:
            done = trainer.current_epoch + (batch_idx + 1) / max(trainer.num_training_batches, 1)
            self.progress(done, self.epochs, self.rows[-1] if self.rows else {})

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        row = {"epoch": float(trainer.current_epoch), **pl_module.epoch_row()}
        row["seconds"] = time.perf_counter() - self.started
        if not all(map(_finite, row.values())):
            raise DataError(
                f"the loss became {row['train_loss']} in epoch {trainer.current_epoch}; lower the learning rate "
                f"({pl_module.config.learning_rate}), clip the gradient, or look for extreme inputs and weights"
            )
        self.rows.append(row)
        loss = row.get("validation_loss", -float(trainer.current_epoch))
        if loss < self.best_loss or not self.best:
            self.best_loss = loss
            self.best = _state(pl_module.net)
        if trainer.current_epoch >= self.averages_from:
            self.mean = running_mean(self.mean, self.averaged, _state(pl_module.net))
            self.averaged += 1
        if trainer.logger is not None:
            trainer.logger.log_metrics(row, step=trainer.current_epoch)
        if trainer.is_global_zero:
            write_log(self.folder / LOG, self.rows)
        # Early stopping has had its say by now: a finished training must not be taken for one to resume.
        self.done = trainer.should_stop or trainer.current_epoch + 1 == self.epochs
        trainer.save_checkpoint(self.folder / CHECKPOINT)
        if self.progress is not None and trainer.is_global_zero:
            self.progress(trainer.current_epoch + 1, self.epochs, row)


def _state(net: Net) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in net.state_dict().items()}


def _finite(value: float) -> bool:
    return abs(value) != float("inf") and value == value


def _accelerator(device: str) -> str:
    torch_device(device)  # it is there
    return "gpu" if device == "cuda" else device


def _tensorboard(folder: Path) -> Any:
    from kaon.extras import require

    require("tensorboard")
    from lightning.pytorch.loggers import TensorBoardLogger

    return TensorBoardLogger(folder, name="tensorboard", version="")


@contextmanager
def _plain_interrupt() -> Iterator[None]:
    """Ctrl-C as Python knows it: Lightning would end the whole process and leave the signal ignored."""
    main = current_thread() is main_thread()
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as stop:
        if main:
            signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from stop


def _ignore_advice() -> None:
    # Lightning's advice concerns item-by-item data loaders and logged metrics, which are not used here; it also uses a
    # name of PyTorch's that is about to go.
    warnings.filterwarnings("ignore", module="lightning")
    warnings.filterwarnings("ignore", message=".*(isinstance.treespec|LeafSpec|GPU available but not used).*")


def _loggers() -> list[logging.Logger]:
    return [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]


@contextmanager
def _quiet() -> Iterator[None]:
    """Lightning without its advertisements, and with its logger's level as it was afterwards."""
    loggers = _loggers()
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            _ignore_advice()
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
