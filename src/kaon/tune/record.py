"""What a search found, as plain values and as files; nothing here needs Optuna."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from kaon.errors import DataError
from kaon.files import write_text

__all__ = ["BEST", "RECORD", "TABLE", "Search", "State", "Trial", "load", "write"]

RECORD, TABLE, BEST = "trials.json", "trials.csv", "best"
"""Files of a search in its folder, and the folder of its best run."""

State = Literal["complete", "pruned", "failed", "running"]


@dataclass(frozen=True)
class Trial:
    """One training of a search.

    Args:
        number: from 0; numbers of trainings that were interrupted, and begun again, are left out.
        state: complete, pruned (stopped because others were better at the same point), failed or running.
        settings: hyper-parameters and settings that were tried, by name.
        value: of the objective, for a complete trial.
        steps: epochs, or boosting rounds, after which it reported.
        curve: what it reported: validation AUC or loss, see `Search.curve`.
        seconds: it took.
        error: why it failed.
        default: whether it tried what is used without a search.
    """

    number: int
    state: State
    settings: Mapping[str, Any]
    value: float | None = None
    steps: tuple[int, ...] = ()
    curve: tuple[float, ...] = ()
    seconds: float = 0.0
    error: str = ""
    default: bool = False


@dataclass(frozen=True)
class Search:
    """What a search found.

    Args:
        model: its name.
        objective: in words.
        curve: what the trials report on their way: `validation AUC`, `validation loss`, or empty if none did.
        unit: of the steps: `epoch` or `boosting round`.
        space: name -> range, as `kaon.tune.space.words` writes it.
        logarithmic: those of the names that are searched in the logarithm.
        trials: in the order of their numbers.
        importances: name -> share of the variance of the objective (fANOVA); empty for too few complete trials.
        pruner: by which trials are stopped early.
        seed: of search and trainings.
        facts: data, events, ...: name -> words.
        test: numbers of the best run on test events.
    """

    model: str
    objective: str
    curve: str
    unit: str
    space: Mapping[str, str]
    logarithmic: tuple[str, ...]
    trials: tuple[Trial, ...]
    importances: Mapping[str, float] = field(default_factory=dict)
    pruner: str = "median"
    seed: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)
    test: Mapping[str, Any] = field(default_factory=dict)

    @property
    def complete(self) -> tuple[Trial, ...]:
        """Trials with a value."""
        return tuple(t for t in self.trials if t.state == "complete" and t.value is not None)

    @property
    def counts(self) -> dict[str, int]:
        """How many trials are complete, pruned and failed."""
        return {state: sum(t.state == state for t in self.trials) for state in ("complete", "pruned", "failed")}

    @property
    def best(self) -> Trial | None:
        """The complete trial of largest value, the first among equals."""
        return max(self.complete, key=lambda t: t.value or 0.0, default=None)

    @property
    def default(self) -> Trial | None:
        """The complete trial of what is used without a search."""
        return next((t for t in self.complete if t.default), None)


def write(search: Search, folder: str | os.PathLike[str]) -> None:
    """Write `trials.csv`, a row a trial, and `trials.json`, which holds everything."""
    home = Path(folder)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["trial", "state", "value", "seconds", *search.space])
    for t in search.trials:
        value = "" if t.value is None else repr(t.value)
        rows.writerow([t.number, t.state, value, f"{t.seconds:.3f}", *(_cell(t.settings.get(n)) for n in search.space)])
    write_text(home / TABLE, text.getvalue())
    write_text(home / RECORD, json.dumps(asdict(search), indent=1) + "\n")


def load(folder: str | os.PathLike[str]) -> Search:
    """Read what `write` wrote.

    Raises:
        DataError: there is no finished search in the folder, or its file is damaged.
    """
    path = Path(folder) / RECORD
    if not path.is_file():
        raise DataError(f"{folder} holds no finished search ({RECORD} is missing); make one with kaon tune")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        trials = tuple(
            Trial(**{**t, **{name: tuple(t[name]) for name in ("steps", "curve")}, "settings": _tuples(t["settings"])})
            for t in found.pop("trials")
        )
        return Search(**{**found, "trials": trials, "logarithmic": tuple(found["logarithmic"])})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{path} is damaged ({error}); run the same kaon tune again, which writes it anew") from error


def _tuples(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}


def _cell(value: Any) -> str:
    return json.dumps(value) if isinstance(value, list | tuple) else "" if value is None else str(value)
