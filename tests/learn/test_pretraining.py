from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import Batch, Events, Input, InputSpec
from kaon.errors import ConfigError, DataError
from kaon.learn.config import TrainConfig
from kaon.learn.pretraining import PRETRAINING, pretrain, stages_of
from kaon.learn.tagger import Tagger
from kaon.learn.train import train
from kaon.learn.transfer import Start
from kaon.models.base import Net
from kaon.models.conv_stack import ConvolutionalStack
from kaon.models.deep_mlp import DeepMLP


class Linear(Net):
    """Linear stages without bias, of these widths."""

    def __init__(self, *widths: int) -> None:
        super().__init__(InputSpec((Input("features", (widths[0],)),)), 2)
        self.stages = nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in pairwise(widths))
        self.head = nn.Linear(widths[-1], 2)

    def entrance(self, inputs: dict[str, Tensor]) -> Tensor:
        return inputs["features"]

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        x = self.entrance(inputs)
        for stage in self.stages:
            x = stage(x)
        logits: Tensor = self.head(x)
        return logits


class Opaque(Net):
    """Shows no stages."""

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return inputs["features"]


def correlated(count: int = 1500, shift: float = 3.0) -> Tensor:
    """Six correlated normal numbers, (count, 6), far from zero."""
    generator = torch.Generator().manual_seed(0)
    mix = torch.randn(6, 6, generator=generator) * torch.tensor([2.0, 1.5, 1.0, 0.5, 0.3, 0.2])[:, None]
    return torch.randn(count, 6, generator=generator) @ mix + shift


def unexplained(x: Tensor, components: int) -> float:
    """Share of the variance that so many principal components leave."""
    values = np.linalg.eigvalsh(np.cov(x.numpy().T))
    return float(values[: len(values) - components].sum() / values.sum())


@pytest.mark.parametrize("width", [1, 3])
def test_a_linear_autoencoder_finds_the_principal_components(width: int) -> None:
    x = correlated()
    torch.manual_seed(0)
    rows = pretrain(Linear(6, width), {"features": x}, epochs=60, batch_size=50, learning_rate=0.02, corruption=0.0)
    least = unexplained(x, width)
    assert 0.01 < least < 0.9
    assert rows[-1]["reconstruction_loss"] == pytest.approx(least, rel=0.02)
    assert min(row["reconstruction_loss"] for row in rows) > least * 0.995, "nothing linear is better"


def test_a_second_stage_reads_what_the_first_has_learnt() -> None:
    x = correlated()
    torch.manual_seed(0)
    net = Linear(6, 4, 2)
    rows = pretrain(net, {"features": x}, epochs=40, batch_size=50, learning_rate=0.02, corruption=0.0)
    with torch.no_grad():
        code = net.stages[0](x)
    assert rows[-1]["reconstruction_loss"] == pytest.approx(unexplained(code, 2), rel=0.02)


@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
@pytest.mark.parametrize("corruption", [0.0, 0.2])
def test_every_layer_learns_more_than_the_mean(activation: str, corruption: float) -> None:
    torch.manual_seed(0)
    spec = InputSpec((Input("features", (6,), shift=(3.0,) * 6),))
    net = DeepMLP(spec, 2, depth=2, width=24, activation=activation, initialisation="glorot")  # type: ignore[arg-type]  # parametrised
    rows = pretrain(net, {"features": correlated()}, epochs=8, batch_size=25, learning_rate=5e-3, corruption=corruption)
    assert [(r["stage"], r["epoch"]) for r in rows] == [(s, e) for s in range(2) for e in range(8)]
    for stage in range(2):
        first, *_, last = (r["reconstruction_loss"] for r in rows if r["stage"] == stage)
        assert last < min(first, 0.6)


def test_maps_are_reconstructed_through_pooling() -> None:
    torch.manual_seed(0)
    place = torch.arange(12) - torch.randint(2, 10, (300, 1, 1, 1))
    image = torch.exp(-0.2 * place**2) * torch.exp(-0.2 * place.flip(0) ** 2).transpose(2, 3)
    net = ConvolutionalStack(InputSpec((Input("image", (1, 12, 12), scale=(5.0,) * 12),)), 2, depth=3, width=6)
    rows = pretrain(net, {"image": image}, epochs=10, batch_size=20, learning_rate=0.01, corruption=0.1)
    last = [r["reconstruction_loss"] for r in rows if r["epoch"] == 9]
    assert len(last) == 3
    assert max(last) < 0.6


def trained(net: Net, x: Tensor, target: Tensor, steps: int = 100) -> float:
    """Final loss of plain gradient descent."""
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    for _ in range(steps):
        loss = F.cross_entropy(net({"features": x}), target)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # PyTorch's own has no types
        optimizer.step()
    return float(loss.detach())


def test_a_deep_sigmoid_network_trains_only_when_it_is_pre_trained() -> None:
    x = correlated(600, shift=0.0) / 2
    target = (x[:, 0] > 0).long()
    losses = []
    for epochs in (0, 8):
        torch.manual_seed(0)
        spec = InputSpec((Input("features", (6,)),))
        net = DeepMLP(spec, 2, depth=6, width=16, activation="sigmoid", initialisation="glorot")
        if epochs:
            pretrain(net, {"features": x}, epochs=epochs, batch_size=20, learning_rate=0.01, corruption=0.0)
        losses.append(trained(net, x, target))
    assert losses[0] > math.log(2) - 0.01, "it has learnt nothing"
    assert losses[1] < 0.4


def test_follows_from_the_seed_and_disturbs_nobody() -> None:
    def made(seed: int) -> DeepMLP:
        torch.manual_seed(0)
        net = DeepMLP(InputSpec((Input("features", (6,)),)), 2, depth=2, width=5)
        torch.manual_seed(99)
        before = torch.get_rng_state()
        pretrain(net, {"features": correlated(200)}, epochs=2, batch_size=64, seed=seed)
        assert torch.equal(before, torch.get_rng_state())
        assert not net.head.weight.grad
        return net

    one, same, other = made(1), made(1), made(2)
    pairs = list(zip(one.parameters(), same.parameters(), other.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b, _ in pairs)
    assert not all(torch.equal(a, c) for a, _, c in pairs)


def test_labels_are_not_needed_and_do_not_matter(batch: Batch, spec: InputSpec) -> None:
    rows = []
    for events in (batch, replace(batch, target=None)):
        torch.manual_seed(0)
        net = DeepMLP(spec, 2, depth=2, width=4).eval()
        rows.append([row["reconstruction_loss"] for row in pretrain(net, events, epochs=2)])
        assert not net.training
    assert rows[0] == rows[1]


def test_tells_how_far_it_is(batch: Batch, spec: InputSpec) -> None:
    said: list[tuple[int, int, float]] = []
    net = DeepMLP(spec, 2, depth=3, width=4)
    pretrain(net, batch, epochs=2, progress=lambda done, total, row: said.append((done, total, row["stage"])))
    assert said == [(1, 6, 0), (2, 6, 0), (3, 6, 1), (4, 6, 1), (5, 6, 2), (6, 6, 2)]


def test_inputs_that_never_vary_are_no_trouble() -> None:
    net = DeepMLP(InputSpec((Input("features", (3,)),)), 2, depth=2, width=4)
    rows = pretrain(net, {"features": torch.full((40, 3), 7.0)}, epochs=2)
    assert all(math.isfinite(r["reconstruction_loss"]) for r in rows)


def test_bfloat16_comes_near() -> None:
    found = {}
    for precision in ("float32", "bfloat16"):
        torch.manual_seed(0)
        net = DeepMLP(InputSpec((Input("features", (6,)),)), 2, depth=2, width=16, activation="tanh")
        rows = pretrain(net, {"features": correlated(shift=0.0)}, epochs=4, batch_size=50, precision=precision)
        found[precision] = rows[-1]["reconstruction_loss"]
    assert found["bfloat16"] == pytest.approx(found["float32"], abs=0.05)


def test_networks_without_stages_are_told(spec: InputSpec) -> None:
    with pytest.raises(ConfigError, match=r"pfn does not show its hidden layers.*deep_mlp, conv_stack"):
        stages_of(Opaque(spec, 2), "pfn")
    bare = DeepMLP(spec, 2, depth=1)
    bare.stages = nn.ModuleList()
    with pytest.raises(ConfigError, match="does not show its hidden layers"):
        stages_of(bare, "bare")


def test_stages_of_another_kind_are_told() -> None:
    net = DeepMLP(InputSpec((Input("features", (6,)),)), 2, depth=1, width=6)
    net.stages = nn.ModuleList([nn.Unflatten(1, (2, 3))])
    with pytest.raises(ConfigError, match=r"stage 0 takes \(6,\) to \(2, 3\)"):
        pretrain(net, {"features": correlated(50)}, epochs=1)


@pytest.mark.parametrize(
    "options", [{"epochs": 0}, {"batch_size": 0}, {"learning_rate": 0.0}, {"corruption": 1.0}, {"corruption": -0.1}]
)
def test_numbers_that_make_no_sense_are_told(options: dict[str, float], spec: InputSpec) -> None:
    with pytest.raises(ConfigError, match="corruption from 0 to below 1"):
        pretrain(DeepMLP(spec, 2), {"features": torch.zeros(3, 5)}, **({"epochs": 1} | options))  # type: ignore[arg-type]  # wrong on purpose


def test_events_that_cannot_be_learnt_from_are_told(spec: InputSpec) -> None:
    with pytest.raises(DataError, match="there are none"):
        pretrain(DeepMLP(spec, 2), {"features": torch.zeros(0, 5)}, epochs=1)
    with pytest.raises(DataError, match="reconstruction loss of stage 0 became nan"):
        pretrain(DeepMLP(spec, 2), {"features": torch.full((9, 5), float("nan"))}, epochs=1)


QUICK = TrainConfig(epochs=2, batch_size=64, learning_rate=0.01, pretrain=2)
OPTIONS = {"depth": 2, "width": 6, "activation": "tanh"}


def weights_of(tagger: Tagger) -> list[Tensor]:
    assert isinstance(tagger.model, Net)
    return [p.detach() for p in tagger.model.parameters()]


def test_a_training_begins_with_it_and_logs_it(table: Events, tmp_path: Path) -> None:
    said: list[tuple[float, float]] = []
    tagger = train(
        "deep_mlp",
        table,
        None,
        QUICK,
        options=OPTIONS,
        folder=tmp_path,
        progress=lambda done, total, _: said.append((done, total)),
    )
    rows = tagger.training["pretraining"]
    assert [(row["stage"], row["epoch"]) for row in rows] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert (tmp_path / PRETRAINING).read_text().startswith("stage,epoch,reconstruction_loss,seconds\n")
    assert {total for _, total in said} == {6}, "four epochs of pre-training and two of training"
    done = [d for d, _ in said]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (1, 6)
    again = train("deep_mlp", table, None, QUICK, options=OPTIONS)
    without = train("deep_mlp", table, None, QUICK.model_copy(update={"pretrain": 0}), options=OPTIONS)
    assert all(torch.equal(a, b) for a, b in zip(weights_of(tagger), weights_of(again), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(weights_of(tagger), weights_of(without), strict=True))
    assert "pretraining" not in without.training


def test_a_resumed_training_does_not_repeat_it(table: Events, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(done: float, total: float, row: dict[str, float]) -> None:
        if done > 5:  # one epoch of training is finished
            raise Stop

    whole = train("deep_mlp", table, None, QUICK, options=OPTIONS)
    with pytest.raises(Stop):
        train("deep_mlp", table, None, QUICK, options=OPTIONS, folder=tmp_path, progress=stop)
    said: list[float] = []
    resumed = train(
        "deep_mlp", table, None, QUICK, options=OPTIONS, folder=tmp_path, progress=lambda done, *_: said.append(done)
    )
    assert said[0] > 5
    assert all(torch.equal(a, b) for a, b in zip(weights_of(whole), weights_of(resumed), strict=True))
    losses = [[row["reconstruction_loss"] for row in t.training["pretraining"]] for t in (whole, resumed)]
    assert losses[0] == losses[1]


def test_what_cannot_be_pre_trained_is_told_before_training(table: Events, jets: Events) -> None:
    with pytest.raises(ConfigError, match="pfn does not show its hidden layers"):
        train("pfn", jets, None, QUICK)
    assert "pretraining" not in train("bdt", table, None, QUICK, options={"trees": 2}).training  # as all of its kind
    tagger = train("deep_mlp", table, None, QUICK, options=OPTIONS)
    with pytest.raises(ConfigError, match="pretrain=2 would overwrite the features"):
        train("deep_mlp", table, None, QUICK, start=Start(tagger))
