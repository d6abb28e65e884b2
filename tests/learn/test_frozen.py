from __future__ import annotations

import time
from typing import Any

import awkward as ak
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kaon.data import Events, Input, InputSpec
from kaon.layers.dense import two_logits
from kaon.learn.config import TrainConfig
from kaon.learn.fit import fit_net
from kaon.learn.frozen import HeadOnly, frozen, head_features
from kaon.learn.tensors import Sample
from kaon.learn.train import train
from kaon.learn.transfer import Start
from kaon.models.base import Net

HEAD = {"head.weight", "head.bias"}
SPEC = InputSpec((Input("x", (3, 8, 8)),))


class Small(Net):
    """Convolution, batch normalisation and dropout below a head."""

    representations = ()

    def __init__(self, outputs: int = 3, *, beside: bool = False, one: bool = False) -> None:
        super().__init__(SPEC, outputs)
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(288, 6)
        )
        self.head = nn.Linear(6, 1 if one else outputs)
        self.beside, self.one = beside, one

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        logits: Tensor = self.head(self.body(inputs["x"]))
        if self.beside:
            logits = logits + inputs["x"].mean((1, 2, 3))[:, None]
        return two_logits(logits) if self.one else logits


def sample(events: int, outputs: int = 3, seed: int = 0) -> Sample:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(events, 3, 8, 8, generator=generator)
    return {"x": x}, (x.mean((1, 2, 3)) * 20).long().abs() % outputs, torch.ones(events)


def trained(net: Net, cached: bool, tmp_path: Any, config: TrainConfig, events: int = 200) -> tuple[Net, Any]:
    torch.manual_seed(0)
    held = sample(80, net.outputs, 1)
    with frozen(net, HEAD, sample(events, net.outputs), held, config, cached=cached) as (small, rows, validation):
        log = fit_net(small, rows, validation, config, tmp_path)
    return small, log


@pytest.mark.parametrize("one", [False, True])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_cached_features_give_what_uncached_ones_give(one: bool, precision: Any, tmp_path: Any) -> None:
    config = TrainConfig(epochs=4, batch_size=32, learning_rate=0.03, precision=precision, device="cpu")
    ends, logs = [], []
    for cached in (True, False):
        torch.manual_seed(3)
        net = Small(2 if one else 3, one=one)
        before = {name: value.clone() for name, value in net.state_dict().items()}
        small, log = trained(net, cached, tmp_path / str(cached), config)
        assert list(small.spec.names) == (["features"] if cached else ["x"])
        after = net.state_dict()
        assert all(torch.equal(after[n], before[n]) for n in before if n not in HEAD)
        assert not torch.equal(after["head.weight"], before["head.weight"])
        assert all(value.requires_grad for value in net.parameters())
        ends.append(after["head.weight"])
        logs.append([row["validation_loss"] for row in log])
    tight = 1e-5 if precision == "float32" else 2e-2
    torch.testing.assert_close(ends[0], ends[1], rtol=tight, atol=tight)
    np.testing.assert_allclose(logs[0], logs[1], rtol=tight)


def test_weight_averaging_leaves_the_frozen_statistics_alone(tmp_path: Any) -> None:
    net = Small()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    trained(net, False, tmp_path, TrainConfig(epochs=2, batch_size=32, swa=0.5, device="cpu"))
    assert all(torch.equal(v, before[n]) for n, v in net.state_dict().items() if n not in HEAD)


def test_a_head_beside_another_path_is_trained_without_a_cache(tmp_path: Any) -> None:
    net = Small(beside=True)
    assert head_features(net, HEAD, sample(20)[0]) is None
    small, _ = trained(net, True, tmp_path, TrainConfig(epochs=1, batch_size=32, device="cpu"))
    assert small.spec.names == ["x"]


def test_parameters_of_two_modules_are_one_head() -> None:
    net = Small()
    assert head_features(net, {*HEAD, "body.5.weight", "body.5.bias"}, sample(20)[0]) is None
    only = HeadOnly(net, {"body.5.weight", "head.bias"})
    assert [p.shape for p in only.parameters()] == [(6, 288), (3,)]
    assert not any(isinstance(module, nn.BatchNorm2d) for module in only.modules())


def test_features_are_those_of_evaluation_whatever_the_batch() -> None:
    net = Small().train()
    inputs = sample(600)[0]
    found = head_features(net, HEAD, inputs)
    assert found is not None
    with torch.no_grad():
        torch.testing.assert_close(found[0], net.eval().body(inputs["x"]))
        torch.testing.assert_close(found[2](found[1](found[0])), net(inputs))


def test_the_head_alone_is_much_quicker_than_the_network() -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (300, 1, 24, 24), np.uint8)
    events = Events(ak.Array({"image": pixels}), random.integers(0, 2, 300), None, np.arange(300), ("a", "b"))
    config = TrainConfig(epochs=5, batch_size=64)
    spent = []
    tagger = train("cnn", events.take(slice(100)), None, TrainConfig(epochs=1), options={"filters": [32, 32]})
    for freeze in ("features", "none"):
        begun = time.process_time()
        train("cnn", events, None, config, start=Start(tagger, freeze))
        spent.append(time.process_time() - begun)
    assert spent[0] < 0.4 * spent[1]
