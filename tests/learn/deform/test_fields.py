from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from kaon.learn.deform import affine, elastic, warp

BATCH, SIZE = 6, 11


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images() -> Tensor:
    return torch.rand(BATCH, 2, SIZE, SIZE, generator=random(), dtype=torch.float64)


def field(turn: float = 0.0, zoom: tuple[float, float] = (1.0, 1.0), move: tuple[float, float] = (0.0, 0.0)) -> Tensor:
    angles, factors, shifts = (torch.tensor([values] * BATCH, dtype=torch.float64) for values in (turn, zoom, move))
    return affine(angles, factors, shifts, SIZE, SIZE)


def test_nothing_displaces_nothing(images: Tensor) -> None:
    assert torch.equal(field(), torch.zeros(BATCH, 2, SIZE, SIZE, dtype=torch.float64))
    torch.testing.assert_close(warp(images, field()), images)


@pytest.mark.parametrize("quarters", [-1, 1, 2, 3])
@pytest.mark.parametrize("reflect", [False, True])
def test_a_quarter_turn_is_counter_clockwise(images: Tensor, quarters: int, reflect: bool) -> None:
    turned = warp(images, field(turn=quarters * math.pi / 2), reflect)
    torch.testing.assert_close(turned, images.rot90(quarters, (2, 3)))


@pytest.mark.parametrize(("across", "down"), [(3, 0), (0, -2), (-1, 4)])
def test_a_shift_by_whole_pixels_moves_them(images: Tensor, across: int, down: int) -> None:
    moved = warp(images, field(move=(across, down)))
    there = (slice(max(down, 0), SIZE + min(down, 0)), slice(max(across, 0), SIZE + min(across, 0)))
    here = (slice(max(-down, 0), SIZE + min(-down, 0)), slice(max(-across, 0), SIZE + min(-across, 0)))
    torch.testing.assert_close(moved[:, :, *there], images[:, :, *here])
    assert torch.count_nonzero(moved[0, 0]) == moved[0, 0][there].numel()


def test_a_zoom_is_about_the_centre_and_along_its_axis(images: Tensor) -> None:
    larger = field(zoom=(2.0, 1.0))
    middle = SIZE // 2
    assert (larger[:, :, :, middle] == 0).all()  # the middle column stays
    assert (larger[:, 1] == 0).all()  # nothing moves up or down
    seen = warp(images, larger)
    torch.testing.assert_close(seen[..., 1::2], images[..., middle - 2 : middle + 3])  # each second pixel is an old one
    torch.testing.assert_close(seen[..., 2:-1:2], (seen[..., 1:-2:2] + seen[..., 3::2]) / 2)


def test_zoom_and_turn_and_shift_come_in_this_order(images: Tensor) -> None:
    """Turned by a quarter, then stretched to double width, then moved by (1, 2)."""
    at_once = warp(images, field(math.pi / 2, (2.0, 1.0), (1.0, 2.0)))
    one_by_one = warp(warp(warp(images, field(math.pi / 2)), field(zoom=(2.0, 1.0))), field(move=(1.0, 2.0)))
    # One by one, what leaves the image on the way is lost.
    torch.testing.assert_close(at_once[:, :, 2:, 1:], one_by_one[:, :, 2:, 1:])


@pytest.mark.parametrize("reflect", [False, True])
def test_a_field_is_applied_as_scipy_does(images: Tensor, reflect: bool) -> None:
    shape = (BATCH, 2, SIZE, SIZE)
    moved = 6 * torch.rand(shape, generator=random(1), dtype=torch.float64) - 3
    seen = warp(images, moved, reflect)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    for i in range(BATCH):
        place = np.stack([rows + moved[i, 1].numpy(), columns + moved[i, 0].numpy()])
        mode = "mirror" if reflect else "grid-constant"
        wanted = [ndimage.map_coordinates(channel.numpy(), place, order=1, mode=mode) for channel in images[i]]
        np.testing.assert_allclose(seen[i].numpy(), np.stack(wanted), atol=1e-12)


def test_an_elastic_field_is_smoothed_noise_as_scipy_smooths_it() -> None:
    height, width, sigma = 9, 14, 2.5
    made = elastic(BATCH, height, width, alpha=3.0, sigma=sigma, generator=random(5), dtype=torch.float64)
    noise = torch.empty(2 * BATCH, height, width, dtype=torch.float64).uniform_(-3, 3, generator=random(5))
    wanted = ndimage.gaussian_filter(noise.numpy(), (0, sigma, sigma), mode="wrap", truncate=4)
    np.testing.assert_allclose(made.view(2 * BATCH, height, width).numpy(), wanted, atol=1e-12)


def test_an_elastic_field_is_centred_on_zero_and_equally_strong_everywhere() -> None:
    alpha, sigma, count = 34.0, 4.0, 4000
    made = elastic(count, 28, 28, alpha=alpha, sigma=sigma, generator=random())
    size = alpha / (2 * math.sqrt(3 * math.pi) * sigma)  # of uniform numbers under a Gaussian, see the docstring
    assert made.mean(0).abs().max() < 5 * size / math.sqrt(count)
    spread = made.std(0)
    assert (spread / size - 1).abs().max() < 6 / math.sqrt(2 * count)
    twice = elastic(count, 28, 28, alpha=2 * alpha, sigma=sigma, generator=random())
    torch.testing.assert_close(twice, 2 * made)


def test_a_wide_gaussian_moves_the_image_as_a_whole() -> None:
    made = elastic(BATCH, 8, 8, alpha=100.0, sigma=30.0, generator=random(), dtype=torch.float64)
    assert (made - made.mean((2, 3), keepdim=True)).abs().max() < 1e-3 * made.abs().max()


def test_fields_add_up() -> None:
    bent = torch.rand(BATCH, 2, SIZE, SIZE, generator=random(), dtype=torch.float64)
    parts = torch.full((BATCH,), 0.3, dtype=torch.float64), torch.full((BATCH, 2), 1.2, dtype=torch.float64)
    still = torch.zeros(BATCH, 2, dtype=torch.float64)
    together = affine(*parts, still, SIZE, SIZE, bent)
    torch.testing.assert_close(together, affine(*parts, still, SIZE, SIZE) + bent)


def test_an_image_of_one_pixel_survives() -> None:
    one = torch.ones(2, 1, 1, 1)
    still = torch.zeros(2), torch.ones(2, 2), torch.zeros(2, 2)
    assert torch.equal(warp(one, affine(*still, 1, 1)), one)
    assert torch.isfinite(warp(one, elastic(2, 1, 1, alpha=3.0, sigma=4.0, generator=random()))).all()
