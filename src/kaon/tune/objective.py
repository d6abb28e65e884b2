"""What a search makes as large as it can, always on validation events."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from kaon.data import Predictions
from kaon.errors import ConfigError
from kaon.evaluate import auc, background_rejection, macro_auc
from kaon.evaluate.best_cut import best_cut

__all__ = ["KINDS", "Objective"]

KINDS = ("auc", "rejection", "significance")


@dataclass(frozen=True)
class Objective:
    """A number of validation predictions, the larger the better.

    Args:
        kind: `auc` (of more than two classes, the mean of each against all others); `rejection`, 1 / eps_B at a signal
            efficiency; or `significance`, the largest Asimov significance (`kaon.evaluate.asimov_significance`) of a
            cut on the score.
        signal_efficiency: of the rejection, in (0, 1].
        signal_events, background_events: expected before any cut, of the significance.
        background_uncertainty: relative, of the background that passes the cut.

    Raises:
        ConfigError: a number that makes no sense, or the significance without numbers of events.
    """

    kind: Literal["auc", "rejection", "significance"] = "auc"
    signal_efficiency: float = 0.3
    signal_events: float | None = None
    background_events: float | None = None
    background_uncertainty: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"objective {self.kind!r} given; allowed: {', '.join(KINDS)}")
        if not 0 < self.signal_efficiency <= 1:
            raise ConfigError(f"a signal efficiency of {self.signal_efficiency} given; it must be in (0, 1]")
        if not (math.isfinite(self.background_uncertainty) and self.background_uncertainty >= 0):
            raise ConfigError(
                f"a background uncertainty of {self.background_uncertainty} given; 0.05 stands for 5%, and it must "
                "not be negative"
            )
        for name, number in (("signal", self.signal_events), ("background", self.background_events)):
            if number is None and self.kind == "significance":
                raise ConfigError(
                    f"the significance needs the expected number of {name} events before any cut: --{name}-events N"
                )
            if number is not None and not (math.isfinite(number) and number > 0):
                raise ConfigError(f"{number} {name} events given; the number must be positive and finite")

    def __call__(self, validation: Predictions) -> float:
        """The number.

        A rejection of which no background is left counts as if one average event were: a sample of N background
        events says nothing beyond N.

        Raises:
            DataError: there is one class only, or its weights sum to nothing.
        """
        if self.kind == "auc":
            return macro_auc(validation) if len(validation.classes) > 2 else auc(validation)
        if self.kind == "significance":
            return best_cut(
                validation,
                signal_events=self.signal_events,
                background_events=self.background_events,
                background_uncertainty=self.background_uncertainty,
            ).maximum.value
        found = background_rejection(validation, signal_efficiency=self.signal_efficiency).value
        return found if math.isfinite(found) else float((validation.labels < len(validation.classes) - 1).sum())

    @property
    def words(self) -> str:
        """What it is, to be read.

        >>> Objective("significance", signal_events=100, background_events=1000, background_uncertainty=0.05).words
        'Asimov significance of the best cut (100 signal, 1000 ± 5% background events)'
        """
        if self.kind == "auc":
            return "AUC"
        if self.kind == "rejection":
            return f"1/εB at {self.signal_efficiency:g}"
        return (
            f"Asimov significance of the best cut ({self.signal_events:g} signal, {self.background_events:g} ± "
            f"{100 * self.background_uncertainty:.3g}% background events)"
        )
