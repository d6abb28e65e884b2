"""The comparison in words: the question, and its answer in a sentence or three."""

from __future__ import annotations

import math

from kaon.evaluate import mistakes
from kaon.report.charts.classes import shares
from kaon.report.runs import Comparison
from kaon.report.table import COLUMNS, Spread, limit, spread

__all__ = ["headline", "question", "ranked"]

_REJECTION = next(column for column in COLUMNS if column.efficiency == 0.3)

_FEW = 4
"""Classes that a title can name."""


def question(comparison: Comparison) -> str:
    """The question that the page answers."""
    classes, models = comparison.classes, tuple(comparison.models)
    if comparison.many:
        few = f"{', '.join(classes[:-1])} and {classes[-1]}" if len(classes) <= _FEW else f"{len(classes)} classes"
        return f"{f'How well does {models[0]}' if len(models) == 1 else 'Which model can best'} tell {few} apart?"
    task = f"tell {classes[-1]} from {_either(classes[:-1])}" if len(classes) > 1 else "separate these events"
    return f"How well does {models[0]} {task}?" if len(models) == 1 else f"Which model can best {task}?"


def ranked(comparison: Comparison) -> list[str]:
    """Models by falling AUC (accuracy, of more than two classes), those without one left out."""
    key = "accuracy" if comparison.many else "auc"
    found = {model: s.mean for model, runs in comparison.models.items() if (s := spread(runs, key)) is not None}
    return sorted(found, key=lambda model: -found[model])


def headline(comparison: Comparison) -> list[str]:
    """The answer in sentences: the best model, by how much, and whether that is more than the spread over seeds."""
    order = ranked(comparison)
    if comparison.many:
        return _of_many(comparison, order)
    if not order:
        return ["No run has an AUC, which takes labelled test events of signal and background: nothing can be ranked."]
    found = {model: s for model in order if (s := spread(comparison.models[model], "auc")) is not None}
    return [_ranking(order, found, "an AUC"), *_rejections(comparison, order), *_alone(found[order[0]])]


def _of_many(comparison: Comparison, order: list[str]) -> list[str]:
    """The best accuracy, its error rate, and what it confuses most."""
    if not order:
        return ["No run has an accuracy, which takes labelled test events of several classes: nothing can be ranked."]
    found = {model: s for model in order if (s := spread(comparison.models[model], "accuracy")) is not None}
    top = found[order[0]]
    sentences = [_ranking(order, found, "an accuracy"), f"It errs in {1 - top.mean:.2%} of the test events."]
    matrix = shares(comparison.models[order[0]])
    worst = [] if matrix is None else mistakes(matrix, comparison.classes, 1)
    sentences += [f"Most often it takes {m.true} for {m.taken}: {m.share:.1%} of all {m.true}." for m in worst]
    return [*sentences, *_alone(top)]


def _alone(top: Spread) -> list[str]:
    return ["The spread between trainings is unknown, as there is only one."] if top.seeds == 1 else []


def _ranking(order: list[str], found: dict[str, Spread], what: str) -> str:
    first, top = order[0], found[order[0]]
    over = "" if top.deviation is None else f" (mean ± spread over {top.seeds} trainings)"
    if len(order) == 1:
        return f"{first} reaches {what} of {top.text(4)}{over}."
    gap = top.mean - found[order[1]].mean
    deviations = [found[model].deviation for model in order[:2]]
    noise = None if None in deviations else math.hypot(*(d or 0.0 for d in deviations))
    lead = f"{first} leads with {what} of {top.text(4)}{over}, {Spread(gap, noise, 2).text(4)} above {order[1]}"
    if noise is None or gap > 2 * noise:
        return f"{lead}."
    return f"{lead}: a lead that other seeds may turn around, being less than twice its spread."


def _rejections(comparison: Comparison, order: list[str]) -> list[str]:
    told = [text for model in order[:2] if (text := _one_in(comparison, model))]
    if not told:
        return []
    sentence = f"Where 30 % of the signal is kept, {order[0]} lets one background event in {told[0]} through"
    return [f"{sentence}; {order[1]} one in {told[1]}." if len(told) > 1 else f"{sentence}."]


def _one_in(comparison: Comparison, model: str) -> str:
    runs = comparison.models[model]
    least = limit(runs, _REJECTION)
    if least is not None:
        return f"more than {least:,.0f}"
    found, statistical = spread(runs, _REJECTION.key), spread(runs, _REJECTION.error)
    if found is None:
        return ""
    return found.text(0) + (
        "" if statistical is None else f" (± {statistical.mean:,.0f} from the number of test events)"
    )


def _either(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
