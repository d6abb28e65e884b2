"""Jet images: the (eta, phi) plane around a jet, aligned and summed in pixels."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from kaon.data import Events, Input, InputSpec
from kaon.data.jagged import cartesian, counts_of, flat
from kaon.errors import BundleError, ConfigError, DataError
from kaon.represent.base import Representation
from kaon.substructure.picture import Picture, draw

__all__ = ["JetImages", "jet_images"]

_CHUNK = 512
"""Jets drawn at a time, so that what is calculated on the way stays in the processor's cache."""


def jet_images(constituents: Any, picture: Picture | None = None) -> NDArray[np.float32]:
    """Images of jets: trimmed, centred, turned, reflected, cropped, pixelated, normalised.

    Cogan, Kagan, Strauss, Schwartzman, https://arxiv.org/abs/1407.5675. Constituents are moved before they are summed
    in pixels, so that no pixel is interpolated; they are taken at their pseudorapidity and azimuth, as if massless.
    Turning in the (eta, phi) plane keeps every pT, but not the mass of the jet. A jet of nothing is an image of zeros.
    Beside the images, the momenta as flat arrays are needed, 32 bytes a constituent.

    Args:
        constituents: jagged records with px, py, pz, E (GeV), (jets, constituents), in any order; for channels of
            charged or neutral ones with `charge`.
        picture: what is drawn; by default the 40 x 40 pixels of the top-tagging comparison.

    Returns:
        (jets, channels, eta, phi) float32.

    Raises:
        DataError: momenta are NaN, infinite or beyond 1e18 GeV, or a channel needs charges that are not there.
        MissingExtra: subjets are asked for without FastJet.
    """
    picture = picture or Picture()
    if picture.needs_charge and "charge" not in constituents.fields:
        raise DataError(
            f"the channels {', '.join(picture.channels)} need the `charge` of the constituents, which have "
            f"{constituents.fields}; use images, images_resnext or images_w, or simulate with kaon"
        )
    counts = counts_of(constituents)
    momenta = cartesian(constituents)
    charge = flat(constituents["charge"]) if picture.needs_charge else None
    images = np.zeros((len(counts), *picture.shape), np.float32)
    ends = np.cumsum(counts)
    for start in range(0, len(counts), _CHUNK):
        jets = slice(start, start + _CHUNK)
        rows = slice(ends[start] - counts[start], ends[jets][-1])
        some = None if charge is None else charge[rows]
        draw(picture, [values[rows] for values in momenta], counts[jets], some, images[jets])
    return images


class JetImages(Representation):
    """A jet as an image, after the steps of `jet_images`; then centred on zero and standardised pixel by pixel.

    The fitted scale is one number for all pixels, 1 / (root mean square of the training images), applied by the
    network: the pixels of a normalised image are a few thousandths, too small for the usual initial weights. Images
    take 4 bytes a pixel: 0.64 GB for 10^5 jets of 40 x 40, 1.64 GB of 64 x 64.

    Args:
        pixels: on a side.
        half_width: the image covers [-half_width, half_width] in eta and in phi (radians) about the centre.
        channels: `pt`, `pt_charged`, `pt_neutral`, `multiplicity`, `multiplicity_charged`.
        centre: `jet`, `centroid`, `leading` (constituent) or `subjet`.
        rotate: `none`, `principal` (axis) or `subjet` (the second one), to -pi/2.
        flip: `none`, `right` (the heavier half) or `quadrant` (the heaviest one).
        trim: kT subjets of R = 0.3 with less than this fraction of the jet's pT are dropped.
        normalise: `none`, `sum` (unit sum of the pT in the image) or `jet` (pT relative to the jet's).
        logarithm: factor f > 0 for x -> ln(1 + f x); 0 leaves x.
        zero_center: subtract the mean training image.
        standardise: r > 0 divides each pixel by (sigma + r), sigma being that of the training images; 0 for not. A
            pixel that is the same in all of them becomes 0 everywhere: a network has learned nothing of it, and a hit
            divided by r alone would outweigh the rest of the image a thousand times.

    Output: `image`, (jets, channels, eta, phi) float32.
    """

    requires: ClassVar[tuple[str, ...]] = ("constituents",)
    standardised: ClassVar[tuple[str, ...]] = ("image",)

    def __init__(
        self,
        pixels: int = 40,
        half_width: float = 0.8,
        channels: Sequence[str] = ("pt",),
        centre: str = "centroid",
        rotate: str = "principal",
        flip: str = "quadrant",
        trim: float = 0.0,
        normalise: str = "sum",
        logarithm: float = 0.0,
        zero_center: bool = False,
        standardise: float = 0.0,
    ) -> None:
        if not 0 <= standardise < np.inf:
            raise ConfigError(f"standardise={standardise}: the number added to sigma must not be negative")
        self.picture = Picture(
            pixels, half_width, tuple(channels), centre, rotate, flip, trim, normalise, logarithm
        )  # fmt: skip
        drawn = asdict(self.picture) | {"channels": list(channels)}
        super().__init__(**drawn, zero_center=zero_center, standardise=standardise)
        self._moments: dict[str, NDArray[np.float32]] = {}

    def learn(self, events: Events) -> None:
        """Mean and standard deviation of each pixel, where they are asked for: {"mean", "sigma"}."""
        self._moments = {}
        if not (self.options["zero_center"] or self.options["standardise"]):
            return
        column = events["constituents"]
        first, second = np.zeros(self.picture.shape), np.zeros(self.picture.shape)
        for start in range(0, len(events), _CHUNK):
            images = jet_images(column[start : start + _CHUNK], self.picture)
            first += images.sum(0, dtype=float)
            second += np.einsum("jcxy,jcxy->cxy", images, images, dtype=float)
        mean = first / len(events)
        sigma = np.sqrt(np.maximum(second / len(events) - mean**2, 0))
        self._moments = {"mean": mean.astype(np.float32), "sigma": sigma.astype(np.float32)}

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """One array: `image`."""
        images = jet_images(events["constituents"], self.picture)
        if self.options["zero_center"]:
            images -= self._moments["mean"]
        if self.options["standardise"]:
            sigma = self._moments["sigma"]
            images /= np.where(sigma > 0, sigma + np.float32(self.options["standardise"]), np.float32(np.inf))
        return {"image": images}

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """One input of fixed size."""
        return InputSpec((Input("image", self.picture.shape),))

    def normalisation(self, item: Input, rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """No shift, so that empty pixels stay 0; one scale for all pixels."""
        square = float(np.einsum("ij,ij->", rows, rows, dtype=float)) / max(rows.size, 1)
        return np.zeros(item.width), np.full(item.width, 1 / np.sqrt(square) if square > 1e-24 else 1.0)

    def state(self) -> dict[str, Any]:
        """Everything needed to make the fitted representation again; pixels as base64 of little-endian float32."""
        coded = {name: base64.b64encode(values.astype("<f4").tobytes()) for name, values in self._moments.items()}
        return super().state() | {"moments": {name: text.decode() for name, text in coded.items()}}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Undo `state`.

        Raises:
            BundleError: not a state of this representation.
        """
        made = super().from_state(state)
        fitted = made.options["zero_center"] or made.options["standardise"]
        try:
            for name in ("mean", "sigma") if fitted else ():
                values = np.frombuffer(base64.b64decode(state["moments"][name], validate=True), "<f4")
                made._moments[name] = values.reshape(made.picture.shape).astype(np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"this is not the state of fitted {cls.__name__}: {error!r}") from error
        return made


VARIANTS = {
    # The CNN of 1902.09914, with the alignment of 1803.00107.
    "images": JetImages,
    # 1902.08570, section 4: 0.025 x 0.025 about the jet axis, neither turned nor reflected.
    "images_resnext": partial(
        JetImages, pixels=64, centre="jet", rotate="none", flip="none", normalise="jet", logarithm=100.0
    ),
    # 1511.05190. pT relative to the jet's, in a window of 50 GeV, keeps the mass that a norm of squares would lose.
    "images_w": partial(
        JetImages, pixels=25, half_width=1.0, centre="subjet", rotate="subjet", flip="right", trim=0.05, normalise="jet"
    ),
    # 1612.01551, for R = 0.4.
    "images_color": partial(
        JetImages,
        pixels=33,
        half_width=0.4,
        channels=("pt_charged", "pt_neutral", "multiplicity_charged"),
        rotate="none",
        flip="none",
        zero_center=True,
        standardise=1e-5,
    ),
}
