"""The entries of a configuration: samples, regions, histograms, scores, systematic uncertainties, the fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from kaon.data.cuts import parse
from kaon.learn.config import TrainConfig

__all__ = [
    "DATA",
    "Alternatives",
    "Cuts",
    "Data",
    "Expression",
    "Fit",
    "Frozen",
    "Histogram",
    "Name",
    "Positive",
    "Process",
    "Region",
    "Score",
    "Sides",
    "Systematic",
    "Train",
    "VariedFiles",
]

DATA = "data"
"""Name of the data among the processes."""

Positive = Annotated[float, Field(gt=0)]
_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
Name = Annotated[str, Field(pattern=_NAME)]


def _expression(value: Any) -> str:
    """A number or truth value stands for itself."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    parse(text)
    return text


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str | int | float) else value


def _cuts(value: Any) -> Any:
    """Named cuts; a text, or a list of texts, name themselves."""
    if value in (None, ""):
        return {}
    return {str(text): text for text in _several(value)} if not isinstance(value, Mapping) else value


Expression = Annotated[str, BeforeValidator(_expression)]
Alternatives = Annotated[tuple[Expression, ...], BeforeValidator(_several), Field(min_length=1)]
Files = Annotated[tuple[str, ...], BeforeValidator(_several), Field(min_length=1)]
Names = Annotated[tuple[str, ...], BeforeValidator(_several)]
Cuts = Annotated[dict[str, Expression], BeforeValidator(_cuts)]


class Frozen(BaseModel):
    """What cannot be changed, and takes no unknown entries."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Data(Frozen):
    """What was measured.

    Args:
        files: a file, or several; `*`, `?`, `[...]` and `**` are expanded.
        label: for figures and tables.
        select: what of the files belongs to it, as cuts; they come first in the cut flow.
        tree: of the files, where there are several; by default the analysis's own.
        color: for figures; by default one of a sequence.
    """

    files: Files
    label: str = ""
    select: Cuts = Field(default_factory=dict)
    tree: str | None = None
    color: str | None = None


class Process(Data):
    """One simulated process.

    Args:
        signal: whether the fit scales it, and scores are trained for it.
        weight: expression of an event's weight, such as `genWeight * pileup`; by default the analysis's own. An
            explicit `weight: 1` counts events.
        cross_section: in pb. If given, weights are scaled to cross_section x luminosity / sum_weights; without it they
            are taken as they are, made for the luminosity of the data.
        sum_weights: of all generated events. By default what a file of kaon's notes, otherwise the sum of the weights
            of all events in the files, which is right for files without a selection.
    """

    signal: bool = False
    weight: Expression | None = None
    cross_section: Positive | None = None
    sum_weights: Positive | None = None


class Region(Frozen):
    """Events that pass all its cuts, and those of the selection.

    Args:
        cuts: a text, a list of texts, or a mapping from names to texts; in order, for the cut flow.
        label: for figures and tables.
        blind: leave the data out.
    """

    cuts: Cuts
    label: str = ""
    blind: bool = False


class Histogram(Frozen):
    """What is counted in bins, in every region.

    Args:
        variable: expression; by default the histogram's own name.
        bins: number, lower and upper edge; what lies beyond falls into the first and the last bin.
        edges: of the bins, rising, instead.
        label: of the axis, with its unit.
        regions: in which it is drawn; everywhere by default.
        logarithmic: vertical axis.
    """

    variable: Expression | None = None
    bins: tuple[Annotated[int, Field(ge=1)], float, float] | None = None
    edges: tuple[float, ...] = ()
    label: str = ""
    regions: Names | None = None
    logarithmic: bool = False

    @model_validator(mode="after")
    def _one_binning(self) -> Self:
        if (self.bins is None) == (not self.edges):
            raise ValueError("give bins: [number, lower, upper] or edges: [...], one of the two")
        if len(self.binning) < 2 or not (np.isfinite(self.binning).all() and (np.diff(self.binning) > 0).all()):
            raise ValueError(f"edges must be finite and rise, not {self.binning.tolist()[:6]}")
        return self

    @property
    def binning(self) -> NDArray[np.float64]:
        """Edges of the bins, (bins + 1,)."""
        return np.linspace(self.bins[1], self.bins[2], self.bins[0] + 1) if self.bins else np.array(self.edges)


class Train(Frozen):
    """Models trained on the simulation, k-fold, so that every event is scored by one that never saw it.

    An event's fold follows from its number alone, in data and in every simulated sample, so all are scored alike.

    Args:
        model: registered name, or a Python file with VARIANTS.
        features: variables or branches that it reads.
        signal, background: processes; by default those marked as signal, and all others.
        select: events to train on, beside the selection.
        folds: at least 2.
        options: hyper-parameters of the model.
        settings: of the training.
    """

    model: str
    features: tuple[str, ...] = Field(min_length=1)
    signal: Names = ()
    background: Names = ()
    select: Cuts = Field(default_factory=dict)
    folds: int = Field(default=5, ge=2)
    options: dict[str, Any] = Field(default_factory=dict)
    settings: TrainConfig = TrainConfig()


class Score(Frozen):
    """A variable that a trained model computes: the probability of its last class, the signal.

    Args:
        bundle: a `.kaon` file.
        train: or how to train it now.
        features: what the model in the bundle is expected to read; it is refused if it reads something else.
    """

    bundle: str | None = None
    train: Train | None = None
    features: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.bundle is None) == (self.train is None):
            raise ValueError("give bundle: FILE or train: {...}, one of the two")
        return self


class Sides(Frozen):
    """Expressions of one standard deviation up and down; without `down`, the other side is its mirror image."""

    up: Expression
    down: Expression | None = None


class VariedFiles(Frozen):
    """Files of processes that were made anew with one standard deviation up and down."""

    up: dict[str, Files] = Field(min_length=1)
    down: dict[str, Files] = Field(default_factory=dict)


class Systematic(Frozen):
    """One source of systematic uncertainty; processes and regions move together. One of the four kinds is given.

    Args:
        normalisation: relative uncertainty of the number of events, or (down, up).
        weight: weights instead of the nominal ones.
        factor: factors to the nominal weights.
        files: events instead of the nominal ones.
        processes: which ones it concerns; all simulated ones by default.
    """

    normalisation: Positive | tuple[Positive, Positive] | None = None
    weight: Sides | None = None
    factor: Sides | None = None
    files: VariedFiles | None = None
    processes: Names | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [n for n in ("normalisation", "weight", "factor", "files") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of normalisation, weight, factor and files, not {given or 'none'}")
        if self.files is not None and self.processes is not None:
            raise ValueError("files name their processes; leave processes out")
        return self


class Fit(Frozen):
    """The likelihood of the signal strength.

    Args:
        regions: region -> the histogram that is fitted there, or `yield` for its number of events.
        limit: compute a CLs upper limit as well.
    """

    regions: dict[str, str] = Field(min_length=1)
    limit: bool = True
