from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kaon.errors import ConfigError
from kaon.interpret.gradients import integrated_gradients, saliency

if TYPE_CHECKING:
    from .conftest import MakeNet, Stack

pytest.importorskip("captum")


def test_saliency_is_the_slope_of_the_score(make_net: MakeNet, pictures: dict[str, Tensor]) -> None:
    net = make_net(nn.Conv2d(2, 4, 3), nn.Softplus())
    found = saliency(net, pictures, classes=1, batch=7)
    image, step = pictures["image"], 1e-2
    for place in ((0, 0, 3, 4), (11, 1, 6, 13), (19, 0, 0, 0)):
        event, *pixel = place
        ends = [image[event].clone() for _ in range(2)]
        ends[0][tuple(pixel)] += step
        ends[1][tuple(pixel)] -= step
        with torch.no_grad():
            up, down = net({"image": torch.stack(ends)})[:, 1]
        assert found.maps[place] == pytest.approx(float(up - down) / (2 * step), rel=1e-2, abs=1e-5)


def test_the_mean_over_noise_of_a_linear_score_is_its_slope(make_net: MakeNet, pictures: dict[str, Tensor]) -> None:
    net = make_net(nn.Conv2d(2, 4, 3))
    plain = saliency(net, pictures, classes=0)
    np.testing.assert_allclose(saliency(net, pictures, classes=0, noise=0.3).maps, plain.maps, atol=1e-7)


def test_noise_has_a_seed_of_its_own(small: Stack, pictures: dict[str, Tensor]) -> None:
    one, same = (saliency(small, pictures, noise=0.2, samples=3, seed=5).maps for _ in range(2))
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    other = saliency(small, pictures, noise=0.2, samples=3, seed=6).maps
    assert torch.equal(torch.rand(1), expected), "PyTorch's own random numbers are left alone"
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@pytest.mark.parametrize("of", ["logit", "probability"])
@pytest.mark.parametrize("baseline", [0.0, 0.4])
def test_shares_sum_to_the_difference_of_the_scores(
    make_net: MakeNet, pictures: dict[str, Tensor], of: Any, baseline: float
) -> None:
    net = make_net(nn.Conv2d(2, 4, 3), nn.Tanh(), nn.Conv2d(4, 3, 3))
    found = integrated_gradients(net, pictures, of=of, baseline=baseline, steps=16, classes=2, batch=40)
    with torch.no_grad():
        ends = [net({"image": x}) for x in (pictures["image"], torch.full((1, 2, 12, 14), baseline))]
        full, empty = (x if of == "logit" else x.softmax(1) for x in ends)
    np.testing.assert_allclose(found.maps.sum((1, 2, 3)), (full - empty)[:, 2].numpy(), atol=1e-5)
    assert np.abs(found.gap).max() < 1e-5


def test_more_steps_close_the_gap_of_kinks(small: Stack, pictures: dict[str, Tensor]) -> None:
    gaps = [np.abs(integrated_gradients(small, pictures, baseline=0.5, steps=n).gap).mean() for n in (4, 64)]
    assert gaps[1] < 0.3 * gaps[0]


def test_a_pixel_at_the_baseline_has_no_share(small: Stack, pictures: dict[str, Tensor]) -> None:
    image = pictures["image"].clone()
    image[:, 1] = 0
    found = integrated_gradients(small, {"image": image}, steps=8)
    assert not found.maps[:, 1].any()
    assert found.classes.tolist() == small({"image": image}).argmax(1).tolist()


@pytest.mark.parametrize("options", [{"noise": -0.1}, {"samples": 0}, {"batch": 0}, {"of": "score"}])
def test_saliency_refuses_what_makes_no_sense(
    small: Stack, pictures: dict[str, Tensor], options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError):
        saliency(small, pictures, **options)


@pytest.mark.parametrize("options", [{"baseline": np.inf}, {"steps": 0}, {"batch": 0}])
def test_a_path_refuses_what_makes_no_sense(small: Stack, pictures: dict[str, Tensor], options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        integrated_gradients(small, pictures, **options)
