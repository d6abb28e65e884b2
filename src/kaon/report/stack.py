"""Stacked processes under data, or data alone: the numbers of the figure, whoever draws it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from matplotlib.colors import to_hex
from numpy.typing import ArrayLike, NDArray

from kaon.analysis.counts import Counts
from kaon.analysis.poisson import poisson_interval
from kaon.errors import ConfigError, DataError
from kaon.report.canvas import COLOURS

__all__ = ["Points", "Stack", "palette"]

Array = NDArray[np.float64]

SIGNAL = COLOURS[1]
"""The first signal is red; backgrounds take the other colours in order."""


@dataclass(frozen=True)
class Points:
    """Points with asymmetric error bars, (bins,) each; NaN where there is none."""

    value: Array
    down: Array
    up: Array


@dataclass(frozen=True)
class Stack:
    """Histograms of processes, one upon the other, and of data.

    Args:
        edges: of the bins, (bins + 1,), rising. Bins with `names` need none.
        processes: name -> counts, from the bottom of the stack; none for data that nothing is compared with.
        data: what was measured; None leaves the comparison out.
        signals: names of processes that come on top, or are drawn as lines.
        systematic: systematic uncertainty of the prediction: (bins,), or (2, bins) for down and up; not negative.
        statistical: of the prediction, (bins,), where the sum of the processes' variances is not it: estimates that
            share counts.
        overlay: draw signals as lines over the backgrounds, and compare the data with the backgrounds alone.
        magnify: factor of overlaid signals.
        x: title of the axis, with the unit in brackets at its end: `Visible mass [GeV]`.
        labels: name -> what the legend says.
        colours: name -> colour, any that matplotlib knows; by default those of `palette`.
        names: of bins that stand for regions, instead of edges.

    Raises:
        DataError: neither process nor data, or shapes, edges or uncertainties that make no sense.
        ConfigError: an unknown colour, or a signal that is no process.
    """

    edges: Array
    processes: Mapping[str, Counts]
    data: Counts | None = None
    signals: Sequence[str] = ()
    systematic: ArrayLike | None = None
    statistical: ArrayLike | None = None
    overlay: bool = False
    magnify: float = 1.0
    x: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)
    names: Sequence[str] = ()

    def __post_init__(self) -> None:
        edges = np.arange(len(self.names) + 1.0) if self.names else np.asarray(self.edges, np.float64)
        object.__setattr__(self, "edges", edges)
        if edges.ndim != 1 or len(edges) < 2 or not np.isfinite(edges).all() or not (np.diff(edges) > 0).all():
            raise DataError(f"edges of a histogram must be finite and rise, at least two; got {edges.tolist()}")
        if not self.processes and self.data is None:
            raise DataError("a stack needs at least one process, or data")
        for name, counts in (*self.processes.items(), *([("data", self.data)] if self.data else ())):
            if len(counts) != self.bins:
                raise DataError(f"{name} has {len(counts)} bins, the histogram {self.bins}")
        if strange := [name for name in self.signals if name not in self.processes]:
            raise ConfigError(f"signal {', '.join(strange)} is none of the processes: {', '.join(self.processes)}")
        if self.overlay and self.processes and len(self.signals) == len(self.processes):
            raise ConfigError("signals cannot be overlaid without any background")
        for kind in (self.statistical, self.systematic):
            if kind is not None:
                given = np.asarray(kind, np.float64)
                if given.shape not in ((self.bins,), (2, self.bins)) or not (given >= 0).all():
                    raise DataError(f"uncertainties must be {self.bins} numbers, or two rows of them, none negative")

    @property
    def bins(self) -> int:
        """How many."""
        return len(self.edges) - 1

    @property
    def widths(self) -> Array:
        """Of the bins, (bins,)."""
        return np.diff(self.edges)

    @property
    def centres(self) -> Array:
        """Of the bins, (bins,)."""
        return np.asarray((self.edges[1:] + self.edges[:-1]) / 2)

    @property
    def layers(self) -> tuple[str, ...]:
        """What is stacked, from the bottom: backgrounds, then signals unless they are overlaid."""
        backgrounds = tuple(name for name in self.processes if name not in self.signals)
        return backgrounds if self.overlay else (*backgrounds, *self.signals)

    @property
    def lines(self) -> tuple[str, ...]:
        """Signals that are overlaid."""
        return tuple(self.signals) if self.overlay else ()

    @property
    def compared(self) -> bool:
        """Whether there are both data and processes."""
        return self.data is not None and bool(self.processes)

    @property
    def uniform(self) -> bool:
        """Whether all bins are of one width."""
        return bool(np.allclose(self.widths, self.widths[0], rtol=1e-6))

    @property
    def unit(self) -> str:
        """Of the axis, from its title."""
        found = re.search(r"\[([^\]]+)\]\s*$", self.x)
        return found.group(1) if found else ""

    @property
    def y(self) -> str:
        """Title of the vertical axis; bins of different widths are divided by theirs."""
        if self.names:
            return "Events"
        if not self.uniform:
            return f"Events / {self.unit or 'unit'}"
        per = f"{self.widths[0]:.3g} {self.unit}".strip()
        return "Events" if per == "1" else f"Events / {per}"

    @property
    def per(self) -> Array:
        """What counts are divided by when they are drawn, (bins,)."""
        return np.ones(self.bins) if self.uniform or self.names else self.widths

    @cached_property
    def total(self) -> Counts:
        """What the data are compared with."""
        return Counts.sum((self.processes[name] for name in self.layers), self.bins)

    @cached_property
    def uncertainty(self) -> tuple[Array, Array]:
        """Of the total, statistical and systematic in quadrature, down and up, (bins,) each."""
        statistical = self.total.errors if self.statistical is None else np.asarray(self.statistical, np.float64)
        systematic = np.zeros(self.bins) if self.systematic is None else np.asarray(self.systematic, np.float64)
        down, up = np.broadcast_to(np.hypot(statistical, systematic), (2, self.bins))
        return down, up

    @cached_property
    def points(self) -> Points | None:
        """Data as they are drawn; Garwood's error bars for counts, one standard deviation for weighted data."""
        if self.data is None:
            return None
        n = self.data.values
        low, high = poisson_interval(np.maximum(n, 0))
        counted = np.isclose(n, self.data.variances) & (n >= 0)
        down, up = (np.where(counted, away, self.data.errors) for away in (n - low, high - n))
        shown = np.where((n != 0) | (self.total.values > 0), 1.0, np.nan)
        return Points(n / self.per * shown, down / self.per * shown, up / self.per * shown)

    @cached_property
    def ratio(self) -> Points | None:
        """Data over the total, error bars of the data alone; NaN where nothing is expected.

        None without a comparison.
        """
        if self.points is None or not self.compared:
            return None
        below = self._expected / self.per
        return Points(self.points.value / below, self.points.down / below, self.points.up / below)

    @property
    def relative(self) -> tuple[Array, Array]:
        """Uncertainty of the total over the total, down and up; NaN where nothing is expected."""
        down, up = self.uncertainty
        return down / self._expected, up / self._expected

    @cached_property
    def pulls(self) -> Array | None:
        """(data - total) / uncertainty, of the total and of data that fluctuate about it, (bins,); NaN for 0 / 0.

        None without a comparison.
        """
        if self.data is None or not self.compared:
            return None
        away = self.data.values - self.total.values
        of_total = np.where(away < 0, *self.uncertainty)
        weighted = ~np.isclose(self.data.values, self.data.variances)
        variance = np.where(weighted, self.data.variances, np.maximum(self.total.values, 0)) + of_total**2
        return np.asarray(away / np.sqrt(np.where(variance > 0, variance, np.nan)))

    @property
    def _expected(self) -> Array:
        return np.where(self.total.values > 0, self.total.values, np.nan)

    def trimmed(self) -> Stack:
        """Without the outer bins in which nothing is expected or was seen; the same if there is nothing at all."""
        samples = [*self.processes.values(), *([self.data] if self.data else ())]
        filled = np.flatnonzero(np.any([counts.values != 0 for counts in samples], axis=0))
        if self.names or not len(filled):
            return self
        kept = slice(filled[0], filled[-1] + 1)

        def cut(counts: Counts) -> Counts:
            return Counts(counts.values[kept], counts.variances[kept])

        def row(kind: ArrayLike | None) -> Array | None:
            return None if kind is None else np.asarray(kind, np.float64)[..., kept]

        return replace(
            self,
            edges=self.edges[kept.start : kept.stop + 1],
            processes={name: cut(counts) for name, counts in self.processes.items()},
            data=None if self.data is None else cut(self.data),
            systematic=row(self.systematic),
            statistical=row(self.statistical),
        )

    def label(self, name: str) -> str:
        """What the legend says of a process."""
        return self.labels.get(name) or name

    def colour(self, name: str) -> str:
        """Of a process, as #rrggbb."""
        return palette(self.processes, self.signals, self.colours)[name]


def palette(
    processes: Sequence[str] | Mapping[str, object],
    signals: Sequence[str] = (),
    chosen: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Colours that colour-blind readers tell apart (Petroff, arXiv:2107.02270), as #rrggbb.

    They follow from the order of the processes, so that figures with the same ones agree. Signals come in red first;
    more than ten processes repeat colours.

    Args:
        processes: names.
        signals: those that are signals.
        chosen: name -> colour that the user prefers.

    Raises:
        ConfigError: a chosen colour that nobody knows.

    >>> palette(["ztautau", "w", "top"], ["ztautau"])
    {'ztautau': '#bd1f01', 'w': '#3f90da', 'top': '#ffa90e'}
    """
    others = [c for c in COLOURS if c != SIGNAL]
    order = [name for name in processes if name in signals] + [name for name in processes if name not in signals]
    free = [SIGNAL, *others] if any(name in signals for name in order) else [*others, SIGNAL]
    if len(signals) > 1:  # further signals from the end, so that backgrounds keep their colours
        extra = min(len(signals) - 1, len(others) - 1)
        free = [SIGNAL, *others[: -extra - 1 : -1], *others[:-extra]]
    found = {name: free[i % len(free)] for i, name in enumerate(order)}
    for name, colour in (chosen or {}).items():
        try:
            found[name] = to_hex(colour)
        except ValueError as error:
            raise ConfigError(
                f"{name} shall have the colour {colour!r}, which is none: use #rrggbb or a name"
            ) from error
    return {name: found[name] for name in processes}
