from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from kaon.data import Input, InputSpec
from kaon.errors import ConfigError
from kaon.learn.deform import Deformations, affine, elastic, warp

EVERYTHING = {"flip": 0.5, "crop": 3, "rotate": 20, "scale": 0.2, "elastic": 20, "cutout": 4}


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images() -> Tensor:
    return torch.rand(300, 3, 12, 12, generator=random(9)) + 0.01


def test_without_strengths_nothing_changes(images: Tensor) -> None:
    for settings in ({}, {"elastic_sigma": 2.0, "reflect": 1}, dict.fromkeys(EVERYTHING, 0)):
        still = Deformations.of(settings)
        assert not still.active
        assert torch.equal(still(images, random()), images)


@pytest.mark.parametrize("reflect", [0, 1])
def test_the_same_generator_gives_the_same_and_another_one_does_not(images: Tensor, reflect: int) -> None:
    deform = Deformations.of(EVERYTHING | {"reflect": reflect})
    before = images.clone()
    once = deform(images, random(1))
    assert once.shape == images.shape
    assert once.dtype == images.dtype
    assert torch.equal(once, deform(images, random(1)))
    assert not torch.equal(once, deform(images, random(2)))
    assert torch.equal(images, before)


def test_mirrors_and_shifts_leave_pixels_as_they_are(images: Tensor) -> None:
    seen = Deformations.of({"flip": 0.5, "flip_vertical": 0.5, "crop": 3})(images, random())
    assert torch.isin(seen[seen > 0], images).all()
    mirrored = Deformations.of({"flip": 1, "flip_vertical": 1})(images, random())
    assert torch.equal(mirrored, images.flip(-1, -2))


@pytest.mark.parametrize(("name", "axis"), [("flip", -1), ("flip_vertical", -2)])
def test_the_share_of_mirrored_images_is_their_probability(name: str, axis: int) -> None:
    ramp = torch.arange(4.0).expand(20_000, 1, 4, 4)
    ramp = ramp if axis == -1 else ramp.transpose(2, 3)
    seen = Deformations.of({name: 0.3})(ramp, random())
    share = (seen[:, 0, 0, 0] == 3).double().mean()
    assert abs(float(share) - 0.3) < 4 * math.sqrt(0.3 * 0.7 / 20_000)


def test_all_shifts_are_equally_likely() -> None:
    dot = torch.zeros(20_000, 1, 9, 9)
    dot[:, :, 4, 4] = 1
    places = Deformations.of({"crop": 2})(dot, random()).mean((0, 1))
    assert places[2:7, 2:7].sum() == pytest.approx(1, abs=1e-4)
    assert (places[2:7, 2:7] - 1 / 25).abs().max() < 5 * math.sqrt(1 / 25 / 20_000)


def test_a_shift_is_the_same_with_and_without_interpolation(images: Tensor) -> None:
    """The shifts are drawn first, so a hardly noticeable turn leaves them as they were."""
    exact = Deformations.of({"crop": 3})(images, random(3))
    torch.testing.assert_close(
        Deformations.of({"crop": 3, "rotate": 1e-6})(images, random(3)), exact, atol=1e-3, rtol=0
    )


def test_angles_and_factors_are_within_their_ranges() -> None:
    """A dot on the x axis tells both: by the angle of where it goes, and by how far."""
    size, far = 65, 20
    dot = torch.zeros(1000, 1, size, size)
    dot[:, :, size // 2 - 1 : size // 2 + 2, size // 2 + far - 1 : size // 2 + far + 2] = 1
    place = torch.arange(size) - size // 2

    def centre(settings: dict[str, float]) -> tuple[Tensor, Tensor]:
        seen = Deformations.of(settings)(dot, random())[:, 0]
        return (seen * place).sum((1, 2)) / seen.sum((1, 2)), -(seen * place[:, None]).sum((1, 2)) / seen.sum((1, 2))

    x, y = centre({"rotate": 30})
    angle = torch.rad2deg(torch.atan2(y, x))
    assert angle.abs().max() < 30.3
    assert angle.min() < -29
    assert angle.max() > 29
    assert abs(float(angle.mean())) < 4 * 30 / math.sqrt(3 * 1000)
    torch.testing.assert_close(torch.hypot(x, y), torch.full_like(x, far), rtol=0.01, atol=0)
    x, y = centre({"scale": 0.25})
    assert y.abs().max() < 0.01
    assert x.min() >= 0.74 * far
    assert x.min() < 0.76 * far
    assert x.max() <= 1.26 * far
    assert x.max() > 1.24 * far


def test_everything_at_once_is_interpolated_once() -> None:
    """Displacements of a smooth picture are found again by adding up the fields that were drawn."""
    deform = Deformations.of({"rotate": 10, "scale": 0.1, "elastic": 20, "elastic_sigma": 4})
    images = torch.rand(5, 1, 28, 28, generator=random(3))
    generator = random(1)
    bent = elastic(5, 28, 28, alpha=20, sigma=4, generator=generator)
    turn = math.radians(10) * (2 * torch.rand(5, generator=generator) - 1)
    zoom = 1 + 0.1 * (2 * torch.rand(5, 2, generator=generator) - 1)
    wanted = warp(images, affine(turn, zoom, torch.zeros(5, 2), 28, 28) + bent)
    torch.testing.assert_close(deform(images, random(1)), wanted, atol=1e-4, rtol=0)


def test_cutouts_are_filled_as_one_says(images: Tensor) -> None:
    seen = Deformations.of({"cutout": 5})(images, random(), -7.0)
    covered = (seen == -7).all(1)
    assert covered.any((1, 2)).all()
    assert covered.sum((1, 2)).max() == 25
    assert covered.any(0).all()  # a square may lie anywhere, also over the edge
    assert torch.equal(seen[~covered[:, None].expand_as(seen)], images[~covered[:, None].expand_as(seen)])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"flop": 0.5}, "no 'flop'; allowed: flip, flip_vertical, crop"),
        ({"flip": 1.5}, "flip=1.5; flip is a probability"),
        ({"crop": 1.5}, "crop is a whole number of pixels"),
        ({"crop": -1}, "crop is a whole number of pixels"),
        ({"rotate": 200}, "angle in degrees"),
        ({"scale": 1.0}, "scale is a fraction"),
        ({"elastic": float("nan")}, "alpha in pixels"),
        ({"elastic": float("inf")}, "alpha in pixels"),
        ({"elastic_sigma": 0}, "width in pixels"),
        ({"reflect": 0.5}, "mirrored at its edges"),
    ],
)
def test_wrong_values_are_refused(wrong: dict[str, float], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        Deformations.of(wrong)


def test_models_without_images_and_images_too_small_are_refused() -> None:
    table = InputSpec((Input("features", (5,)),))
    Deformations().check(table)
    with pytest.raises(ConfigError, match=r"deform=flip=0\.5: .* the inputs of this one are features"):
        Deformations(flip=0.5).check(table)
    small = InputSpec((Input("image", (1, 4, 9)),))
    Deformations(crop=3, cutout=7).check(small)
    for too_large in (Deformations(crop=4), Deformations(cutout=8)):
        with pytest.raises(ConfigError, match="images of 4 x 9 pixels"):
            too_large.check(small)


def test_on_the_device(device: str, images: Tensor) -> None:
    generator = torch.Generator(device).manual_seed(0)
    seen = Deformations.of(EVERYTHING)(images.to(device), generator)
    assert seen.device.type == device
    assert torch.isfinite(seen).all()
