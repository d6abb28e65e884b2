from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kaon.learn.deform import cutout, flip, shift

BATCH, HEIGHT, WIDTH = 12, 7, 9


@pytest.fixture
def images() -> Tensor:
    return torch.rand(BATCH, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0)) + 0.1


@pytest.mark.parametrize("axis", [-1, -2])
def test_mirrored_twice_is_not_mirrored(images: Tensor, axis: int) -> None:
    chosen = torch.arange(BATCH) % 3 == 0
    once = flip(images, chosen, axis)
    assert torch.equal(flip(once, chosen, axis), images)
    assert torch.equal(once[~chosen], images[~chosen])
    assert torch.equal(once[chosen], images[chosen].flip(axis))


@pytest.mark.parametrize("reflect", [False, True])
def test_every_shift_is_that_of_one_image_by_itself(images: Tensor, reflect: bool) -> None:
    reach = 4
    rows = torch.arange(BATCH) % 9 - reach
    columns = (5 * torch.arange(BATCH)) % 9 - reach
    moved = shift(images, rows, columns, reach, reflect)
    assert moved.shape == images.shape
    for i in range(BATCH):  # as one would write it for a single image: from where does each pixel come?
        for y in range(HEIGHT):
            for x in range(WIDTH):
                from_y, from_x = y - int(rows[i]), x - int(columns[i])
                if reflect:
                    from_y, from_x = _mirrored(from_y, HEIGHT), _mirrored(from_x, WIDTH)
                inside = 0 <= from_y < HEIGHT and 0 <= from_x < WIDTH
                wanted = images[i, :, from_y, from_x] if inside else torch.zeros(3)
                assert torch.equal(moved[i, :, y, x], wanted)


def _mirrored(place: int, size: int) -> int:
    return -place if place < 0 else 2 * (size - 1) - place if place >= size else place


def test_a_shift_back_restores_what_was_not_pushed_out(images: Tensor) -> None:
    rows, columns = torch.full((BATCH,), 2), torch.full((BATCH,), -1)
    back = shift(shift(images, rows, columns, 2), -rows, -columns, 2)
    assert torch.equal(back[:, :, :-2, 1:], images[:, :, :-2, 1:])
    assert (back[:, :, -2:] == 0).all()
    assert (back[..., :1] == 0).all()


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_a_cutout_covers_a_square_and_nothing_else(images: Tensor, size: int) -> None:
    rows, columns = torch.full((BATCH,), 3), torch.full((BATCH,), 4)
    cut = cutout(images, size, rows, columns, fill=-1.0)
    covered = (cut == -1).all(1)
    assert (covered.sum((1, 2)) == size**2).all()
    assert covered[:, 3, 4].all()
    assert torch.equal(cut[(cut != -1)], images[cut != -1])


def test_a_cutout_at_a_corner_covers_the_part_that_is_inside(images: Tensor) -> None:
    cut = cutout(images, 3, torch.zeros(BATCH, dtype=torch.int64), torch.full((BATCH,), WIDTH - 1))
    assert (cut[:, :, :2, -2:] == 0).all()
    assert ((cut == 0).sum((1, 2, 3)) == 3 * 4).all()
