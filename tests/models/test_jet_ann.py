from __future__ import annotations

import pytest
import torch

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.models.jet_ann import JetImageDense, Maxout
from kaon.registry import lookup


def spec(*shape: int) -> InputSpec:
    return InputSpec((Input("image", shape, scale=(2.0,) * shape[-1]),))


def test_parameters_counted_by_hand() -> None:
    first, second = 625 * 256 * 5 + 256 * 5, 256 * 128 * 5 + 128 * 5
    dense = 128 * 64 + 64 + 64 * 25 + 25
    assert first + second + dense + 25 * 2 + 2 == 975_693
    assert lookup("kaon.models", "jet_ann")(spec(1, 25, 25), 2).parameter_count == 975_693
    two = 625 * 100 + 100 + 100 * 100 + 100 + 100 * 2 + 2
    assert lookup("kaon.models", "jet_ann_dense")(spec(1, 25, 25), 2).parameter_count == two == 72_902


def test_a_maxout_unit_is_the_largest_of_its_linear_functions() -> None:
    torch.manual_seed(0)
    layer = Maxout(7, 4, 3)
    x = torch.randn(6, 7)
    weight, bias = layer.linear.weight.view(3, 4, 7), layer.linear.bias.view(3, 4)
    expected = torch.stack([x @ w.T + b for w, b in zip(weight, bias, strict=True)]).max(0).values
    torch.testing.assert_close(layer(x), expected)
    a, b = torch.randn(2, 50, 7)  # the largest of linear functions is convex
    assert (layer((a + b) / 2) <= (layer(a) + layer(b)) / 2 + 1e-6).all()


def test_one_piece_is_linear() -> None:
    layer = Maxout(7, 4, 1)
    x = torch.randn(6, 7)
    torch.testing.assert_close(layer(x), layer.linear(x))


def test_it_does_not_know_which_pixels_are_neighbours() -> None:
    torch.manual_seed(0)
    net = JetImageDense(spec(2, 6, 5), 3, maxout=(8,), hidden=(4,)).eval()
    order = torch.randperm(60)
    shuffled = JetImageDense(spec(2, 6, 5), 3, maxout=(8,), hidden=(4,)).eval()
    shuffled.load_state_dict(net.state_dict())
    first = shuffled.body[0]
    assert isinstance(first, Maxout)
    first.linear.weight.data = first.linear.weight.data[:, order]
    image = torch.rand(4, 2, 6, 5)
    moved = image.flatten(1)[:, order].view_as(image)
    torch.testing.assert_close(shuffled({"image": moved}), net({"image": image}), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("options", [{"maxout": (), "hidden": ()}, {"maxout": (0,)}, {"hidden": (4, 0)}, {"pieces": 0}])
def test_layers_that_are_none_are_told(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="at least one hidden layer"):
        JetImageDense(spec(1, 5, 5), 2, **options)  # type: ignore[arg-type]  # mixed options
