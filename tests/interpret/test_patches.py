from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kaon.errors import ConfigError, DataError
from kaon.interpret.patches import top_patches

if TYPE_CHECKING:
    from .conftest import MakeNet, Stack


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("batch", [3, 64])
def test_they_are_those_that_a_search_finds(small: Stack, pictures: dict[str, Tensor], layer: int, batch: int) -> None:
    found = top_patches(small, pictures, layer=layer, count=4, batch=batch)
    with torch.no_grad():
        output = small.layers[: 1 + 3 * layer](pictures["image"])
    highest = output.flatten(2).amax(2)
    assert found.layer.number == layer
    for number in range(output.shape[1]):
        value, event = highest[:, number].sort(descending=True)
        np.testing.assert_allclose(found.value[number], value[:4].numpy(), rtol=1e-5)
        assert found.event[number].tolist() == event[:4].tolist()


def test_a_patch_alone_gives_the_same_answer(make_net: MakeNet, pictures: dict[str, Tensor]) -> None:
    first = nn.Conv2d(2, 4, 3)
    found = top_patches(make_net(first), pictures, count=5)
    assert found.pixels.shape == (4, 5, 2, 3, 3)
    answer = torch.stack([first(torch.from_numpy(some))[:, i, 0, 0] for i, some in enumerate(found.pixels)])
    np.testing.assert_allclose(answer.detach().numpy(), found.value, rtol=1e-5, atol=1e-6)
    for i, j in np.ndindex(4, 5):
        row, column = found.corner[i, j]
        whole = pictures["image"][found.event[i, j], :, row : row + 3, column : column + 3].numpy()
        np.testing.assert_array_equal(found.pixels[i, j], whole)


def test_beyond_the_border_there_is_nothing(make_net: MakeNet) -> None:
    corner = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    net = make_net(corner, shape=(1, 5, 5))
    with torch.no_grad():
        corner.weight.copy_(torch.tensor([[-1.0, -1, -1], [-1, 1, 1], [-1, 1, 1]]))
    image = torch.full((1, 1, 5, 5), 0.5)
    found = top_patches(net, {"image": image})
    assert found.corner.tolist() == [[[-1, -1]]]
    assert np.isnan(found.pixels[0, 0, 0, 0]).all()
    assert np.isnan(found.pixels[0, 0, 0, :, 0]).all()
    np.testing.assert_array_equal(found.pixels[0, 0, 0, 1:, 1:], 0.5)


def test_of_equal_ones_the_first_comes_first(make_net: MakeNet) -> None:
    net = make_net(nn.Conv2d(1, 2, 2), shape=(1, 4, 4))
    found = top_patches(net, {"image": torch.ones(7, 1, 4, 4)}, count=3, batch=2)
    assert found.event.tolist() == [[0, 1, 2], [0, 1, 2]]
    assert not found.corner.any()


def test_few_events_give_few_patches(small: Stack, pictures: dict[str, Tensor]) -> None:
    few = {"image": pictures["image"][:2]}
    assert top_patches(small, few).pixels.shape == (4, 2, 2, 3, 3)


def test_it_refuses_what_makes_no_sense(small: Stack, make_net: MakeNet, pictures: dict[str, Tensor]) -> None:
    with pytest.raises(ConfigError, match="count=0"):
        top_patches(small, pictures, count=0)
    layer = nn.Conv2d(2, 4, 3)
    broken = make_net(layer)
    nn.init.constant_(layer.weight, torch.inf)
    with pytest.raises(DataError, match="not finite"):
        top_patches(broken, pictures)
