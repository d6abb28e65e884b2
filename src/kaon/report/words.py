"""The comparison in words: the question, and its answer in a sentence or three."""

from __future__ import annotations

import math

from kaon.report.runs import Comparison
from kaon.report.table import COLUMNS, Spread, limit, spread

__all__ = ["headline", "question", "ranked"]

_REJECTION = next(column for column in COLUMNS if column.efficiency == 0.3)


def question(comparison: Comparison) -> str:
    """The question that the page answers."""
    classes, models = comparison.classes, tuple(comparison.models)
    task = f"tell {classes[-1]} from {_either(classes[:-1])}" if len(classes) > 1 else "separate these events"
    return f"How well does {models[0]} {task}?" if len(models) == 1 else f"Which model can best {task}?"


def ranked(comparison: Comparison) -> list[str]:
    """Models by falling AUC, those without one left out."""
    found = {model: s.mean for model, runs in comparison.models.items() if (s := spread(runs, "auc")) is not None}
    return sorted(found, key=lambda model: -found[model])


def headline(comparison: Comparison) -> list[str]:
    """The answer in sentences: the best model, by how much, and whether that is more than the spread over seeds."""
    order = ranked(comparison)
    if not order:
        return ["No run has an AUC, which takes labelled test events of signal and background: nothing can be ranked."]
    found = {model: s for model in order if (s := spread(comparison.models[model], "auc")) is not None}
    sentences = [_ranking(order, found), *_rejections(comparison, order)]
    if found[order[0]].seeds == 1:
        sentences.append("The spread between trainings is unknown, as there is only one.")
    return sentences


def _ranking(order: list[str], found: dict[str, Spread]) -> str:
    first, top = order[0], found[order[0]]
    over = "" if top.deviation is None else f" (mean ± spread over {top.seeds} trainings)"
    if len(order) == 1:
        return f"{first} reaches an AUC of {top.text(4)}{over}."
    gap = top.mean - found[order[1]].mean
    deviations = [found[model].deviation for model in order[:2]]
    noise = None if None in deviations else math.hypot(*(d or 0.0 for d in deviations))
    lead = f"{first} leads with an AUC of {top.text(4)}{over}, {Spread(gap, noise, 2).text(4)} above {order[1]}"
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
