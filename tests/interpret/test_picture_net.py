"""What every look into a network starts from; and all of them on every registered model of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kaon.data import Batch, Input, InputSpec
from kaon.errors import ConfigError, DataError, MissingExtra
from kaon.interpret import first_filters, integrated_gradients, occlusion, saliency, top_patches
from kaon.interpret.picture_net import chosen, image_net, image_tensors, scores, still, tensors
from kaon.registry import lookup, origin, variants

if TYPE_CHECKING:
    from .conftest import MakeNet, Stack

MODELS = variants("kaon.models")
IMAGES = sorted(name for name, made in MODELS.items() if "pictures" in origin(made).representations)
SIDE = 33


@pytest.mark.parametrize("model", IMAGES)
def test_every_model_of_images_can_be_looked_into(model: str, device: str) -> None:
    torch.manual_seed(0)
    try:
        net = MODELS[model](InputSpec((Input("image", (1, SIDE, SIDE)),)), 3).to(device)
    except MissingExtra as error:
        pytest.skip(str(error))
    inputs = {"image": torch.rand(3, 1, SIDE, SIDE)}
    inputs["image"][2] = 0  # nothing to be seen
    state = {name: value.clone() for name, value in net.state_dict().items()}
    found: list[Any] = [first_filters(net).weights, saliency(net, inputs).maps]
    found += [occlusion(net, inputs, size=20, stride=20).maps, integrated_gradients(net, inputs, steps=4).maps]
    assert [a.shape[-2:] for a in found[1:]] == 3 * [(SIDE, SIDE)]
    if first_filters(net).kind == "dense":
        with pytest.raises(ConfigError, match="no convolution"):
            top_patches(net, inputs)
    else:
        patches = top_patches(net, inputs)
        found += [patches.value, np.nan_to_num(patches.pixels)]
        assert patches.value.shape == (len(found[0]), 3)
    assert all(np.isfinite(values).all() for values in found)
    assert net.training
    assert all(p.grad is None for p in net.parameters())
    assert all(torch.equal(state[name], value) for name, value in net.state_dict().items())


def test_what_reads_no_image_says_so() -> None:
    mlp = lookup("kaon.models", "mlp")(InputSpec((Input("features", (4,)),)), 2)
    with pytest.raises(ConfigError, match=r"features and no image.*pictures"):
        image_net(mlp)
    with pytest.raises(ConfigError, match="no network"):
        image_net(object())


@pytest.mark.parametrize(
    "image",
    [torch.zeros(3, 2, 12, 13), torch.zeros(0, 2, 12, 14), torch.full((1, 2, 12, 14), torch.nan)],
    ids=["shape", "none", "nan"],
)
def test_other_images_are_refused(small: Stack, image: Tensor) -> None:
    with pytest.raises(DataError):
        image_tensors(small, {"image": image})
    with pytest.raises(DataError, match="missing"):
        image_tensors(small, {})


def test_inputs_come_where_the_network_is_without_a_history(small: Stack) -> None:
    given = torch.rand(2, 2, 12, 14, dtype=torch.float64, requires_grad=True)
    (image,) = image_tensors(small, {"image": given}).values()
    assert image.dtype == torch.float32
    assert not image.requires_grad
    batch = Batch({"image": np.ones((2, 2, 12, 14), np.float32)})
    assert torch.equal(tensors(batch, small)["image"], torch.ones(2, 2, 12, 14))


def test_a_network_is_still_only_for_a_while(make_net: MakeNet) -> None:
    net = make_net(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)).train()
    net.layers[1].eval()
    before = [module.training for module in net.modules()]
    with still(net):
        assert not any(module.training for module in net.modules())
    assert [module.training for module in net.modules()] == before


def test_scores_are_logits_or_probabilities(small: Stack, pictures: dict[str, Tensor]) -> None:
    logits = small(pictures)
    assert torch.equal(scores(small)(pictures["image"]), logits)
    torch.testing.assert_close(scores(small, "probability")(pictures["image"]), logits.softmax(1))
    with pytest.raises(ConfigError, match="logit or probability"):
        scores(small, "score")  # type: ignore[arg-type]


def test_classes_are_those_given_or_predicted(small: Stack, pictures: dict[str, Tensor]) -> None:
    assert torch.equal(chosen(small, pictures, None, batch=7), small(pictures).argmax(1))
    assert chosen(small, pictures, 2).tolist() == 20 * [2]
    given = np.arange(20) % 3
    assert chosen(small, pictures, given).tolist() == given.tolist()
    assert chosen(small, pictures, torch.from_numpy(given)).tolist() == given.tolist()
    for wrong in (3, -1, [0, 1], 0.5):
        with pytest.raises(DataError):
            chosen(small, pictures, wrong)
