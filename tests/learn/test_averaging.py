"""Averaged weights: their mean, the statistics of batch normalisation, and exact resumption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from kaon.data import Batch, InputSpec
from kaon.learn.averaging import first_averaged, renew_statistics, running_mean
from kaon.learn.config import TrainConfig
from kaon.learn.fit import fit_net
from kaon.learn.schedule import learning_rate_factor
from kaon.learn.tensors import to_tensors
from kaon.models.base import Net
from kaon.models.mlp import MLP


class Normalised(Net):
    """One layer after batch normalisation."""

    representations = ("tabular",)

    def __init__(self, spec: InputSpec, outputs: int) -> None:
        super().__init__(spec, outputs)
        self.normalise, self.last = nn.BatchNorm1d(5), nn.Linear(5, outputs)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        made: Tensor = self.last(self.normalise(inputs["features"]))
        return made


def fitted(net: Net, batch: Batch, folder: Path, epochs: int = 4, stop_at: float = np.inf, **settings: object) -> Net:
    def progress(done: float, _: float, __: dict[str, float]) -> None:
        if done > stop_at:
            raise KeyboardInterrupt

    config = TrainConfig.model_validate({"epochs": epochs, "batch_size": 100, "learning_rate": 0.02, **settings})
    fit_net(net, to_tensors(batch), None, config, folder, progress)
    return net


def test_the_running_mean_is_the_mean() -> None:
    states = [{"w": torch.randn(3, 2), "steps": torch.tensor(i)} for i in range(5)]
    mean: dict[str, Tensor] = {}
    for count, state in enumerate(states):
        mean = running_mean(mean, count, state)
    assert torch.allclose(mean["w"], torch.stack([s["w"] for s in states]).mean(0), atol=1e-6)
    assert mean["steps"] == 4


def test_the_weights_are_the_mean_of_the_last_epochs(batch: Batch, spec: InputSpec, tmp_path: Path) -> None:
    def weights(epochs: int, **settings: Any) -> Tensor:
        torch.manual_seed(0)
        net = fitted(MLP(spec, 2, hidden=(4,)), batch, tmp_path / f"{epochs}{len(settings)}", epochs, **settings)
        return torch.cat([p.detach().flatten() for p in net.parameters()])

    # With a constant rate from the start on, a training of n epochs is the beginning of a longer one.
    ends = torch.stack([weights(n, schedule="constant", warmup=0.0) for n in (3, 4)])
    mean = weights(4, schedule="constant", warmup=0.0, swa=0.5, swa_rate=1.0)
    assert torch.allclose(mean, ends.mean(0), atol=1e-6)
    assert not torch.allclose(mean, ends[1], atol=1e-4)


def test_statistics_belong_to_the_averaged_weights(batch: Batch, spec: InputSpec, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = fitted(Normalised(spec, 2), batch, tmp_path, swa=0.5)
    assert isinstance(net, Normalised)
    # Batches of equal size: the mean over them is that of the sample.
    mean = net.normalise.running_mean
    assert mean is not None
    assert mean.numpy() == pytest.approx(batch.inputs["features"].mean(0), abs=1e-5)


def test_a_resumed_average_is_the_same(batch: Batch, spec: InputSpec, tmp_path: Path) -> None:
    def begin() -> Net:
        torch.manual_seed(3)
        return MLP(spec, 2, hidden=(4,), dropout=0.2)

    whole = fitted(begin(), batch, tmp_path / "a", 6, swa=0.6)
    with pytest.raises(KeyboardInterrupt):
        fitted(begin(), batch, tmp_path / "b", 6, stop_at=4, swa=0.6)
    resumed = fitted(begin(), batch, tmp_path / "b", 6, swa=0.6)
    finished = fitted(begin(), batch, tmp_path / "b", 6, swa=0.6)
    for net in (resumed, finished):
        assert all(map(torch.equal, net.state_dict().values(), whole.state_dict().values()))


def test_nothing_happens_to_a_network_without_batch_normalisation(spec: InputSpec, batch: Batch) -> None:
    net = MLP(spec, 2, hidden=(4,))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    renew_statistics(net, [to_tensors(batch)[0]], 0)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_the_rate_is_constant_while_weights_are_averaged() -> None:
    curve = [learning_rate_factor(s, 100, "cosine", 0.1, flat=0.25, rate=0.2) for s in range(100)]
    assert set(curve[75:]) == {0.2}
    assert min(curve[10:]) == 0.2
    assert curve[:5] == [learning_rate_factor(s, 75, "cosine", 0.1) for s in range(5)]
    assert curve == sorted(curve[:7]) + sorted(curve[7:], reverse=True)


def test_the_last_epoch_always_counts() -> None:
    assert all(first_averaged(epochs, 0.01) == epochs - 1 for epochs in range(1, 30))


@pytest.mark.parametrize("wrong", [{"swa": 0.5, "patience": 2}, {"test_time_augmentation": 4}, {"augment": ["turn"]}])
def test_settings_that_exclude_each_other(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TrainConfig.model_validate(wrong)
