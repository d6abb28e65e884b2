"""Scores for files of any size, chunk by chunk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from kaon.data import Events, Predictions
from kaon.data.io import Paths, append_scores, iterate, write
from kaon.data.io.formats import expand
from kaon.data.records import table
from kaon.deploy.load import load_model
from kaon.deploy.session import OnnxTagger
from kaon.errors import ConfigError
from kaon.learn.ensemble import Ensemble
from kaon.learn.tagger import Tagger

__all__ = ["PredictSummary", "predict_files"]

_PICKING = ("cut", "explode", "drop_invalid", "limit")
"""Options of the reader that change the number of entries."""
_LAYOUT = ("tree", "header", "layout", "format")
"""Options of the reader that tell how the file is built."""


@dataclass(frozen=True)
class PredictSummary:
    """What was written.

    Args:
        path: the file.
        events: number of events scored.
        classes: names of the classes, one column `score_<class>` each.
        seconds: reading, predicting and writing together.
    """

    path: Path
    events: int
    classes: tuple[str, ...]
    seconds: float


def predict_files(
    model: str | os.PathLike[str] | Tagger | Ensemble | OnnxTagger,
    files: Paths,
    output: str | os.PathLike[str],
    *,
    append: bool = False,
    step: int = 50_000,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
    **options: Any,
) -> PredictSummary:
    """Run a bundle or an ONNX file over files of any size, with the memory that one step needs.

    The output has one row an event, in the order of the files and their entries: `score_<class>` for each class,
    float32; `event`, the event number (the entry in its file, or the column that `index` names); `label` and `weight`
    where the input has them. It appears under its name only when complete.

    Args:
        model: a `.kaon` or `.onnx` file, or what `load_model` returned.
        files: one or several, with globs.
        output: Parquet, HDF5, ROOT or text, by its suffix.
        append: make `output` a copy of the (single) input file with the score columns added.
        step: events at a time.
        threads: of ONNX Runtime.
        progress: called after each step with the number of events done.
        options: as for `kaon.data.io.read`: label, weight, index, cut, columns, tree, ...

    Raises:
        BundleError: the model file is damaged.
        ConfigError: options that exclude each other, or the output is one of the inputs.
        DataError: the input is damaged, or lacks a column that the model reads.
    """
    begin = perf_counter()
    tagger = load_model(model, threads) if isinstance(model, str | os.PathLike) else model
    paths, target = expand(files), Path(output).expanduser()
    if target.exists() and any(target.samefile(p) for p in paths):
        raise ConfigError(f"{target} is an input; give the output another name")
    if append and (len(paths) > 1 or any(options.get(name) for name in _PICKING)):
        raise ConfigError(
            f"scores can be added to a copy of one whole file only; {len(paths)} files and "
            f"{sorted(k for k in _PICKING if options.get(k)) or 'no selection'} are given"
        )
    if options.get("columns") is None and tagger.columns is not None:
        options["columns"] = tagger.columns
    done = 0

    def scored() -> Iterator[tuple[Events, Predictions]]:
        nonlocal done
        for events in iterate(paths, step, **options):
            yield events, tagger.predict(events)
            done += len(events)
            if progress is not None:
                progress(done)

    if append:
        layout = {name: options[name] for name in _LAYOUT if name in options}
        append_scores(paths[0], target, (predictions for _, predictions in scored()), **layout)
    else:
        write((_rows(events, predictions) for events, predictions in scored()), target)
    return PredictSummary(target, done, tagger.classes, perf_counter() - begin)


def _rows(events: Events, predictions: Predictions) -> Events:
    """The scores as columns, with the roles of the events they belong to; labels number the tagger's classes."""
    score, classes, target = np.asarray(predictions.score, np.float32), predictions.classes, events.target
    columns = {f"score_{name}": score[:, i].copy() for i, name in enumerate(classes)}
    if target is not None and events.classes != classes and sorted(events.classes) == sorted(classes):
        target = np.array([classes.index(name) for name in events.classes])[target]
        events = replace(events, target=target, classes=classes)
    history = events.provenance.then(f"scores of {predictions.info.get('model', 'a model')}")
    return replace(events, array=table(columns), reserved=frozenset(columns), provenance=history)
