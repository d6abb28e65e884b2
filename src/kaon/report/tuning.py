"""The page of a search for hyper-parameters."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from kaon.files import write_text
from kaon.report.charts.tuning import curves, history, importances, setting, slices
from kaon.report.frame import Section, render
from kaon.report.origins import Origin
from kaon.tune.record import BEST, TABLE, Search, Trial

__all__ = ["headline", "write_tuning"]

_MOST = 12
"""Trials of the table; the file of trials has all."""


def write_tuning(search: Search, path: str | os.PathLike[str]) -> Path:
    """Write the interactive, self-contained page of a search.

    Args:
        search: what it found.
        path: the HTML file to write.

    Raises:
        DataError: the file cannot be written.
    """
    ranked = sorted(search.complete, key=lambda t: t.value or 0.0, reverse=True)
    seconds = sum(t.seconds for t in search.trials)
    page = render(
        "tuning.html.jinja",
        _sections(search),
        _origins(search),
        question=f"Which {search.model} is best?",
        models=(),
        best="",
        answer=headline(search),
        facts=[
            *search.facts.items(),
            ("Objective", search.objective),
            ("Trials", ", ".join(f"{count:,} {state}" for state, count in search.counts.items() if count)),
            ("Pruner", search.pruner),
            ("Seed", str(search.seed)),
            ("Training time", f"{seconds / 3600:.1f} h" if seconds > 3600 else f"{seconds:.0f} s"),
        ],
        objective=search.objective,
        names=list(search.space),
        ranges=search.space,
        rows=[_row(search, t) for t in ranked[:_MOST]],
        hidden=max(len(ranked) - _MOST, 0),
        table=TABLE,
        run=f"{BEST}/report.html",
    )
    return write_text(path, page)


def headline(search: Search) -> list[str]:
    """What was found, in sentences."""
    best, usual = search.best, search.default
    if best is None:
        return ["No trial was completed."]
    said = [f"The best of {len(search.trials)} trials is number {best.number}: {search.objective} {best.value:.5g}."]
    if usual is not None and usual.number == best.number:
        said.append("It is what is used without a search: nothing that was tried is better.")
    elif usual is not None:
        said.append(f"Without a search it is {usual.value:.5g}, on the same validation events.")
    auc = search.test.get("auc")
    if auc is not None:
        same = search.objective == "AUC"
        said.append(
            f"On test events, which no trial has seen, the best {'has' if same else 'has an AUC of'} {auc:.5g}"
            + ("." if not same else ": the number to quote, since the largest of many validation values flatters.")
        )
    if search.importances:
        first = max(search.importances, key=search.importances.__getitem__)
        said.append(f"{first} mattered most ({search.importances[first]:.0%} of the variance).")
    return said


def _sections(search: Search) -> list[Section]:
    return [
        Section(
            "history",
            "Has the search settled?",
            "Early trials explore at random; later ones look where the good ones were.",
            [history(search), curves(search)],
        ),
        Section(
            "importance",
            "Which hyper-parameters matter?",
            "What explains little may as well keep its default.",
            [importances(search)],
        ),
        Section(
            "slices",
            "Where do the good ones lie?",
            "Each trial against one hyper-parameter at a time. A best value at the end of a range asks for a wider "
            "range; the star is the best, the diamond what is used without a search.",
            slices(search),
        ),
    ]


def _row(search: Search, trial: Trial) -> dict[str, Any]:
    best = search.best
    return {
        "number": trial.number,
        "note": "without a search" if trial.default else "",
        "value": trial.value,
        "text": f"{trial.value:.5g}",
        "best": best is not None and trial.number == best.number,
        "settings": [(value, setting(value)) for value in (trial.settings.get(name) for name in search.space)],
        "seconds": trial.seconds,
    }


def _origins(search: Search) -> list[Origin]:
    space = yaml.safe_dump(dict(search.space), sort_keys=False, allow_unicode=True).strip()
    failed = "\n".join(f"trial {t.number}: {t.error}" for t in search.trials if t.state == "failed")
    found = [Origin("Search space", space, f"of {search.model}")]
    if failed:
        found.append(Origin("Trials that failed", failed))
    if search.best is not None:
        best = {name: list(v) if isinstance(v, tuple) else v for name, v in search.best.settings.items()}
        found.append(Origin("Best settings", yaml.safe_dump(best, sort_keys=False).strip(), "all of them in best.yaml"))
    return found
