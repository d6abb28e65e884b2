"""A run: one training as a directory that can be stopped, resumed, skipped when done, and drawn later."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kaon.data import Batch, Events
from kaon.data.digest import digest
from kaon.data.provenance import software_versions
from kaon.errors import ConfigError, DataError
from kaon.files import locked, write_text
from kaon.learn.config import TrainConfig
from kaon.learn.fit import CHECKPOINT, Progress
from kaon.learn.metrics import summary_metrics
from kaon.learn.tagger import SPECTATORS, Tagger, load
from kaon.learn.train import Prepared, choose_representation, prepare, prepare_from, train
from kaon.learn.transfer import Start, StartConfig, fingerprint
from kaon.validation import reasons

__all__ = ["Parts", "Run", "RunConfig", "environment", "execute_run", "write_json"]

EVENTS = "events.json"
"""Which events the run is about: a run is never skipped or resumed on others."""

_LONG = 2.0
"""Seconds of a pass that need no second one."""

_KEPT = 100_000
"""Training predictions kept for the overtraining check."""


class RunConfig(BaseModel):
    """Everything that decides a run; written into it as `config.yaml`.

    Args:
        model: registered name, or a Python file with VARIANTS.
        options: hyper-parameters of the model.
        representation: registered name; by default chosen by model and events.
        representation_options: constructor arguments of the representation, as missing=median or transform=auto of
            plain columns.
        data: how the events were read or made; JSON values.
        split: fractions of training, validation and test events.
        split_seed: of the split.
        spectators: columns carried into the predictions; `jet_pt=Pt` carries the column `Pt` as `jet_pt`, the name by
            which the report finds it.
        train: settings of the training.
        start: the tagger whose features the training starts with; None for random weights.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    options: dict[str, Any] = Field(default_factory=dict)
    representation: str | None = None
    representation_options: dict[str, Any] = Field(default_factory=dict)
    data: dict[str, Any] = Field(default_factory=dict)
    split: tuple[float, float, float] = (0.6, 0.2, 0.2)
    split_seed: int = 0
    spectators: tuple[str, ...] = SPECTATORS
    train: TrainConfig = Field(default_factory=TrainConfig)
    start: StartConfig | None = None

    def to_yaml(self) -> str:
        """As YAML, every setting written out."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)

    def equals(self, written: Any) -> bool:
        """Whether the settings in a run's `config.yaml` are these; settings younger than the run are defaults."""
        try:
            return RunConfig.model_validate(written).model_dump_json() == self.model_dump_json()
        except ValidationError:
            return False

    def opened(self) -> Start | None:
        """The tagger that the training starts with; a model of the user's own comes from the file that `model` names.

        Raises:
            ConfigError, BundleError: as `StartConfig.open`.
        """
        stem, suffix, _ = self.model.partition(".py")
        return None if self.start is None else self.start.open([f"{stem}{suffix}"] if suffix else [])

    def resolved(self) -> RunConfig:
        """With the fingerprint of the tagger that the training starts with."""
        start = self.opened()
        if start is None or self.start is None:
            return self
        found = self.start.model_copy(update={"fingerprint": fingerprint(start.tagger)})
        return self.model_copy(update={"start": found})

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], source: str = "the configuration") -> RunConfig:
        """Validate settings from a file.

        Raises:
            ConfigError: every wrong setting, with what is allowed.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise ConfigError(f"{source}: {reasons(error)}") from error


@dataclass(frozen=True)
class Parts:
    """The three disjoint samples of a run."""

    train: Events
    validation: Events
    test: Events

    @cached_property
    def digest(self) -> str:
        """Fingerprint of all events, part by part."""
        return digest(self.train, self.validation, self.test)

    @classmethod
    def of(cls, events: Events, fractions: Sequence[float], seed: int) -> Parts:
        """Split by event number and seed.

        Raises:
            DataError: a part would be empty.
        """
        parts = events.split(fractions, seed)
        if len(parts) != 3 or any(len(p) == 0 for p in parts):
            raise DataError(
                f"{len(events)} events split as {tuple(fractions)} give {[len(p) for p in parts]} for training, "
                "validation and test; none of the three may be empty"
            )
        return cls(*parts)


@dataclass(frozen=True)
class Run:
    """A finished run: its folder and its numbers."""

    folder: Path
    metrics: Mapping[str, Any]

    def tagger(self, sources: Sequence[str | os.PathLike[str]] = ()) -> Tagger:
        """The trained model; `sources` as for `kaon.load`."""
        return load(self.folder / "bundle.kaon", sources)

    @classmethod
    def finished(cls, folder: Path, config: RunConfig, events: str) -> Run | None:
        """The run in this folder if it is done with the same settings and events; None if it is absent or unfinished.

        Args:
            folder: of the run.
            config: its settings.
            events: their fingerprint, see `kaon.data.digest`.

        Raises:
            DataError: the folder holds a run with other settings or events, finished or with epochs behind it.
        """
        written, metrics = folder / "config.yaml", folder / "metrics.json"
        begun = metrics.exists() or (folder / CHECKPOINT).exists()
        if begun and written.exists() and not config.equals(yaml.safe_load(written.read_text())):
            raise DataError(f"{folder} holds a run with other settings; choose another folder, or delete it")
        noted = folder / EVENTS
        if begun and noted.exists() and json.loads(noted.read_text())["digest"] != events:
            raise DataError(f"{folder} holds a run on other events; choose another folder, or delete it")
        return cls(folder, json.loads(metrics.read_text())) if metrics.exists() else None


def execute_run(
    config: RunConfig,
    parts: Parts,
    folder: str | os.PathLike[str],
    *,
    prepared: Prepared | None = None,
    progress: Progress | None = None,
) -> Run:
    """Train, predict and measure; a finished run is returned as it is, an unfinished one is resumed.

    Args:
        config: every setting.
        parts: training, validation and test events.
        folder: of the run.
        prepared: the represented events, if another run had them made already.
        progress: called during training.
    """
    config = config.resolved()
    home = Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    with locked(home / ".lock", f"another process is training in {home}; wait for it, or choose another folder"):
        # It may have been finished while this process was reading its events.
        return Run.finished(home, config, parts.digest) or _execute(config, parts, home, prepared, progress)


def _execute(config: RunConfig, parts: Parts, home: Path, prepared: Prepared | None, progress: Progress | None) -> Run:
    write_text(home / "config.yaml", config.to_yaml())
    write_json(home / EVENTS, {"digest": parts.digest})
    write_json(home / "environment.json", environment())
    start = time.perf_counter()
    began = config.opened()
    if prepared is None and began is not None:
        began.check(config.model, config.representation, config.representation_options)
        prepared = prepare_from(began, parts.train, parts.validation)
    elif prepared is None:
        chosen = choose_representation(config.model, parts.train, config.representation)
        prepared = prepare(chosen, config.representation_options, parts.train, parts.validation)
    assert prepared.validation is not None
    tagger = train(
        config.model,
        parts.train,
        parts.validation,
        config.train,
        options=config.options,
        prepared=prepared,
        start=began,
        spectators=config.spectators,
        folder=home,
        progress=progress,
    )
    seconds = sum(row.get("seconds", 0.0) for row in tagger.training["log"]) or time.perf_counter() - start
    seconds += tagger.training.get("start", {}).get("feature_seconds", 0.0)
    tagger.save(home / "bundle.kaon")
    test = prepared.representation.transform(parts.test) if prepared.test is None else prepared.test
    score, per_event = _timed(tagger, test)
    if tagger.views > 1:
        score, per_event = tagger.probabilities(parts.test), per_event * tagger.views
    kept = slice(0, _KEPT)
    scored = {
        "test": (score, parts.test),
        "train": (tagger.probabilities(parts.train.take(kept), prepared.train.take(kept)), parts.train.take(kept)),
        "validation": (tagger.probabilities(parts.validation, prepared.validation), parts.validation),
    }
    predictions = {name: tagger.predictions(*pair, seed=config.train.seed) for name, pair in scored.items()}
    for name, made in predictions.items():
        made.save(home / "predictions" / f"{name}.parquet")
    metrics = {
        "model": config.model,
        "seed": config.train.seed,
        **summary_metrics(predictions["test"]),
        "parameters": tagger.parameter_count,
        "train_seconds": seconds,
        "inference_us": per_event * 1e6,
        "representation": tagger.representation_name,
        "events": {"train": len(parts.train), "validation": len(parts.validation), "test": len(parts.test)},
    }
    (home / CHECKPOINT).unlink(missing_ok=True)
    # Last of all: its presence means that the run is complete.
    write_json(home / "metrics.json", metrics)
    return Run(home, metrics)


def write_json(path: Path, values: Any) -> None:
    """Write JSON that any reader accepts (no NaN)."""
    write_text(path, json.dumps(values, indent=1, allow_nan=False) + "\n")


def _timed(tagger: Tagger, batch: Batch) -> tuple[np.ndarray[Any, Any], float]:
    """Scores, and seconds an event of the model alone (its representation is made before).

    The better of two passes, or of one that took long enough to be believed.
    """
    tagger.predict_batch(batch.take(slice(0, 64)))
    best = float("inf")
    for _ in range(2):
        start = time.perf_counter()
        score = tagger.predict_batch(batch)
        spent = time.perf_counter() - start
        best = min(best, spent / max(len(batch), 1))
        if spent > _LONG:
            break
    return score, best


def environment() -> dict[str, Any]:
    """Versions, machine and command of this process; JSON values."""
    return {
        "versions": software_versions(),
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }
