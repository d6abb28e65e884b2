"""`kaon train --folds`: cross-training kept in a directory that the report reads like a run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from kaon.cli.monitor import Monitor, record
from kaon.data import Events
from kaon.errors import DataError
from kaon.files import write_text
from kaon.learn import Run, RunConfig, cross_train
from kaon.learn.metrics import summary_metrics
from kaon.learn.run import write_json

__all__ = ["cross_run"]


def cross_run(config: RunConfig, events: Events, folds: int, folder: Path, monitor: Monitor) -> Run:
    """Train one model a fold; predictions and numbers are those of all events, each by the model that never saw it.

    Args:
        config: settings; of the split only its seed counts, and the share of validation events.
        events: labelled.
        folds: at least 2.
        folder: gets `fold0.kaon`, `fold1.kaon`, ..., `predictions/test.parquet`, `config.yaml` and `metrics.json`.
        monitor: told of each fold.

    Raises:
        DataError: the folder holds a run with other settings or another number of folds.
    """
    done = Run.finished(folder, config)
    if done is not None:
        if done.metrics.get("folds") != folds:
            raise DataError(f"{folder} holds a run that is not of {folds} folds; choose another folder, or delete it")
        monitor.finished.append(record(done))
        return done
    share = config.split[1] / (config.split[0] + config.split[1])

    def follow(number: int) -> Any:
        return monitor(f"{config.model} fold {number}", config.train.seed, None)

    with monitor:
        predictions, taggers = cross_train(
            config.model,
            events,
            folds,
            config.train,
            validation=share,
            split_seed=config.split_seed,
            progress=follow,
            options=config.options,
            representation=config.representation,
            representation_options=config.representation_options,
            spectators=config.spectators,
        )
    for number, tagger in enumerate(taggers):
        tagger.save(folder / f"fold{number}.kaon")
    replace(predictions, info={"model": config.model, "seed": config.train.seed}).save(
        folder / "predictions" / "test.parquet"
    )
    write_text(folder / "config.yaml", config.to_yaml())
    metrics = {
        "model": config.model,
        "seed": config.train.seed,
        **summary_metrics(predictions),
        "parameters": taggers[0].parameter_count,
        "train_seconds": sum(row.get("seconds", 0.0) for tagger in taggers for row in tagger.training["log"]),
        "inference_us": None,
        "representation": taggers[0].representation_name,
        "events": {"train": 0, "validation": 0, "test": len(events)},
        "folds": folds,
    }
    write_json(folder / "metrics.json", json.loads(json.dumps(metrics)))
    run = Run(folder, metrics)
    monitor.finished.append(record(run))
    return run
