"""The hardest constituents of a jet as plain four-momenta, for networks that respect the Lorentz group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kaon.data import Events, Input, InputSpec
from kaon.data.jagged import cartesian, counts_of, pad, padded_length
from kaon.errors import ConfigError
from kaon.represent.base import Representation

__all__ = ["FourMomenta"]


class FourMomenta(Representation):
    """The hardest constituents as a padded set of four-momenta, neither rotated nor scaled.

    Args:
        constituents: how many are kept at most: the first, which are the hardest, since constituents are ordered by
            pT. The arrays are as wide as the largest jet needs.

    Output: `momenta` (jets, constituents, 4) float32, (E, px, py, pz) in GeV; `mask` (jets, constituents) bool, True
    for real constituents.
    """

    requires: ClassVar[tuple[str, ...]] = ("constituents",)

    def __init__(self, constituents: int = 128) -> None:
        if constituents < 1:
            raise ConfigError(f"constituents={constituents}; at least one is needed")
        super().__init__(constituents=constituents)

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """Two arrays: `momenta`, `mask`."""
        column = events["constituents"]
        counts = counts_of(column)
        length = padded_length(counts, self.options["constituents"])
        momenta = np.stack(cartesian(column, ("E", "px", "py", "pz")), axis=1)
        padded, mask = pad(momenta, counts, length)
        return {"momenta": padded, "mask": mask}

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """Two inputs that share the dynamic axis `constituents`."""
        return InputSpec(
            (
                Input("momenta", ("constituents", 4), features=("E", "px", "py", "pz")),
                Input("mask", ("constituents",), dtype="bool"),
            )
        )


VARIANTS = {"four_momenta": FourMomenta}
