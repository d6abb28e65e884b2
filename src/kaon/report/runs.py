"""What a comparison left on disk: its runs, their predictions, logs and numbers, read for drawing."""

from __future__ import annotations

import csv
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from kaon.data import Predictions
from kaon.errors import DataError, KaonWarning

__all__ = ["Comparison", "Expected", "RunRecord", "load"]

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class RunRecord:
    """One finished training.

    Args:
        name: name of its directory.
        model: registered name of the model.
        seed: random seed of the training.
        metrics: what `metrics.json` holds: `auc`, `accuracy`, `rejection_30`, `train_seconds`, ...
        log: columns of `log.csv`, each (epochs,) float64; missing values are NaN; empty without a log.
        predictions: those of `train`, `validation` and `test` that were written.
        config: the resolved configuration.
        environment: versions, machine and command of the training.
    """

    name: str
    model: str
    seed: int
    metrics: Mapping[str, Any]
    log: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    predictions: Mapping[str, Predictions] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)

    def labelled(self, split: str = "test") -> Predictions | None:
        """Predictions that can be evaluated: they are there, carry labels, and hold more than one class."""
        found = self.predictions.get(split)
        if found is None or found.target is None or not len(found):
            return None
        return None if found.target.min() == found.target.max() else found


@dataclass(frozen=True)
class Expected:
    """Events that an analysis expects before the cut, for figures of what a cut buys it.

    Args:
        signal, background: numbers of events.
        uncertainty: of the background, relative.
    """

    signal: float = 100.0
    background: float = 1000.0
    uncertainty: float = 0.05


@dataclass(frozen=True)
class Comparison:
    """Finished runs on the same events.

    Args:
        runs: ordered as the models were asked for, then by seed; at least one.
        sample: what `sample.json` says of the events (classes, input histograms, average image), or None.
        info: what `comparison.json` holds: `models`, `seeds`, `source`, `created`; empty for a single run.
        expected: events before the cut, for what a cut buys an analysis.
    """

    runs: tuple[RunRecord, ...]
    sample: Mapping[str, Any] | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    expected: Expected = Expected()

    @property
    def models(self) -> dict[str, tuple[RunRecord, ...]]:
        """Runs by model, in order."""
        return {m: tuple(r for r in self.runs if r.model == m) for m in dict.fromkeys(r.model for r in self.runs)}

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, the signal last; empty where no run kept its predictions."""
        for run in self.runs:
            for predictions in run.predictions.values():
                return predictions.classes
        return tuple((self.sample or {}).get("classes", ()))

    @property
    def many(self) -> bool:
        """Whether there are more than two classes, of which none is the signal."""
        return len(self.classes) > 2 or any("macro_auc" in run.metrics for run in self.runs)


def load(directory: str | os.PathLike[str]) -> Comparison:
    """Read a comparison directory, or the directory of a single run.

    Runs without `metrics.json`, or whose files are damaged, are unfinished: they are left out with a KaonWarning.

    Raises:
        DataError: neither kind of directory, or no finished run in it.
    """
    root = Path(directory)
    if not root.is_dir():
        raise DataError(f"{root} is not a directory; give one that `kaon compare` or `kaon train` wrote")
    if (root / "metrics.json").is_file():
        return Comparison((_run(root),), _json(root / "sample.json") or None)
    folders = sorted(p for p in (root / "runs").glob("*") if p.is_dir())
    if not folders:
        raise DataError(
            f"{root} holds neither metrics.json nor runs/; give a directory that `kaon compare` or `kaon train` wrote"
        )
    info = _json(root / "comparison.json")
    wanted = list(info.get("models", ()))
    runs = [run for folder in folders if (run := _finished(folder)) is not None]
    if not runs:
        raise DataError(f"none of the {len(folders)} runs in {root} is finished; repeat the command to go on")
    # A folder may hold runs of an earlier comparison, on another split: only those of the last one are comparable.
    seeds = info.get("seeds", [])
    runs = [r for r in runs if (not wanted or r.model in wanted) and (not seeds or r.seed in seeds)] or runs
    runs.sort(key=lambda r: (wanted.index(r.model) if r.model in wanted else len(wanted), r.model, r.seed))
    return Comparison(tuple(runs), _json(root / "sample.json") or None, info)


def _finished(folder: Path) -> RunRecord | None:
    try:
        if (folder / "metrics.json").is_file():
            return _run(folder)
        reason = "it has no metrics.json"
    except DataError as error:
        reason = str(error)
    warnings.warn(f"the run {folder.name} is not finished and left out: {reason}", KaonWarning, stacklevel=3)
    return None


def _run(folder: Path) -> RunRecord:
    metrics, config = _json(folder / "metrics.json"), _yaml(folder / "config.yaml")
    model = metrics.get("model", config.get("model", folder.name))
    files = {split: folder / "predictions" / f"{split}.parquet" for split in SPLITS}
    return RunRecord(
        name=folder.name,
        model=str(model.get("name", folder.name) if isinstance(model, Mapping) else model),
        seed=int(metrics.get("seed", config.get("seed") or 0)),
        metrics=metrics,
        log=_log(folder / "log.csv"),
        predictions={split: Predictions.load(file) for split, file in files.items() if file.is_file()},
        config=config,
        environment=_json(folder / "environment.json"),
    )


def _json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if there is no such file."""
    return _object(path, json.loads, json.JSONDecodeError)


def _yaml(path: Path) -> dict[str, Any]:
    return _object(path, yaml.safe_load, yaml.YAMLError)


def _object(path: Path, parse: Any, failure: type[Exception]) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = parse(path.read_text(encoding="utf-8"))
    except (failure, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} holds {type(found).__name__}, not named values")
    return found


def _log(path: Path) -> dict[str, NDArray[np.float64]]:
    """Columns of a CSV file of numbers; a cell that is empty or cut short by a crash is NaN."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    names = [n for n in (rows[0] if rows else ()) if n]
    return {name: np.array([_number(row.get(name)) for row in rows]) for name in names}


def _number(cell: str | None) -> float:
    try:
        return float(cell or "nan")
    except ValueError:
        return float("nan")
