from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.learn.config import TrainConfig
from kaon.learn.fit import fit_net
from kaon.learn.supervised import weighted_cross_entropy
from kaon.models.base import Net
from kaon.models.mlp import MLP


def test_unit_weights_give_the_plain_cross_entropy() -> None:
    logits, target = torch.randn(50, 3), torch.randint(0, 3, (50,))
    ours = weighted_cross_entropy(logits, target, torch.ones(50), 0.1)
    assert torch.allclose(ours, F.cross_entropy(logits, target, label_smoothing=0.1))


def test_a_weight_of_two_is_the_event_twice_over_half_the_events() -> None:
    logits, target = torch.randn(10, 2), torch.randint(0, 2, (10,))
    twice = weighted_cross_entropy(logits.repeat(2, 1), target.repeat(2), torch.ones(20))
    assert torch.allclose(weighted_cross_entropy(logits, target, torch.full((10,), 2.0)), 2 * twice)


def test_a_negative_event_cancels_its_twin() -> None:
    logits, target = torch.randn(1, 2).repeat(2, 1), torch.zeros(2, dtype=torch.int64)
    assert weighted_cross_entropy(logits, target, torch.tensor([1.0, -1.0])) == 0


def test_half_precision_logits_are_summed_in_float32() -> None:
    loss = weighted_cross_entropy(torch.randn(4, 2).bfloat16(), torch.zeros(4, dtype=torch.int64), torch.ones(4))
    assert loss.dtype == torch.float32


class Watcher(Net):
    """Linear in the pixels; keeps every image that it is shown."""

    representations: ClassVar[tuple[str, ...]] = ("images", "pictures")

    def __init__(self, spec: InputSpec, outputs: int) -> None:
        super().__init__(spec, outputs)
        self.head = nn.Linear(64, outputs)
        self.seen: dict[bool, list[Tensor]] = {True: [], False: []}

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        self.seen[self.training].append(inputs["image"].detach().clone())
        logits: Tensor = self.head(inputs["image"].flatten(1))
        return logits


SPEC = InputSpec((Input("image", (1, 8, 8), shift=(0.25,) * 8, scale=(1.0,) * 8),))
DEFORM = {"crop": 2, "flip": 0.5, "rotate": 20, "elastic": 5, "cutout": 3}


def watched(folder: Path, deform: dict[str, float], stop_at: float = np.inf, **settings: object) -> Watcher:
    """120 images in mini-batches of 50, three epochs; Ctrl-C after `stop_at` of them."""
    torch.manual_seed(0)
    net = Watcher(SPEC, 3)
    random = torch.Generator().manual_seed(0)
    image, target = torch.rand(120, 1, 8, 8, generator=random), torch.arange(120) % 3
    sample = {"image": image}, target, torch.ones(120)
    config = TrainConfig.model_validate({"epochs": 3, "batch_size": 50, "deform": deform, **settings})

    def progress(done: float, _: float, __: dict[str, float]) -> None:
        if done > stop_at:
            raise KeyboardInterrupt

    fit_net(net, sample, sample, config, folder, progress)
    return net


def test_each_epoch_trains_on_images_of_its_own_and_validates_on_those_that_are_there(tmp_path: Path) -> None:
    plain, deformed = watched(tmp_path / "a", {}), watched(tmp_path / "b", DEFORM)
    assert all(map(torch.equal, plain.seen[False], deformed.seen[False]))
    assert not any(map(torch.equal, plain.seen[True], deformed.seen[True]))
    mirrored = watched(tmp_path / "c", {"flip": 1})
    assert all(torch.equal(a.flip(-1), b) for a, b in zip(plain.seen[True], mirrored.seen[True], strict=True))
    shifted = watched(tmp_path / "d", {"crop": 2}).seen[True]
    sums = [torch.cat(shifted[i : i + 3]).sum((1, 2, 3)).sort().values for i in (0, 3, 6)]
    assert not torch.equal(sums[0], sums[1])
    assert not torch.equal(sums[1], sums[2])


def test_a_cutout_is_what_the_network_takes_for_nothing(tmp_path: Path) -> None:
    seen = torch.cat(watched(tmp_path, {"cutout": 3}).seen[True])
    assert ((seen == 0.25).sum((1, 2, 3)) >= 4).all()


def test_deformations_follow_from_the_seed_and_not_from_when_the_training_was_stopped(tmp_path: Path) -> None:
    whole, again = watched(tmp_path / "a", DEFORM), watched(tmp_path / "b", DEFORM)
    assert all(map(torch.equal, whole.seen[True], again.seen[True]))
    other = watched(tmp_path / "c", DEFORM, seed=1)
    assert not any(map(torch.equal, whole.seen[True], other.seen[True]))
    with pytest.raises(KeyboardInterrupt):
        watched(tmp_path / "d", DEFORM, stop_at=1.5)
    resumed = watched(tmp_path / "d", DEFORM)
    assert len(resumed.seen[True]) == 6  # the last two epochs
    assert all(map(torch.equal, whole.seen[True][3:], resumed.seen[True]))
    assert all(map(torch.equal, whole.state_dict().values(), resumed.state_dict().values()))


def test_networks_that_read_no_images_are_told(tmp_path: Path) -> None:
    spec = InputSpec((Input("features", (5,)),))
    sample = {"features": torch.zeros(4, 5)}, torch.arange(4) % 2, torch.ones(4)
    with pytest.raises(ConfigError, match=r"deform=flip=0\.5: .* inputs of this one are features"):
        fit_net(MLP(spec, 2), sample, sample, TrainConfig(deform={"flip": 0.5}), tmp_path)


def test_the_accuracy_of_an_epoch_is_weighted_like_its_loss(tmp_path: Path) -> None:
    net = Watcher(SPEC, 3)
    random = torch.Generator().manual_seed(1)
    image, target = torch.rand(90, 1, 8, 8, generator=random), torch.arange(90) % 3
    weight = 0.5 + torch.rand(90, generator=random)
    rows = fit_net(
        net, ({"image": image}, target, weight), ({"image": image}, target, weight), TrainConfig(epochs=1), tmp_path
    )
    with torch.inference_mode():
        right = net({"image": image}).argmax(1) == target
    assert rows[-1]["validation_accuracy"] == pytest.approx(float((weight * right).sum() / weight.sum()), rel=1e-5)
    assert "validation_auc" not in rows[-1]
