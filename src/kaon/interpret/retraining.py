"""Variables judged by training again: without each of them, and with one more at a time.

What a model loses when it is trained without a variable is what that variable knows and no other does. Every training
is a run directory, on the same split and with the same seeds, so that the ranking resumes and each number can be opened
as a model.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from kaon.data import Predictions
from kaon.errors import ConfigError, UnknownName
from kaon.evaluate import auc, bootstrap
from kaon.learn.fit import Progress
from kaon.learn.run import Parts, Run, RunConfig, execute_run

__all__ = ["How", "Retrained", "retrain"]

How = Literal["without", "with"]

Reporter = Callable[[str, int, Run | None], Progress | None]
"""Called with (name, seed, None) before a training, returning its progress callback, and with the run after it."""


@dataclass(frozen=True)
class Retrained:
    """Trainings with one set of variables.

    Args:
        name: `all`, `without x1`, `with x1`.
        columns: that the model read.
        auc: of the test events, mean over the seeds.
        spread: standard deviation over the seeds; None with one seed.
        change: AUC minus that of all variables, mean over the seeds.
        error: statistical error of the change, from the same bootstrap replicas of the same test events for both.
    """

    name: str
    columns: tuple[str, ...]
    auc: float
    spread: float | None
    change: float
    error: float


def retrain(
    config: RunConfig,
    parts: Parts,
    variables: Mapping[str, Sequence[str]],
    folder: str | os.PathLike[str],
    how: How = "without",
    *,
    seeds: int = 1,
    replicas: int = 50,
    reporter: Reporter | None = None,
) -> list[Retrained]:
    """Train with all variables, and then leaving one out at a time (`without`) or adding one after another (`with`).

    Args:
        config: of the trainings; the model must read `tabular`. Features and seed are set here.
        parts: training, validation and test events.
        variables: name -> its columns; for `with` in the order in which they are added.
        folder: of the runs, `runs/without-x1-seed0` and so on; finished ones are not repeated.
        how: without each variable in turn, or with one more each time, from the first alone to all.
        seeds: trainings of each set, of the seeds 0, 1, ...
        replicas: of the bootstrap.
        reporter: told of each training before and after.

    Returns:
        `all` first, then a row a variable in their order; the last row of `with` is that of all and left out.

    Raises:
        ConfigError: fewer than two variables, no seeds, or another way.
        UnknownName: a column that the events do not have.
        DataError: the model cannot use these events.
    """
    if len(variables) < 2 or seeds < 1 or how not in get_args(How):
        raise ConfigError(
            f"{len(variables)} variables, seeds={seeds}, how={how!r}: give at least two variables and one seed, "
            f"and how one of {', '.join(get_args(How))}"
        )
    for column in (c for columns in variables.values() for c in columns if c not in parts.train.fields):
        raise UnknownName("column", column, parts.train.fields, parts.train.provenance.source)
    names = list(variables)
    sets: dict[str, list[str]] = {"all": names}
    for number, name in enumerate(names):
        if how == "without":
            sets[f"without {name}"] = [other for other in names if other != name]
        elif number < len(names) - 1:
            sets[f"with {name}"] = names[: number + 1]
    tests: dict[str, list[Predictions]] = {}
    columns = {}
    for title, chosen in sets.items():
        read = {column for name in chosen for column in variables[name]}
        columns[title] = tuple(column for column in parts.train.fields if column in read)
        tests[title] = [
            _trained(config, parts, columns[title], title, seed, Path(folder), reporter) for seed in range(seeds)
        ]
    return [_row(title, columns[title], several, tests["all"], replicas) for title, several in tests.items()]


def _trained(
    config: RunConfig,
    parts: Parts,
    columns: tuple[str, ...],
    title: str,
    seed: int,
    folder: Path,
    reporter: Reporter | None,
) -> Predictions:
    own = config.model_copy(
        update={
            "train": config.train.model_copy(update={"seed": seed}),
            "representation": "tabular",
            "representation_options": {**config.representation_options, "features": list(columns)},
        }
    )
    place = folder / "runs" / f"{re.sub(r'[^A-Za-z0-9_.+]+', '-', title)}-seed{seed}"
    progress = reporter(title, seed, None) if reporter else None
    run = execute_run(own, parts, place, progress=progress)
    if reporter:
        reporter(title, seed, run)
    return Predictions.load(place / "predictions" / "test.parquet")


def _row(
    title: str, columns: tuple[str, ...], several: list[Predictions], whole: list[Predictions], replicas: int
) -> Retrained:
    signal = (whole[0].labels == len(whole[0].classes) - 1).astype(np.int64)
    weight = whole[0].weights
    both = np.stack([p.signal_score for p in (*several, *whole)], axis=1)  # (events, 2 * seeds)

    def areas(score: NDArray[Any], target: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([float(auc(column, target, weights)) for column in score.T])

    values = areas(both, signal, weight)
    own, reference = values[: len(several)], values[len(several) :]
    error = 0.0
    if title != "all" and replicas:
        error = _paired_error(both, signal, weight, replicas, areas)
    spread = float(own.std(ddof=1)) if len(own) > 1 else None
    return Retrained(title, columns, float(own.mean()), spread, float((own - reference).mean()), error)


def _paired_error(
    both: NDArray[Any], signal: NDArray[np.int64], weight: NDArray[np.float64], replicas: int, areas: Callable[..., Any]
) -> float:
    """Of the mean change over the seeds; the rows are drawn together, so that what both models share cancels."""
    rows = np.arange(len(both))

    def change(drawn: NDArray[Any], target: NDArray[np.int64], weights: NDArray[np.float64]) -> float:
        found = areas(both[drawn.astype(np.intp)], target, weights)
        half = len(found) // 2
        return float((found[:half] - found[half:]).mean())

    return float(bootstrap(change, rows, signal, weight, n=replicas).error)
