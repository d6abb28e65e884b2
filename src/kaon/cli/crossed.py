"""`kaon train --folds`: cross-training kept in a directory that the report reads like a run."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from kaon.cli.monitor import Monitor, record
from kaon.data import Events
from kaon.data.digest import digest
from kaon.errors import DataError
from kaon.files import locked, write_text
from kaon.learn import Run, RunConfig, cross_train
from kaon.learn.fit import CHECKPOINT
from kaon.learn.folds import FOLDS, begun
from kaon.learn.metrics import summary_metrics
from kaon.learn.run import environment, write_json

__all__ = ["cross_run", "refuse_folds"]

_FOLDER = "folds"


def cross_run(config: RunConfig, events: Events, folds: int, folder: Path, monitor: Monitor) -> Run:
    """Train one model a fold; predictions and numbers are those of all events, each by the model that never saw it.

    Folds that are done are kept when the rest is stopped, and a fold that was stopped is resumed.

    Args:
        config: settings; of the split only its seed counts, and the share of validation events.
        events: labelled.
        folds: at least 2.
        folder: gets `folds/fold0/bundle.kaon`, `folds/fold1/bundle.kaon`, ..., `predictions/test.parquet`,
            `config.yaml` (with `folds`), `environment.json` and `metrics.json`.
        monitor: told of each fold.

    Raises:
        DataError: the folder holds a single run, or folds of other settings, another number or other events; or
            another process is training in it.
    """
    config = config.resolved()
    resolved = {**config.model_dump(mode="json"), "folds": folds}
    # The lock is that of a single run, so that the two exclude each other as well.
    with locked(folder / ".lock", f"another process is training in {folder}; wait for it, or choose another folder"):
        run = _finished(folder, resolved, events) or _cross(config, resolved, events, folder, monitor)
    monitor.finished.append(record(run))
    return run


def _cross(config: RunConfig, resolved: Mapping[str, Any], events: Events, folder: Path, monitor: Monitor) -> Run:
    share = config.split[1] / (config.split[0] + config.split[1])
    write_text(folder / "config.yaml", yaml.safe_dump(dict(resolved), sort_keys=False))
    write_json(folder / "environment.json", environment())

    start = time.perf_counter()

    def follow(number: int) -> Any:
        return monitor(f"{config.model} fold {number}", config.train.seed, None)

    with monitor:
        predictions, taggers = cross_train(
            config.model,
            events,
            resolved["folds"],
            config.train,
            validation=share,
            split_seed=config.split_seed,
            folder=folder / _FOLDER,
            progress=follow,
            options=config.options,
            representation=config.representation,
            representation_options=config.representation_options,
            start=config.opened(),
            spectators=config.spectators,
        )
    logged = sum(row.get("seconds", 0.0) for tagger in taggers for row in tagger.training["log"])
    seconds = logged or time.perf_counter() - start  # models without epochs log none
    replace(predictions, info={"model": config.model, "seed": config.train.seed}).save(
        folder / "predictions" / "test.parquet"
    )
    metrics = {
        "model": config.model,
        "seed": config.train.seed,
        **summary_metrics(predictions),
        "parameters": taggers[0].parameter_count,
        "train_seconds": seconds,
        "inference_us": None,
        "representation": taggers[0].representation_name,
        "events": {"train": 0, "validation": 0, "test": len(events)},
        "folds": resolved["folds"],
    }
    # Last of all: its presence means that the run is complete.
    write_json(folder / "metrics.json", metrics)
    return Run(folder, metrics)


def refuse_folds(folder: Path) -> None:
    """Keep a single run out of the folder of a run of folds.

    Raises:
        DataError: the folder holds one, finished or with epochs behind it.
    """
    folds = _settings(folder).get("folds")
    if folds is not None and _begun(folder):
        raise DataError(
            f"{folder} holds a run of {folds} folds, and this is a single run; give --folds {folds}, choose another "
            "folder, or delete it"
        )


def _finished(folder: Path, resolved: Mapping[str, Any], events: Events) -> Run | None:
    """The finished run of the same folds; None if it is absent or unfinished."""
    if not _begun(folder):
        return None
    kept, folds = _settings(folder), resolved["folds"]
    advice = "choose another folder, or delete it"
    if kept.get("folds") is None:
        raise DataError(f"{folder} holds a single run, not one of {folds} folds; {advice}")
    if kept["folds"] != folds:
        raise DataError(f"{folder} holds a run of {kept['folds']} folds, not of {folds} folds; {advice}")
    if kept != resolved:
        raise DataError(f"{folder} holds a run with other settings; {advice}")
    metrics = folder / "metrics.json"
    if not metrics.exists():
        return None
    if json.loads((folder / _FOLDER / FOLDS).read_text(encoding="utf-8"))["events"] != digest(events):
        raise DataError(f"{folder} holds a run on other events; {advice}")
    return Run(folder, json.loads(metrics.read_text(encoding="utf-8")))


def _begun(folder: Path) -> bool:
    return (folder / "metrics.json").exists() or (folder / CHECKPOINT).exists() or begun(folder / _FOLDER)


def _settings(folder: Path) -> dict[str, Any]:
    written = folder / "config.yaml"
    return (yaml.safe_load(written.read_text(encoding="utf-8")) or {}) if written.exists() else {}
