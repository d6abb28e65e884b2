"""The primary Lund plane of a jet as a sequence of declusterings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kaon.data import Events, Input, InputSpec
from kaon.data.jagged import cartesian, pad, padded_length
from kaon.errors import ConfigError, UnknownName
from kaon.represent.base import Representation
from kaon.substructure.clustering import ALGORITHMS, histories
from kaon.substructure.lund import COORDINATES, lund_declusterings

__all__ = ["LundPlane"]

FIVE = ("log_inverse_delta", "log_kt", "log_inverse_z", "log_mass", "psi")


class LundPlane(Representation):
    """What comes off the harder branch of a jet, step by step from its widest angle to its core.

    Dreyer, Salam, Soyez, https://arxiv.org/abs/1807.04758; the five coordinates of Dreyer, Qu,
    https://arxiv.org/abs/2012.08526.

    Args:
        declusterings: how many of the first are kept at most.
        features: coordinates, names out of `kaon.substructure.lund.COORDINATES`.
        algorithm: `cambridge-aachen`, `kt` or `anti-kt`.

    Output, as wide as the longest sequence, zero beyond its end: `features` (jets, declusterings, features) float32,
    standardised; `mask` (jets, declusterings) bool, True for real declusterings. A jet of one constituent has none.

    Raises:
        ConfigError: no such algorithm, or nothing is kept.
        UnknownName: no such coordinate.
    """

    requires: ClassVar[tuple[str, ...]] = ("constituents",)
    standardised: ClassVar[tuple[str, ...]] = ("features",)

    def __init__(
        self, declusterings: int = 40, features: Sequence[str] = FIVE, algorithm: str = "cambridge-aachen"
    ) -> None:
        if algorithm not in ALGORITHMS:
            raise ConfigError(f"algorithm={algorithm!r}; allowed: {', '.join(ALGORITHMS)}")
        if declusterings < 1 or not features:
            raise ConfigError(f"declusterings={declusterings}, features={list(features)}: at least one is needed")
        for name in features:
            if name not in COORDINATES:
                raise UnknownName("coordinate", name, COORDINATES)
        super().__init__(declusterings=declusterings, features=list(features), algorithm=algorithm)

    def arrays(self, events: Events) -> dict[str, NDArray[Any]]:
        """Two arrays: `features`, `mask`."""
        column = events["constituents"]
        cartesian(column)
        names = tuple(self.options["features"])
        parts = (lund_declusterings(some, names) for some in histories(column, self.options["algorithm"]))
        values, counts = map(np.concatenate, zip(*parts, strict=True))
        length = padded_length(counts, self.options["declusterings"])
        features, mask = pad(values, counts, length)
        return {"features": features, "mask": mask}

    def describe(self, arrays: Mapping[str, NDArray[Any]]) -> InputSpec:
        """Two inputs that share the dynamic axis `declusterings`."""
        names = tuple(self.options["features"])
        return InputSpec(
            (
                Input("features", ("declusterings", len(names)), features=names),
                Input("mask", ("declusterings",), dtype="bool"),
            )
        )


VARIANTS = {"lund_plane": LundPlane}
