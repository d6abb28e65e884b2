from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.interpret.convolutions import ReceptiveField, Watch, activations, convolutions, layer_number, receptive_field
from kaon.models.base import Net

if TYPE_CHECKING:
    from .conftest import MakeNet, Stack

ZEROS = {"image": torch.zeros(1, 2, 12, 14)}

STACKS = {
    "valid": [(3, 1, 0, 1), (3, 1, 0, 1)],
    "same": [(3, 1, 1, 1), (5, 1, 2, 1), (3, 1, 1, 1)],
    "strides": [(3, 2, 1, 1), (4, 2, 1, 1)],
    "dilated": [(3, 1, 2, 2), (3, 2, 1, 1)],
    "points": [(1, 1, 0, 1), (1, 3, 0, 1)],
    "wide": [(7, 1, 3, 1), (9, 1, 4, 1)],
}
"""(kernel, stride, padding, dilation) of each layer."""


def expected(layers: list[tuple[int, int, int, int]], pixels: int, places: int) -> NDArray[np.int64]:
    """First pixel and one after the last: the pixels are followed back through the layers, one set a place."""
    seen = [{place} for place in range(places)]
    sizes = list(accumulate(layers, lambda n, k: (n + 2 * k[2] - k[3] * (k[0] - 1) - 1) // k[1] + 1, initial=pixels))
    for (kernel, stride, padding, dilation), size in zip(layers[::-1], sizes[-2::-1], strict=True):
        back = [{stride * at - padding + dilation * k for at in some for k in range(kernel)} for some in seen]
        seen = [{at for at in some if 0 <= at < size} for some in back]
    return np.array([(min(some), max(some) + 1) for some in seen])


@pytest.mark.parametrize("name", STACKS)
def test_receptive_fields_follow_from_kernels_strides_and_padding(make_net: MakeNet, name: str) -> None:
    layers = STACKS[name]
    made = [nn.Conv2d(2 + i, 3 + i, k, s, p, d) for i, (k, s, p, d) in enumerate(layers)]
    net = make_net(*made)
    for number, layer in enumerate(convolutions(net, ZEROS)):
        field = receptive_field(net, ZEROS, number)
        above = layers[: number + 1]
        np.testing.assert_array_equal(field.rows, expected(above, 12, layer.output[0]))
        np.testing.assert_array_equal(field.columns, expected(above, 14, layer.output[1]))
        # Araujo, Norris, Sim, Distill 2019, https://doi.org/10.23915/distill.00021
        jumps = accumulate((stride for _, stride, _, _ in above[:-1]), lambda a, b: a * b, initial=1)
        size = 1 + sum((k - 1) * d * jump for (k, _, _, d), jump in zip(above, jumps, strict=True))
        if size <= 8:
            assert field.size == (size, size), "at least one place sees it whole"


def test_pooling_counts_like_a_convolution(make_net: MakeNet) -> None:
    net = make_net(nn.Conv2d(2, 3, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(3, 3, 3, padding=1))
    field = receptive_field(net, ZEROS, -1)
    assert field.size == (8, 8)
    np.testing.assert_array_equal(field.rows, expected([(3, 1, 1, 1), (2, 2, 0, 1), (3, 1, 1, 1)], 12, 6))


def test_nothing_outside_has_an_effect_and_the_corners_do(small: Stack) -> None:
    field = receptive_field(small, ZEROS, 1)
    random = torch.Generator().manual_seed(0)
    image = torch.rand(1, 2, 12, 14, generator=random)
    whole = activations(small, {"image": image}, 1)
    for row, column in ((0, 0), (2, 3), (5, 6)):
        inside = torch.zeros(12, 14, dtype=torch.bool)
        inside[slice(*field.rows[row]), slice(*field.columns[column])] = True
        other = torch.where(inside, image, torch.rand(image.shape, generator=random))
        changed = activations(small, {"image": other}, 1)
        assert torch.equal(changed[..., row, column], whole[..., row, column])
        assert not torch.equal(changed, whole)
    for corner in (field.rows[2, 0], field.columns[3, 0]), (field.rows[2, 1] - 1, field.columns[3, 1] - 1):
        lit = torch.full_like(image, 0.5)
        lit[..., corner[0], corner[1]] = 50.0
        dark = torch.full_like(image, 0.5)
        dark[..., corner[0], corner[1]] = -50.0
        differs = activations(small, {"image": lit}, 1) != activations(small, {"image": dark}, 1)
        assert bool(differs[0, :, 2, 3].any())


class Shortcut(Net):
    """A convolution, and around it a path that sees less."""

    def __init__(self) -> None:
        super().__init__(InputSpec((Input("image", (1, 9, 9)),)), 2)
        self.one, self.two = (nn.Conv2d(1, 1, 3, padding=1) for _ in range(2))
        self.head = nn.Linear(81, 2)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        x = inputs["image"]
        logits: Tensor = self.head(self.two(x + torch.relu(self.one(x))).flatten(1))
        return logits


def test_all_paths_of_a_shortcut_count() -> None:
    zeros = {"image": torch.zeros(1, 1, 9, 9)}
    assert receptive_field(Shortcut(), zeros, 0).size == (3, 3)
    assert receptive_field(Shortcut(), zeros, 1).size == (5, 5)


def test_corners_are_where_whole_fields_begin() -> None:
    ends = np.array([[0, 2], [0, 3], [1, 4], [2, 4]])
    field = ReceptiveField(ends, ends)
    assert field.size == (3, 3)
    places = np.array([[0, 1], [2, 3], [3, 0]])
    assert field.corner(places).tolist() == [[-1, 0], [1, 2], [2, -1]]
    assert field.corner(places[0]).tolist() == [-1, 0]


def test_the_order_of_convolutions_is_that_of_the_forward_pass(small: Stack, make_net: MakeNet) -> None:
    first, second = convolutions(small.train(), ZEROS)
    assert (first.number, first.filters, first.kernel, first.output) == (0, 4, (3, 3), (12, 14))
    assert (second.number, second.filters, second.output) == (1, 5, (6, 7))
    assert small.training
    assert layer_number(small, ZEROS, -1) == second
    with pytest.raises(ConfigError, match="0 to 1"):
        layer_number(small, ZEROS, 2)
    with pytest.raises(ConfigError, match=r"no convolution.*cnn"):
        convolutions(make_net(nn.Flatten(), nn.Linear(336, 3)), ZEROS)


def test_activations_are_the_output_of_the_layer(small: Stack, pictures: dict[str, Tensor]) -> None:
    assert torch.equal(activations(small, pictures, 1), small.layers[:4](pictures["image"]))
    with Watch() as watch:
        small(pictures)
    assert watch.first is small.layers[0].weight
