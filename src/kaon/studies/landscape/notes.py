"""What limits the numbers of the landscape at a scale, and what more data would change, in words made from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kaon.report import Comparison
from kaon.studies.base import Context
from kaon.studies.landscape.sample import Sample
from kaon.studies.landscape.taggers import GOAT, TAGGERS, Tagger

__all__ = ["facts", "notes"]

_PAPER_JETS = 1_211_000
"""Training jets of the public sample."""


def facts(sample: Sample, comparison: Comparison) -> dict[str, str]:
    """Data, parts and hours of training."""
    seconds = sum(run.metrics.get("train_seconds", 0.0) for run in comparison.runs)
    return {
        "Data": sample.words,
        "Jets": sample.told(),
        "Trainings": f"{len(comparison.runs)}, {seconds / 60:,.0f} minutes in all",
        "Begun": min(str(run.environment.get("started", "")) for run in comparison.runs)[:16].replace("T", " "),
    }


def notes(
    context: Context,
    sample: Sample,
    taggers: Sequence[Tagger],
    comparison: Comparison,
    learned: Mapping[str, Mapping[int, float]],
) -> list[str]:
    """One paragraph each: jets, epochs, the growth with jets, errors, costs, GoaT, what is absent."""
    jets, test = len(sample.parts.train), sample.parts.test
    background = int((test.labels != len(test.classes) - 1).sum())
    made = [
        f"The paper trains on {_PAPER_JETS:,} jets; here there are {jets:,}, one in {_PAPER_JETS / jets:,.0f}. "
        + (
            "They are simulated after its recipe with an emulation of the detector, so that even with as many jets the "
            "numbers would not be the paper's. With the public files, --data train.h5 val.h5 test.h5 compares like "
            "with like."
            if sample.simulated
            else "They are the files that were given."
        ),
        _epochs(context, taggers),
        _growth(learned, jets),
        f"All taggers are judged on the same {len(test):,} test jets, {background:,} of them background: "
        f"{_known(background)}. Differences between taggers are better known than that, because the jets are the same.",
        "Training is the wall-clock time of one training; inference is the network alone, with its inputs ready: for "
        "N-subjettiness, energy flow polynomials, trees and images, making the inputs takes longer than reading them.",
    ]
    if GOAT.model in comparison.models:
        stacked = [t.model for t in taggers if t.stacked]
        made.append(
            f"GoaT combines {len(stacked)} taggers. It is trained on {len(sample.held_out):,} jets that none of them "
            "has seen, neither in training nor in choosing its best epoch, and its inference needs all of theirs "
            "before its own, which alone is in the table."
        )
    there = {t.model for t in taggers} | {GOAT.model}
    absent = [t.model for t in TAGGERS if t.model not in there]
    if absent and not context.models:
        made.append(f"Not in this version of kaon: {', '.join(absent)}.")
    return [text for text in made if text]


def _known(background: int) -> str:
    """What a low and a high rejection leave of so many background jets, and their relative errors 1 / sqrt(n)."""
    low, high = (10, 100) if background < 10_000 else (100, 1000)
    return (
        f"a rejection of {low} leaves {background / low:,.0f} of them and is known to {(low / background) ** 0.5:.0%}, "
        f"one of {high:,} leaves {background / high:,.0f} and is known to {(high / background) ** 0.5:.0%}"
    )


def _epochs(context: Context, taggers: Sequence[Tagger]) -> str:
    if context.scale_name == "full":
        return "Epochs, batches and learning rates are the papers', as far as they give them."
    by_epochs: dict[int, list[str]] = {}
    for tagger in taggers:
        if tagger.train["epochs"] > 1:
            by_epochs.setdefault(tagger.effort(context.scale_name).epochs, []).append(tagger.model)
    if not by_epochs:
        return ""
    told = "; ".join(f"{n} for {', '.join(names)}" for n, names in sorted(by_epochs.items()))
    return (
        f"Epochs are not equal, for what an epoch costs is not: {told}. The papers take 20 to 100. Networks with few "
        "epochs on few jets are far from what they can do, and the largest are hurt most: at this scale the order of "
        "the table says little of the order at paper scale."
    )


def _growth(learned: Mapping[str, Mapping[int, float]], jets: int) -> str:
    """What the scaling curves say."""
    told = []
    for model, points in learned.items():
        if len(points) > 1:
            few, many = min(points), max(points)
            told.append(f"{model} goes from {points[few]:.4f} to {points[many]:.4f}")
    if not told:
        return ""
    few = min(min(points) for points in learned.values() if len(points) > 1)
    return (
        f"What more data would change: from {few:,} to {jets:,} training jets, with as many steps, the AUC of "
        f"{', that of '.join(told)}. A curve that still rises has not had all the jets it can use. The published "
        "numbers show the rest of the way: with more than a million jets, networks on clouds of particles lead."
    )
