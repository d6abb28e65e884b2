"""The report: one HTML page that holds everything it needs and asks nothing of any network."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from kaon.errors import DataError
from kaon.files import write_text
from kaon.report.charts.chart import Chart, Missing
from kaon.report.charts.classes import certainty, confused, found, one_against_all, sureness
from kaon.report.charts.cut import efficiencies, gain
from kaon.report.charts.performance import confusion, roc, significance
from kaon.report.charts.physics import rejection_by_pt, sculpting
from kaon.report.charts.sample import class_keys, correlations, examples, images, inputs
from kaon.report.charts.scores import calibration, score_distributions
from kaon.report.charts.training import loss, progress
from kaon.report.frame import Section, render
from kaon.report.listing import Listing
from kaon.report.origins import origins
from kaon.report.runs import Comparison, load
from kaon.report.table import columns, rows
from kaon.report.words import headline, question, ranked

__all__ = ["write_page"]

T = TypeVar("T", bound=Chart | Missing | Listing)


class Attempt(Protocol):
    """Draws, or says why the numbers cannot be computed."""

    def __call__(self, draw: Callable[[Comparison], T], title: str) -> T | Missing: ...


def write_page(source: Comparison | str | os.PathLike[str], path: str | os.PathLike[str]) -> Path:
    """Write the interactive report of a comparison or of a single run.

    The page is self-contained: script, style and numbers are inside, and its Content-Security-Policy forbids any
    request. What cannot be drawn (no jet pT was kept, no labels, ...) is said in a sentence instead.

    Args:
        source: what `load` returned, or the directory to load.
        path: the HTML file to write.

    Raises:
        DataError: the directory holds no finished run, or the file cannot be written.
    """
    comparison = source if isinstance(source, Comparison) else load(source)
    return write_text(path, _render(comparison))


def _render(comparison: Comparison) -> str:
    return render(
        "page.html.jinja",
        _sections(comparison),
        origins(comparison),
        question=question(comparison),
        models=tuple(comparison.models),
        answer=[sentence.replace(" ± ", "\u00a0±\u00a0") for sentence in headline(comparison)],
        best=next(iter(ranked(comparison)), ""),
        facts=_facts(comparison),
        columns=columns(comparison),
        rows=rows(comparison),
        table_note=_table_note(comparison),
    )


def _sections(comparison: Comparison) -> list[Section]:
    def attempt(draw: Callable[[Comparison], T], title: str) -> T | Missing:
        """The chart, or why its numbers cannot be computed."""
        try:
            return draw(comparison)
        except DataError as error:
            return Missing(title, f"This cannot be computed: {error}.")

    judged = _of_many(comparison, attempt) if comparison.many else _of_two(attempt)
    return [
        *judged,
        *_physics(comparison, attempt),
        Section(
            "training",
            "How did the training go?",
            "Enough epochs, and no more than enough: the validation loss should have stopped falling without rising.",
            [loss(comparison), progress(comparison)],
        ),
        *_sample(comparison),
    ]


def _of_two(attempt: Attempt) -> list[Section]:
    """Signal against background."""
    return [
        Section(
            "separation",
            "How much background survives?",
            "A cut on the score keeps a share of the signal and lets some background through. Every point of these "
            "curves is such a cut, measured on test events that no training has seen.",
            [attempt(roc, "Background rejection"), attempt(significance, "Significance improvement")],
        ),
        Section(
            "cut",
            "Where should the cut be?",
            "Efficiencies, purity and significance of the events whose score lies above a cut, for as many events as "
            "an analysis expects (kaon report --signal-events, --background-events, --background-uncertainty).",
            [attempt(efficiencies, "Efficiencies against the cut"), attempt(gain, "Significance against the cut")],
        ),
        Section(
            "scores",
            "Can the scores be trusted?",
            "Training and test events should look the same to the model, and a score of 0.8 should be right 8 times "
            "out of 10.",
            [attempt(score_distributions, "Scores by class"), attempt(calibration, "Calibration")],
        ),
    ]


def _of_many(comparison: Comparison, attempt: Attempt) -> list[Section]:
    """Classes of equal rank."""
    best = next(iter(ranked(comparison)), next(iter(comparison.models), ""))
    return [
        Section(
            "separation",
            "What is taken for what?",
            "Every test event, which no training has seen, goes to the class with the highest score.",
            [
                attempt(confusion, "Confusion"),
                attempt(found, "What is found of each class"),
                attempt(lambda c: confused(c, best), "Most frequent confusions"),
                attempt(one_against_all, "One class against all others"),
            ],
        ),
        Section(
            "scores",
            "Does it know how sure it is?",
            "Training and test events should look the same to the model, and a decision with a probability of 0.8 "
            "should be right 8 times out of 10.",
            [attempt(sureness, "How sure it is"), attempt(certainty, "Calibration")],
        ),
    ]


def _physics(comparison: Comparison, attempt: Attempt) -> list[Section]:
    """What only jets have; of several classes the last one against all others."""
    kept = {name for run in comparison.runs for p in run.predictions.values() for name in p.spectators}
    pictures = (comparison.sample or {}).get("pictures")
    if (comparison.many or pictures) and not kept & {"jet_pt", "jet_mass"}:
        return []
    last = f" Signal is {comparison.classes[-1]}, all others are background." if comparison.many else ""
    return [
        Section(
            "physics",
            "Does it depend on the jet?",
            "A tagger that works at one momentum only, or that carves a bump into the background's mass, is hard to "
            f"use in an analysis.{last}",
            [attempt(rejection_by_pt, "Rejection against jet pT"), attempt(sculpting, "Mass sculpting")],
        )
    ]


def _sample(comparison: Comparison) -> list[Section]:
    """What the events look like."""
    shown: list[Section] = []
    if pictures := examples(comparison):
        lead = "Some events of each class, as they are in the file."
        shown = [Section("image", "What do the classes look like?", lead, [pictures])]
        if not (comparison.sample or {}).get("features"):
            return shown
    sections = [
        Section(
            "inputs",
            "What went in?",
            "Distributions of the inputs by class, each of unit area. Where the classes lie apart, even a single cut "
            "separates them.",
            inputs(comparison),
            class_keys(comparison),
        ),
        Section(
            "correlations",
            "How are the inputs correlated?",
            "Linear correlation of every two inputs. What differs between the classes is what a model can use beyond "
            "single cuts.",
            correlations(comparison),
        ),
        Section(
            "image",
            "What does an average jet look like?",
            "Energy around the jet axis, averaged over the jets of each class. The colour scale is logarithmic and "
            "the same for all classes.",
            images(comparison),
        ),
    ]
    # Whole events in a table have no average jet, and nobody needs to be told so.
    table = bool(comparison.sample and comparison.sample.get("features") and not comparison.sample.get("image"))
    return [section for section in sections if not (table and section.name == "image")] + shown


def _facts(comparison: Comparison) -> list[tuple[str, str]]:
    events = comparison.runs[0].metrics.get("events") or {}
    created = str(comparison.info.get("created", ""))[:16].replace("T", " ")
    seeds = sorted({run.seed for run in comparison.runs})
    found = [
        ("Source", str(comparison.info.get("source", ""))),
        ("Events", ", ".join(f"{count:,} {split}" for split, count in events.items())),
        ("Seeds", ", ".join(map(str, seeds))),
        ("Made", created),
    ]
    return [(name, value) for name, value in found if value]


def _table_note(comparison: Comparison) -> str:
    counts = sorted({len(runs) for runs in comparison.models.values()})
    if counts == [1]:
        spread = "One training per model, so no spread between trainings is known."
    else:
        seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        spread = f"Numbers are mean ± standard deviation over {seeds} trainings with different seeds."
    return f"{spread} {'' if comparison.many else _COUNTED}The best of each column is tinted. Select a heading to sort."


_COUNTED = (
    "“stat.” is the statistical error of the test events, which all models share; “>” is a lower limit where no "
    "background was left to count. "
)
