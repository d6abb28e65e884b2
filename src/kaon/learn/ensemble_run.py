"""A run made of finished runs: their ensemble, its predictions and numbers from theirs, without the events."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from kaon.data import Predictions
from kaon.errors import ConfigError, DataError
from kaon.files import write_text
from kaon.learn.ensemble import NAME, By, Ensemble, shares_of
from kaon.learn.metrics import summary_metrics
from kaon.learn.run import EVENTS, Run, environment, write_json
from kaon.learn.tagger import Tagger

__all__ = ["ensemble_runs"]


def ensemble_runs(
    runs: Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    by: By = "mean",
    *,
    sources: Sequence[str | os.PathLike[str]] = (),
) -> Run:
    """Put finished runs together as one run.

    Args:
        runs: their directories; all on the same events with the same split.
        folder: gets `bundle.kaon`, `predictions/validation.parquet`, `predictions/test.parquet`, `config.yaml` (which
            runs), `environment.json` and `metrics.json`.
        by: mean, or validation for the mixture that predicts the validation events best.
        sources: Python files of the user's own models, as for `kaon.load`.

    Returns:
        The run of the ensemble.

    Raises:
        ConfigError: fewer than two runs, or one twice.
        DataError: a directory holds no finished single training, or the runs are not on the same events.
    """
    places = [Path(run) for run in runs]
    home = Path(folder)
    if (
        len(places) < 2
        or len({p.resolve() for p in places}) < len(places)
        or home.resolve() in map(Path.resolve, places)
    ):
        given = f"{', '.join(map(str, places)) or 'no runs'}, into {home}"
        raise ConfigError(f"an ensemble needs two or more runs, each once, and a folder of its own; given: {given}")
    metrics = [_metrics(place) for place in places]
    digests = {json.loads((place / EVENTS).read_text(encoding="utf-8"))["digest"] for place in places}
    if len(digests) > 1:
        raise DataError(
            f"{', '.join(map(str, places))} were not trained on the same events with the same split; an ensemble of "
            "them would be measured on events that some of them have seen"
        )
    stored = {name: [_stored(place, name) for place in places] for name in ("validation", "test")}
    taggers = [Run(place, {}).tagger(sources) for place in places]
    if not all(isinstance(tagger, Tagger) for tagger in taggers):
        raise ConfigError("an ensemble of ensembles is not made; name the single runs instead")
    shares = shares_of(stored["validation"], by)
    made = Ensemble(tuple(t for t in taggers if isinstance(t, Tagger)), shares, by)
    settings = {"model": NAME, "runs": [str(p) for p in places], "by": by, "shares": list(shares)}
    home.mkdir(parents=True, exist_ok=True)
    write_text(home / "config.yaml", yaml.safe_dump(settings, sort_keys=False))
    write_json(home / EVENTS, {"digest": digests.pop()})
    write_json(home / "environment.json", environment())
    made.save(home / "bundle.kaon")
    mixed = {name: _mixed(several, shares, made.model_name) for name, several in stored.items()}
    for name, predictions in mixed.items():
        predictions.save(home / "predictions" / f"{name}.parquet")
    numbers = {
        "model": made.model_name,
        "seed": min(m["seed"] for m in metrics),
        **summary_metrics(mixed["test"]),
        "parameters": made.parameter_count,
        "train_seconds": sum(m["train_seconds"] for m in metrics),
        "inference_us": _sum([m["inference_us"] for m in metrics]),
        "representation": " + ".join(dict.fromkeys(m["representation"] for m in metrics)),
        "events": metrics[0]["events"],
    }
    write_json(home / "metrics.json", numbers)  # last of all: the run is complete
    return Run(home, numbers)


def _metrics(place: Path) -> dict[str, Any]:
    found = place / "metrics.json"
    if not found.exists() or not (place / "bundle.kaon").exists():
        raise DataError(f"{place} holds no finished training with a bundle.kaon; name directories of `kaon train`")
    metrics: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    return metrics


def _stored(place: Path, name: str) -> Predictions:
    return Predictions.load(place / "predictions" / f"{name}.parquet")


def _mixed(several: Sequence[Predictions], shares: Sequence[float], model: str) -> Predictions:
    first = several[0]
    order = [np.zeros(0) if p.index is None else p.index for p in several]
    if any(p.classes != first.classes for p in several) or any(not np.array_equal(o, order[0]) for o in order):
        raise DataError("the runs do not hold predictions of the same events and classes")
    score = sum(share * p.score.astype(np.float64) for share, p in zip(shares, several, strict=True))
    return replace(first, score=np.asarray(score, np.float32), info={"model": model})


def _sum(values: Sequence[float | None]) -> float | None:
    return None if None in values else float(sum(v for v in values if v is not None))
