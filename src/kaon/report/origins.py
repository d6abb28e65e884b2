"""Where the numbers come from: how the events were made, every setting, the software and the command."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from kaon.report.runs import Comparison, RunRecord

__all__ = ["Origin", "origins"]


@dataclass(frozen=True)
class Origin:
    """A text that the reader may unfold."""

    title: str
    text: str
    note: str = ""


def origins(comparison: Comparison) -> list[Origin]:
    """Provenance of the events, then configurations and environments; runs that agree share an entry.

    Runs of one model differ in their seed, which the heading tells, and in the moment they started: neither makes an
    entry of its own.
    """
    sample = comparison.sample or {}
    found = []
    if provenance := sample.get("provenance"):
        counts = {key: sample[key] for key in ("events", "weights") if sample.get(key)}
        found.append(Origin("Events", _text({**provenance, **counts}), str(provenance.get("source", ""))))
    found += _shared("Configuration", comparison, lambda run: run.config, {"seed"})
    found += _shared("Environment", comparison, lambda run: run.environment, {"started"})
    return found or [Origin("Nothing was recorded", "The runs kept neither configuration nor environment.")]


def _shared(
    title: str, comparison: Comparison, part: Callable[[RunRecord], Mapping[str, Any]], aside: set[str]
) -> list[Origin]:
    groups: dict[str, list[RunRecord]] = {}
    for run in comparison.runs:
        if part(run):
            groups.setdefault(_text(_without(part(run), aside)), []).append(run)
    everyone = len(groups) == 1 and len(next(iter(groups.values()))) == len(comparison.runs)
    return [Origin(title, text, "of all runs" if everyone else f"of {_names(runs)}") for text, runs in groups.items()]


def _names(runs: list[RunRecord]) -> str:
    """Models with their seeds."""
    models = dict.fromkeys(run.model for run in runs)
    parts = []
    for model in models:
        seeds = [str(run.seed) for run in runs if run.model == model]
        parts.append(f"{model}, seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}")
    return "; ".join(parts)


def _without(values: Any, names: set[str]) -> Any:
    if isinstance(values, Mapping):
        return {key: _without(value, names) for key, value in values.items() if key not in names}
    return values


def _text(values: Mapping[str, Any]) -> str:
    plain = json.loads(json.dumps(values, default=str))
    return str(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)).strip()
