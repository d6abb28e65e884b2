"""What the emulated detectors do to jets and tracks, as pictures: `python docs/figures/detector.py` makes them all.

Dijets of 40 to 1500 GeV are made once; each detector sees the same particles. Anti-kT R = 0.4 jets of what it sees are
paired with the nearest jet of the particles. The response is the median of pT(seen) / pT(particles), the resolution
half the width of its central 68.3%, divided by the median.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from kaon import kinematics
from kaon.simulate.detector import reconstruct
from kaon.simulate.detector.cards import CARDS
from kaon.simulate.generator import Generator
from kaon.simulate.jets import JetTable, cluster

Floats = NDArray[np.float64]

PT = np.geomspace(40, 1500, 10)
TRACK_PT = np.array([0.1, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 25.0])
REGIONS = ((0.0, 0.8), (0.8, 1.5), (1.5, 2.5))
COLOURS = {"atlas": "#0072b2", "cms": "#d55e00"}


@dataclass
class Sample:
    """What is collected of one detector: one entry a jet, or a charged hadron."""

    pt: list[Floats] = field(default_factory=list)
    eta: list[Floats] = field(default_factory=list)
    response: list[Floats] = field(default_factory=list)
    mass: list[Floats] = field(default_factory=list)
    hadron_pt: list[Floats] = field(default_factory=list)
    hadron_eta: list[Floats] = field(default_factory=list)
    tracked: list[Floats] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1500, help="collisions in each of nine ranges of pT-hat")
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "pictures")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    samples = collect(options.events)
    save(draw_response(samples), options.output / "detector-response")
    save(draw_resolution(samples), options.output / "detector-resolution")
    save(draw_efficiency(samples), options.output / "detector-efficiency")


def collect(events: int) -> dict[str, Sample]:
    """Generate, and let every detector see the same particles."""
    samples = {name: Sample() for name in CARDS}
    for number, (low, high) in enumerate(pairwise(PT)):
        settings = ["HardQCD:all = on", "PartonLevel:MPI = off", "Beams:eCM = 13000"]
        settings += [f"PhaseSpace:pTHatMin = {low}", f"PhaseSpace:pTHatMax = {high}"]
        for batch in Generator(settings, seed=number + 1).batches(events):
            particles = batch.particles()
            truth = cluster(particles, "anti-kt", 0.4, 0.8 * low)
            hadrons = (particles.charge != 0) & (np.abs(particles.pid) > 100) & (np.hypot(particles.x, particles.y) < 1)
            for name, card in CARDS.items():
                seen = reconstruct(particles, card, np.random.default_rng((number, len(samples[name].pt))))
                found = cluster(seen.flow, "anti-kt", 0.4, 0.4 * low)
                rows, partner = pair(truth, found)
                sample = samples[name]
                sample.pt.append(truth.pt[rows])
                sample.eta.append(np.abs(truth.eta[rows]))
                sample.response.append(found.pt[partner] / truth.pt[rows])
                heavy = np.where(truth.mass[rows] > 5, truth.mass[rows], np.nan)
                sample.mass.append(found.mass[partner] / heavy)
                sample.hadron_pt.append(particles.pt[hadrons])
                sample.hadron_eta.append(np.abs(particles.eta[hadrons]))
                sample.tracked.append(np.isin(np.flatnonzero(hadrons), seen.source).astype(float))
    return samples


def pair(truth: JetTable, found: JetTable) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each of the two leading jets of a collision with the nearest seen one, where there is one within 0.2."""
    leading = np.flatnonzero(np.arange(len(truth)) - np.searchsorted(truth.event, truth.event) < 2)
    first = np.searchsorted(found.event, truth.event[leading])
    count = np.searchsorted(found.event, truth.event[leading], side="right") - first
    best = np.full(len(leading), np.inf)
    partner = np.zeros(len(leading), np.int64)
    for place in range(int(count.max(initial=0))):  # the k-th jet of every collision at once
        rows = np.flatnonzero(count > place)
        other = first[rows] + place
        jets = leading[rows]
        distance = kinematics.delta_r(truth.eta[jets], truth.phi[jets], found.eta[other], found.phi[other])
        nearer = distance < best[rows]
        best[rows[nearer]], partner[rows[nearer]] = distance[nearer], other[nearer]
    near = best < 0.2
    return leading[near], partner[near]


def spread(values: Floats) -> tuple[float, float, float]:
    """(median, half of the central 68.3% over the median, relative statistical error of the latter)."""
    low, middle, high = np.quantile(values, (0.1587, 0.5, 0.8413))
    return middle, (high - low) / 2 / middle, 1 / np.sqrt(2 * len(values))


def binned(
    sample: Sample, values: list[Floats], region: tuple[float, float]
) -> list[tuple[float, float, float, float]]:
    """(pT, median, spread, error of the spread) in bins of the particle jets' pT."""
    pt, eta, flat = (np.concatenate(columns) for columns in (sample.pt, sample.eta, values))
    inside = (eta >= region[0]) & (eta < region[1]) & np.isfinite(flat)
    rows = []
    for low, high in pairwise(PT):
        chosen = flat[inside & (pt >= low) & (pt < high)]
        if len(chosen) > 50:
            middle, width, error = spread(chosen)
            rows.append((float(np.sqrt(low * high)), middle, width, width * error))
    return rows


def draw_response(samples: dict[str, Sample]) -> Figure:
    """Jet energy response."""
    figure, axes = panels("particle jet pT [GeV]", "response, median pT(seen) / pT(particles)")
    for axis, region in zip(axes, REGIONS, strict=True):
        for name, sample in samples.items():
            rows = np.array(binned(sample, sample.response, region)).reshape(-1, 4).T
            axis.plot(rows[0], rows[1], "o-", ms=4, color=COLOURS[name], label=name)
        axis.axhline(1, color="0.6", lw=0.8)
        set_scale(axis, (40, 1500), (0.88, 1.05))
    axes[0].legend(frameon=False)
    return figure


def draw_resolution(samples: dict[str, Sample]) -> Figure:
    """Jet energy and mass resolution."""
    figure, axes = panels("particle jet pT [GeV]", "resolution")
    for axis, region in zip(axes, REGIONS, strict=True):
        for name, sample in samples.items():
            for values, style, what in ((sample.response, "o-", "pT"), (sample.mass, "s--", "mass")):
                rows = np.array(binned(sample, values, region)).reshape(-1, 4).T
                axis.errorbar(
                    rows[0], rows[2], rows[3], fmt=style, ms=4, color=COLOURS[name], label=f"{name}, {what}",
                    mfc="white" if what == "mass" else None,
                )  # fmt: skip
        set_scale(axis, (40, 1500), (0, 0.35))
    axes[0].legend(frameon=False)
    return figure


def draw_efficiency(samples: dict[str, Sample]) -> Figure:
    """Tracking efficiency of charged hadrons from the collision; the lines are the numbers of the cards."""
    figure, axes = panels("charged hadron pT [GeV]", "tracking efficiency")
    middle = np.sqrt(TRACK_PT[:-1] * TRACK_PT[1:])
    for axis, region in zip(axes, REGIONS, strict=True):
        for name, sample in samples.items():
            pt, eta, tracked = (np.concatenate(c) for c in (sample.hadron_pt, sample.hadron_eta, sample.tracked))
            inside = (eta >= region[0]) & (eta < region[1])
            total = np.histogram(pt[inside], TRACK_PT)[0]
            rate = np.histogram(pt[inside], TRACK_PT, weights=tracked[inside])[0] / np.maximum(total, 1)
            error = np.sqrt(rate * (1 - rate) / np.maximum(total, 1))
            axis.errorbar(middle, rate, error, fmt="o", ms=4, color=COLOURS[name], label=name)
            fine = np.geomspace(TRACK_PT[0], TRACK_PT[-1], 300)
            card = CARDS[name].trackers["hadron"].probability(np.full(300, sum(region) / 2), fine)
            axis.plot(fine, card, "-", lw=0.8, color=COLOURS[name])
        set_scale(axis, (0.1, 25), (0.5, 1.02))
    axes[0].legend(frameon=False, loc="lower right")
    return figure


def panels(x: str, y: str) -> tuple[Figure, list[Any]]:
    """Three panels side by side, one a region of |eta|."""
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    axes = list(figure.subplots(1, 3, sharey=True))
    for axis, (low, high) in zip(axes, REGIONS, strict=True):
        axis.set_title(f"{low:g} < |η| < {high:g}", fontsize=10)
        axis.set_xlabel(x)
        axis.grid(alpha=0.2)
    axes[0].set_ylabel(y)
    return figure, axes


def set_scale(axis: Any, x: tuple[float, float], y: tuple[float, float]) -> None:
    """A logarithmic axis with plain numbers."""
    axis.set(xscale="log", xlim=x, ylim=y)
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter("")


def save(figure: Figure, path: Path) -> None:
    for suffix in ("png", "svg"):
        target = path.with_name(f"{path.name}.{suffix}")
        figure.savefig(target, dpi=150)
        print(target)


if __name__ == "__main__":
    main()
