"""Training: exact resume, best epoch, early stopping, precision, several processes."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kaon.data import Batch, InputSpec
from kaon.errors import ConfigError, DataError
from kaon.learn.config import TrainConfig
from kaon.learn.fit import CHECKPOINT, LOG, fit_net
from kaon.learn.tensors import to_tensors
from kaon.models.mlp import MLP

Rows = list[dict[str, float]]


def trained(
    folder: Path, batch: Batch, spec: InputSpec, stop_at: float = np.inf, **settings: object
) -> tuple[MLP, Rows]:
    """An MLP with dropout, trained on 800 events; Ctrl-C after `stop_at` epochs."""
    torch.manual_seed(1)
    net = MLP(spec, 2, hidden=(16,), dropout=0.3)
    config = TrainConfig.model_validate({"epochs": 4, "batch_size": 64, "learning_rate": 0.01, **settings})

    def progress(done: float, _: float, __: dict[str, float]) -> None:
        if done > stop_at:
            raise KeyboardInterrupt

    held = to_tensors(batch.take(slice(800, None)))
    return net, fit_net(net, to_tensors(batch.take(slice(800))), held, config, folder, progress)


def same(a: MLP, b: MLP) -> bool:
    return all(torch.equal(p, q) for p, q in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_training_lowers_the_loss_and_logs_each_epoch(tmp_path: Path, batch: Batch, spec: InputSpec) -> None:
    _, rows = trained(tmp_path, batch, spec)
    assert [row["epoch"] for row in rows] == [0, 1, 2, 3]
    assert rows[-1]["validation_loss"] < rows[0]["validation_loss"]
    assert rows[-1]["validation_auc"] > 0.7  # the ideal is Phi(1 / sqrt 2) = 0.76
    written = list(csv.DictReader((tmp_path / LOG).read_text().splitlines()))
    assert [float(row["train_loss"]) for row in written] == [row["train_loss"] for row in rows]


def test_the_same_seed_gives_the_same_weights_and_leaves_the_callers_random_numbers_alone(
    tmp_path: Path, batch: Batch, spec: InputSpec
) -> None:
    a, _ = trained(tmp_path / "a", batch, spec)
    state = torch.get_rng_state()
    b, _ = trained(tmp_path / "b", batch, spec)
    torch.manual_seed(1)
    MLP(spec, 2, hidden=(16,), dropout=0.3)
    assert same(a, b)
    assert torch.equal(torch.get_rng_state(), state)
    c, _ = trained(tmp_path / "c", batch, spec, seed=1)
    assert not same(a, c)


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_stopped_by_ctrl_c_and_resumed_equals_not_stopped(
    tmp_path: Path, batch: Batch, spec: InputSpec, schedule: str
) -> None:
    whole, rows = trained(tmp_path / "a", batch, spec, schedule=schedule)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "b", batch, spec, stop_at=2.5, schedule=schedule)
    assert (tmp_path / "b" / CHECKPOINT).exists()
    resumed, again = trained(tmp_path / "b", batch, spec, schedule=schedule)
    assert same(whole, resumed)
    assert [r["train_loss"] for r in again] == [r["train_loss"] for r in rows]


SCRIPT = """
import sys, numpy as np, torch
from pathlib import Path
from kaon.data import Batch, Input, InputSpec
from kaon.learn.config import TrainConfig
from kaon.learn.fit import fit_net
from kaon.learn.tensors import to_tensors
from kaon.models.mlp import MLP
random = np.random.default_rng(0)
y = random.integers(0, 2, 4000)
x = (random.normal(size=(4000, 5)) + y[:, None]).astype(np.float32)
batch = Batch({"features": x}, y, None, np.arange(4000))
torch.manual_seed(0)
net = MLP(InputSpec((Input("features", (5,)),)), 2, hidden=(64, 64), dropout=0.1)
fit_net(net, to_tensors(batch), to_tensors(batch), TrainConfig(epochs=12, batch_size=32), Path(sys.argv[1]))
np.savez(Path(sys.argv[1]) / "weights.npz", **{k: v.numpy() for k, v in net.state_dict().items()})
"""


def test_killed_with_signal_9_and_resumed_equals_not_killed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def start(folder: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, str(script), str(tmp_path / folder)], env=environment)

    assert start("whole").wait(300) == 0
    victim = start("killed")
    log = tmp_path / "killed" / LOG
    limit = time.monotonic() + 120
    while not (log.exists() and log.read_text().count("\n") > 4):
        assert victim.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < limit
        time.sleep(0.01)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait(60) == -signal.SIGKILL
    assert not (tmp_path / "killed" / "weights.npz").exists()
    assert start("killed").wait(300) == 0
    with np.load(tmp_path / "whole" / "weights.npz") as a, np.load(tmp_path / "killed" / "weights.npz") as b:
        assert all(np.array_equal(a[name], b[name]) for name in a.files)


def test_early_stopping_keeps_the_best_epoch(tmp_path: Path, batch: Batch, spec: InputSpec) -> None:
    # Labels of the validation part are turned round, so that learning only makes it worse.
    target = batch.labels.copy()
    target[800:] = 1 - target[800:]
    wrong = replace(batch, target=target)
    net, rows = trained(tmp_path, wrong, spec, epochs=30, patience=3)
    assert len(rows) < 10
    losses = [row["validation_loss"] for row in rows]
    held_inputs, held_target, _ = to_tensors(wrong.take(slice(800, None)))
    with torch.inference_mode():
        loss = torch.nn.functional.cross_entropy(net(held_inputs), held_target)
    assert float(loss) == pytest.approx(min(losses), rel=1e-5)
    assert min(losses) < losses[-1]


def test_a_training_that_stopped_early_is_over(tmp_path: Path, batch: Batch, spec: InputSpec) -> None:
    target = batch.labels.copy()
    target[800:] = 1 - target[800:]
    wrong = replace(batch, target=target)
    net, rows = trained(tmp_path, wrong, spec, epochs=30, patience=3)
    again, same_rows = trained(tmp_path, wrong, spec, epochs=30, patience=3)
    assert len(same_rows) == len(rows) < 10
    assert same(net, again)


def test_too_few_events_for_all_devices_are_refused(tmp_path: Path, batch: Batch, spec: InputSpec) -> None:
    with pytest.raises(ConfigError, match="do not feed 2 devices"):
        trained(tmp_path, batch, spec, devices=2, device="cpu", batch_size=1000)


def test_bfloat16_stays_close_to_float32(tmp_path: Path, batch: Batch, spec: InputSpec) -> None:
    _, full = trained(tmp_path / "a", batch, spec)
    net, half = trained(tmp_path / "b", batch, spec, precision="bfloat16")
    assert all(p.dtype == torch.float32 for p in net.parameters())
    assert half[-1]["validation_loss"] == pytest.approx(full[-1]["validation_loss"], rel=0.05)
    assert half[-1]["validation_loss"] != full[-1]["validation_loss"]


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
def test_every_optimiser_learns(tmp_path: Path, batch: Batch, spec: InputSpec, optimizer: str) -> None:
    _, rows = trained(tmp_path, batch, spec, optimizer=optimizer, gradient_clip=1.0)
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]


def test_a_tiny_gradient_clip_stops_plain_descent(tmp_path: Path, batch: Batch, spec: InputSpec) -> None:
    net, _ = trained(tmp_path, batch, spec, optimizer="sgd", gradient_clip=1e-12, weight_decay=0.0)
    torch.manual_seed(1)
    start = MLP(spec, 2, hidden=(16,), dropout=0.3)
    assert all(torch.allclose(p, q, atol=1e-9) for p, q in zip(net.parameters(), start.parameters(), strict=True))


def test_two_processes_train_together(tmp_path: Path, batch: Batch, spec: InputSpec) -> None:
    seen: list[float] = []
    torch.manual_seed(1)
    net = MLP(spec, 2, hidden=(16,))
    config = TrainConfig(epochs=3, batch_size=32, learning_rate=0.01, devices=2, device="cpu")
    sample, held = to_tensors(batch.take(slice(800))), to_tensors(batch.take(slice(800, None)))
    rows = fit_net(net, sample, held, config, tmp_path, lambda done, _, __: seen.append(done))
    assert [row["epoch"] for row in rows] == [0, 1, 2]
    assert rows[-1]["validation_auc"] > 0.7
    with torch.inference_mode():
        loss = torch.nn.functional.cross_entropy(net(held[0]), held[1])
    assert float(loss) == pytest.approx(min(r["validation_loss"] for r in rows), rel=1e-5)


def test_an_exploding_loss_is_named(tmp_path: Path, batch: Batch, spec: InputSpec) -> None:
    broken = replace(batch, inputs={"features": batch.inputs["features"] * np.float32(np.inf)})
    with pytest.raises(DataError, match="lower the learning rate"):
        trained(tmp_path, broken, spec)


def test_patience_needs_validation(tmp_path: Path, batch: Batch, spec: InputSpec) -> None:
    with pytest.raises(ConfigError, match="validation"):
        fit_net(MLP(spec, 2), to_tensors(batch), None, TrainConfig(patience=2), tmp_path)


def test_without_validation_the_last_epoch_is_kept(tmp_path: Path, batch: Batch, spec: InputSpec) -> None:
    rows = fit_net(MLP(spec, 2), to_tensors(batch), None, TrainConfig(epochs=2), tmp_path)
    assert set(rows[-1]) == {"epoch", "train_loss", "learning_rate", "seconds"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_named(tmp_path: Path, batch: Batch, spec: InputSpec) -> None:
    with pytest.raises(ConfigError, match="no GPU"):
        trained(tmp_path, batch, spec, device="cuda")


def test_tensorboard_files_are_written(tmp_path: Path, batch: Batch, spec: InputSpec) -> None:
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    trained(tmp_path, batch, spec, tensorboard=True)
    assert list((tmp_path / "tensorboard").glob("events.out*"))
