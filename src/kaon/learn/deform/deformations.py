"""Which deformations a training draws for its images, how strong, and the drawing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import torch
from torch import Tensor

from kaon.data import InputSpec
from kaon.errors import ConfigError
from kaon.learn.deform.fields import affine, elastic, warp
from kaon.learn.deform.pixels import cutout, flip, shift

__all__ = ["Deformations"]


@dataclass(frozen=True)
class Deformations:
    """Random deformations of images, drawn for each image of a batch; nothing where all strengths are 0.

    Mirrors and shifts alone move whole pixels and change none. As soon as images are turned, stretched or bent, all
    that is put into one displacement field, so that every pixel is interpolated once. What comes in from outside is 0:
    black, or an empty calorimeter.

    Ciresan, Meier, Gambardella, Schmidhuber, https://arxiv.org/abs/1003.0358 (digits: rotate 15, scale 0.15 to 0.2,
    elastic 36 to 38 with sigma 5 to 6); He et al., https://arxiv.org/abs/1512.03385 (photographs of 32 x 32: flip 0.5,
    crop 4); DeVries, Taylor, https://arxiv.org/abs/1708.04552 (and cutout 16).

    Args:
        flip: probability of exchanging left and right.
        flip_vertical: probability of exchanging top and bottom.
        crop: an image moves by up to so many whole pixels up or down, and left or right.
        rotate: it is turned by up to so many degrees, either way.
        scale: its width and its height change by up to this fraction, each by itself.
        elastic: alpha of `elastic`, pixels.
        elastic_sigma: of the Gaussian that smooths the elastic field, pixels.
        cutout: side of a square about a random pixel that is covered, pixels.
        reflect: 1 mirrors the image at its edges instead of bringing in zeros.

    Raises:
        ConfigError: a value out of its range.
    """

    flip: float = 0.0
    flip_vertical: float = 0.0
    crop: float = 0.0
    rotate: float = 0.0
    scale: float = 0.0
    elastic: float = 0.0
    elastic_sigma: float = 4.0
    cutout: float = 0.0
    reflect: float = 0.0

    def __post_init__(self) -> None:
        for name, (low, high, whole, meaning) in _RANGES.items():
            value = getattr(self, name)
            good = isinstance(value, int | float) and low <= value <= high and (not whole or value == int(value))
            if not good:
                raise ConfigError(f"deform: {name}={value!r}; {name} is {meaning}")

    @classmethod
    def of(cls, settings: Mapping[str, float]) -> Self:
        """From names and values.

        Raises:
            ConfigError: an unknown name, or a value out of its range.

        >>> Deformations.of({"flip": 0.5, "crop": 4}).crop
        4
        """
        allowed = [field.name for field in fields(cls)]
        wrong = [name for name in settings if name not in allowed]
        if wrong:
            raise ConfigError(f"deform: there is no {', '.join(map(repr, wrong))}; allowed: {', '.join(allowed)}")
        return cls(**settings)

    @property
    def active(self) -> bool:
        """Whether anything is ever changed."""
        return any(getattr(self, name) for name in _STRENGTHS)

    def check(self, spec: InputSpec) -> None:
        """Raise unless there are images to be deformed, large enough for it.

        Raises:
            ConfigError: the model reads no images, or a crop is as large as they are.
        """
        if not self.active:
            return
        if "image" not in spec or len(spec["image"].shape) != 3:
            raise ConfigError(
                f"deform={self}: it is for models that read images, and the inputs of this one are "
                f"{', '.join(spec.names)}; leave deform out, or choose a model and a representation of images"
            )
        height, width = (int(size) for size in spec["image"].shape[1:])
        if max(self.crop, self.cutout / 2) >= min(height, width):
            raise ConfigError(
                f"deform={self}: crop must be smaller than the images of {height} x {width} pixels, and cutout than "
                "twice that"
            )

    def __call__(self, images: Tensor, generator: torch.Generator, fill: float = 0.0) -> Tensor:
        """A batch of images, each deformed in its own way.

        Args:
            images: (batch, channels, height, width), floating point.
            generator: of all random numbers, on the device of the images.
            fill: what covers a cut-out.
        """
        batch, _, height, width = images.shape

        def uniform(*shape: int) -> Tensor:
            drawn = torch.rand(batch, *shape, generator=generator, dtype=images.dtype, device=images.device)
            return 2 * drawn - 1

        def whole(low: int, high: int) -> Tensor:
            return torch.randint(low, high + 1, (batch,), generator=generator, device=images.device)

        reach, reflect = int(self.crop), bool(self.reflect)
        moves = (whole(-reach, reach), whole(-reach, reach)) if reach else None  # right, down
        if self.rotate or self.scale or self.elastic:
            bent = None
            if self.elastic:
                bent = elastic(
                    batch,
                    height,
                    width,
                    alpha=self.elastic,
                    sigma=self.elastic_sigma,
                    generator=generator,
                    dtype=images.dtype,
                )
            turn, zoom = uniform() * math.radians(self.rotate), 1 + self.scale * uniform(2)
            move = torch.zeros_like(zoom) if moves is None else torch.stack(moves, 1).to(images.dtype)
            images = warp(images, affine(turn, zoom, move, height, width, bent), reflect)
        elif moves is not None:
            images = shift(images, moves[1], moves[0], reach, reflect)
        for probability, axis in ((self.flip, -1), (self.flip_vertical, -2)):
            if probability:
                images = flip(images, uniform() < 2 * probability - 1, axis)
        if self.cutout:
            images = cutout(images, int(self.cutout), whole(0, height - 1), whole(0, width - 1), fill)
        return images

    def __str__(self) -> str:
        """Only what is not as by default."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        return ", ".join(f"{f.name}={told[f.name]:g}" for f in fields(self) if told[f.name] != f.default)


_PIXELS = "a whole number of pixels, 0 or more"
_RANGES = {
    "flip": (0, 1, False, "a probability, from 0 to 1"),
    "flip_vertical": (0, 1, False, "a probability, from 0 to 1"),
    "crop": (0, 1e6, True, _PIXELS),
    "rotate": (0, 180, False, "an angle in degrees, from 0 to 180"),
    "scale": (0, 0.9, False, "a fraction, from 0 to 0.9"),
    "elastic": (0, 1e6, False, "alpha in pixels, 0 or more"),
    "elastic_sigma": (0.1, 1e3, False, "a width in pixels, from 0.1 to 1000"),
    "cutout": (0, 1e6, True, _PIXELS),
    "reflect": (0, 1, True, "0 (zeros come in from outside) or 1 (the image is mirrored at its edges)"),
}
_STRENGTHS = ("flip", "flip_vertical", "crop", "rotate", "scale", "elastic", "cutout")
