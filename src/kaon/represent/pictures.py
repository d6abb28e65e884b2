"""Images as they are in the events: digits, photographs, drawn shapes, maps of a detector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from kaon.data import Events, Input, InputSpec
from kaon.errors import DataError
from kaon.represent.base import Representation

__all__ = ["Pictures"]


class Pictures(Representation):
    """The column `image` of events, whole numbers from 0 to 255 as fractions of 255.

    Args:
        standardise: let the network subtract the mean training pixel and divide by the standard deviation; one number
            each for all pixels and channels, so that a shape means the same wherever it lies.

    Output: `image`, (events, channels, height, width) float32. Images without an axis of channels get one.
    """

    requires: ClassVar[tuple[str, ...]] = ("image",)
    standardised: ClassVar[tuple[str, ...]] = ("image",)
    form: ClassVar[str | None] = "images"

    def __init__(self, standardise: bool = True) -> None:
        super().__init__(standardise=standardise)

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """One array: `image`.

        Raises:
            DataError: images of different sizes, not of two or three axes, or with a pixel that is NaN or infinite.
        """
        source = events.provenance.source
        try:
            pixels = ak.to_numpy(events["image"], allow_missing=False)
        except ValueError as error:
            raise DataError(
                f"the images of {source} are of different sizes, or some are missing; bring them to one size"
            ) from error
        if pixels.ndim == 3:
            pixels = pixels[:, np.newaxis]
        if pixels.ndim != 4 or 0 in pixels.shape[1:] or pixels.dtype.kind not in "buif":
            raise DataError(
                f"the images of {source} are {pixels.dtype} of shape {pixels.shape[1:]}; numbers in (height, width) or "
                "(channels, height, width) are needed"
            )
        image = pixels.astype(np.float32)
        if pixels.dtype == np.uint8:
            image /= 255
        if pixels.dtype.kind == "f" and not np.isfinite(image).all():
            raise DataError(f"the images of {source} hold pixels that are NaN or infinite; replace them before")
        return {"image": image}

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """One input of fixed size."""
        return InputSpec((Input("image", arrays["image"].shape[1:]),))

    def normalisation(self, item: Input, rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """One shift and one scale for all pixels: mean and 1/sigma, or 0 and 1."""
        mean, sigma = (float(rows.mean(dtype=float)), float(rows.std(dtype=float))) if rows.size else (0.0, 0.0)
        if not self.options["standardise"] or sigma < 1e-6 * max(1.0, abs(mean)):
            mean, sigma = 0.0, 1.0
        return np.full(item.width, mean), np.full(item.width, 1 / sigma)


VARIANTS = {"pictures": Pictures}
