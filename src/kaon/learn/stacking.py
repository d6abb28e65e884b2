"""Stacking: a model over the scores of other models, trained on events that none of them has seen.

Wolpert, Neural Networks 5 (1992) 241, https://doi.org/10.1016/S0893-6080(05)80023-1. Level 0 are the taggers, trained
on a training part, their best epochs chosen on a validation part. Level 1 is trained on a held-out part. All are judged
on the same test part. If level 1 saw the scores of events that level 0 was trained on, or stopped on, it would trust
the tagger that remembers best, not the one that is right.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kaon.data import Events, Predictions
from kaon.data.split import HELD_OUT
from kaon.errors import ConfigError, DataError
from kaon.learn.fit import Progress
from kaon.learn.run import EVENTS, Parts, Run, RunConfig, execute_run

__all__ = ["check_disjoint", "log_ratios", "scores_of", "stack", "with_scores"]

_FLOOR = 1e-12
"""Smallest probability: boosted trees say 0 and 1, of which the logarithm is infinite."""

_FILE = "held-out.parquet"


def stack(
    level: Mapping[str, Run],
    seen: Parts,
    held_out: Events,
    config: RunConfig,
    folder: str | os.PathLike[str],
    *,
    validation_fraction: float = 0.25,
    sources: Sequence[str | os.PathLike[str]] = (),
    progress: Progress | None = None,
) -> Run:
    """Train a model over the scores of others; a finished run is returned as it is.

    Args:
        level: name -> finished run of level 0, all of them on `seen`.
        seen: what level 0 was trained on, chose its epochs with, and is tested on.
        held_out: events that no run of level 0 has seen.
        config: of level 1; its model reads `tabular`. Split and features are set here.
        folder: of the run of level 1.
        validation_fraction: share of the held-out events that chooses the epoch of level 1.
        sources: Python files of the user's own models, as for `kaon.load`.
        progress: called during training.

    Returns:
        The run of level 1, tested on the same events as level 0.

    Raises:
        DataError: an event is in two parts, or a run of level 0 was trained on others.
        ConfigError: no runs, or a fraction outside (0, 1).
    """
    if not level or not 0 < validation_fraction < 1:
        raise ConfigError(
            f"{len(level)} taggers, validation_fraction={validation_fraction}: give at least one finished run and a "
            "fraction between 0 and 1"
        )
    check_disjoint(training=seen.train, validation=seen.validation, test=seen.test, held_out=held_out)
    for name, run in level.items():
        noted = run.folder / EVENTS
        if not noted.exists() or json.loads(noted.read_text())["digest"] != seen.digest:
            raise DataError(f"{run.folder}, stacked as {name}, was not trained on these events; train it on them first")
    scored = scores_of(level, held_out, sources=sources)
    tested = {name: _stored(run.folder / "predictions" / "test.parquet", seen.test) for name, run in level.items()}
    shares = (1 - validation_fraction, validation_fraction)
    fitting, choosing = with_scores(held_out, scored).split(shares, config.split_seed + HELD_OUT)
    chosen = config.model_copy(
        update={
            "representation": "tabular",
            "representation_options": {"features": list(_columns(scored))},
            "split": (*shares, 0.0),
            "data": {**config.data, "stacked": {name: run.folder.name for name, run in level.items()}},
        }
    )
    return execute_run(chosen, Parts(fitting, choosing, with_scores(seen.test, tested)), folder, progress=progress)


def check_disjoint(**parts: Events) -> None:
    """Raise unless every event is in one part only, by its number.

    Raises:
        DataError: two parts share an event, or a part is empty.

    >>> check_disjoint(training=Events([1, 2], index=np.array([7, 8])), test=Events([1], index=np.array([9])))
    """
    for name, part in parts.items():
        if not len(part):
            raise DataError(f"the part {name.replace('_', '-')} is empty")
    for (one, first), (two, second) in combinations(parts.items(), 2):
        shared = np.intersect1d(first.index, second.index)
        if len(shared):
            raise DataError(
                f"{len(shared)} events are both in {one.replace('_', '-')} and in {two.replace('_', '-')}, for example "
                f"number {shared[0]}; split by event number, so that nothing leaks from one level into the other"
            )


def scores_of(
    level: Mapping[str, Run], events: Events, *, sources: Sequence[str | os.PathLike[str]] = ()
) -> dict[str, Predictions]:
    """What each run says of the held-out events; kept in its folder as `predictions/held-out.parquet`.

    Runs with the same fitted representation follow each other best: the events are then represented once.

    Args:
        level: name -> finished run.
        events: held out.
        sources: Python files of the user's own models.
    """
    found: dict[str, Predictions] = {}
    known, batch = "", None
    for name, run in level.items():
        file = run.folder / "predictions" / _FILE
        if file.exists() and _about(stored := Predictions.load(file), events):
            found[name] = stored
            continue
        tagger = run.tagger(sources)
        key = json.dumps([tagger.representation_name, tagger.representation.state()], sort_keys=True)
        if key != known or batch is None:
            known, batch = key, tagger.representation.transform(events)
        found[name] = tagger.predictions(tagger.probabilities(events, batch), events)
        found[name].save(file)
    return found


def with_scores(events: Events, scores: Mapping[str, Predictions]) -> Events:
    """The events with the logits of taggers as columns: `logit_NAME`, or `logit_NAME_CLASS` for more than two classes.

    Raises:
        DataError: predictions of other events.
    """
    for name, found in scores.items():
        if not _about(found, events):
            raise DataError(f"the scores of {name} are not those of these {len(events)} events")
    return events.with_columns(**_columns(scores))


def log_ratios(score: NDArray[Any]) -> NDArray[np.float64]:
    """log(p_c / p_0) for c = 1, 2, ...: probabilities (events, classes) -> (events, classes - 1), finite always.

    >>> log_ratios(np.array([[0.5, 0.5], [1.0, 0.0]])).round(1).tolist()
    [[0.0], [-27.6]]
    """
    logarithm = np.log(np.maximum(np.asarray(score, np.float64), _FLOOR))
    return logarithm[:, 1:] - logarithm[:, :1]


def _columns(scores: Mapping[str, Predictions]) -> dict[str, NDArray[np.float64]]:
    made = {}
    for name, found in scores.items():
        for number, values in enumerate(log_ratios(found.score).T, start=1):
            made[f"logit_{name}" if len(found.classes) == 2 else f"logit_{name}_{found.classes[number]}"] = values
    return made


def _about(found: Predictions, events: Events) -> bool:
    """Whether these are predictions of these events, in their order."""
    return found.index is not None and np.array_equal(found.index, events.index)


def _stored(file: Path, events: Events) -> Predictions:
    """The test predictions of a run, in the order of the events."""
    found = Predictions.load(file)
    if not _about(found, events):
        raise DataError(f"{file} does not hold the test events; delete the run, so that it is made again")
    return found
