"""Run directories as `kaon compare` leaves them, filled with scores drawn from known distributions."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from kaon.data import Predictions
from kaon.evaluate import accuracy, auc, background_rejection

MODELS = {"bdt": 2.0, "topodnn": 2.6, "pfn": 3.1}
"""Model -> distance of signal and background in units of their width: AUC = Phi(distance / sqrt 2)."""


def draw(count: int, distance: float, classes: Sequence[str], rng: np.random.Generator) -> Predictions:
    """Calibrated scores of unit Gaussians whose means lie `distance` apart, with pT and a mass the score leans on."""
    number = len(classes)
    target = rng.integers(0, number, count)
    logit = rng.normal(size=(count, number))
    logit[np.arange(count), target] += distance / np.sqrt(2)
    logit *= distance / np.sqrt(2)
    score = np.exp(logit - logit.max(axis=1, keepdims=True))
    score /= score.sum(axis=1, keepdims=True)
    signal = target == number - 1
    lean = logit[:, -1] - logit[:, :-1].max(axis=1)
    mass = np.where(signal, rng.normal(172, 12, count), 25 + rng.gamma(2.0, 32, count) + 4 * np.maximum(lean, 0))
    return Predictions(
        score=score.astype(np.float32),
        target=target.astype(np.int64),
        index=np.arange(count),
        classes=tuple(classes),
        spectators={"jet_pt": rng.uniform(550, 650, count), "jet_mass": mass},
        info={},
    )


def write_run(
    folder: Path,
    model: str,
    seed: int,
    *,
    distance: float = 2.5,
    classes: Sequence[str] = ("qcd", "top"),
    events: Mapping[str, int] = {"train": 4000, "validation": 2000, "test": 4000},
    change: Callable[[Predictions], Predictions] = lambda p: p,
) -> Path:
    """One finished run directory."""
    rng = np.random.default_rng([seed, len(model), int(distance * 10)])
    folder.mkdir(parents=True)
    distance += rng.normal(0, 0.04)
    predictions = {split: draw(n, distance, classes, rng) for split, n in events.items()}
    (folder / "predictions").mkdir()
    for split, found in predictions.items():
        change(found).save(folder / "predictions" / f"{split}.parquet")
    test = predictions["test"]
    at30, at50 = background_rejection(test, signal_efficiency=0.3), background_rejection(test, signal_efficiency=0.5)
    metrics = {
        "auc": auc(test),
        "accuracy": accuracy(test),
        "rejection_30": at30.value,
        "rejection_30_error": at30.error,
        "rejection_50": at50.value,
        "rejection_50_error": at50.error,
        "parameters": 1000 * len(model) ** 2,
        "train_seconds": 20.0 * distance + rng.normal(0, 1),
        "inference_us": 3.0 * distance + rng.normal(0, 0.1),
        "model": model,
        "seed": seed,
        "events": dict(events),
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "config.yaml").write_text(yaml.safe_dump({"model": model, "train": {"epochs": 20, "seed": seed}}))
    environment = {"command": "kaon compare jets.h5 --models bdt,topodnn,pfn", "versions": {"kaon": "0.1.0"}}
    (folder / "environment.json").write_text(json.dumps(environment))
    with (folder / "log.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["epoch", "train_loss", "validation_loss", "validation_auc", "learning_rate", "seconds"])
        floor = 1.2 / (1 + distance**2)
        for epoch in range(20):
            fall = 0.5 * np.exp(-epoch / 4) + rng.normal(0, 0.004)
            losses = [floor + fall - 0.001 * epoch, floor + fall + 0.01]
            writer.writerow([epoch, *losses, metrics["auc"] - 0.1 * fall, 1e-3, 1.5 + distance])
    return folder


def sample(classes: Sequence[str] = ("qcd", "top")) -> dict[str, Any]:
    """What `sample.json` holds."""
    rng = np.random.default_rng(5)
    names = [("jet_pt", "GeV"), ("jet_mass", "GeV"), ("multiplicity", ""), ("girth", ""), ("tau21", ""), ("tau32", "")]
    features = []
    for number, (name, unit) in enumerate(names):
        edges = np.linspace(0, 1 + number, 41)
        counts = {
            c: np.histogram(rng.beta(2 + 2 * i, 5, 5000) * (1 + number), edges)[0].tolist()
            for i, c in enumerate(classes)
        }
        features.append({"name": name, "unit": unit, "edges": edges.tolist(), "counts": counts})
    edges = np.linspace(-0.8, 0.8, 38)
    x, y = np.meshgrid((edges[1:] + edges[:-1]) / 2, (edges[1:] + edges[:-1]) / 2)
    mean = {
        c: (100 * np.exp(-(x**2 + y**2) / (2 * (0.06 * (i + 1)) ** 2)) + 0.05 * np.exp(-4 * (x**2 + y**2))).tolist()
        for i, c in enumerate(classes)
    }
    return {
        "classes": list(classes),
        "events": dict.fromkeys(classes, 5000),
        "weights": dict.fromkeys(classes, 5000.0),
        "provenance": {
            "source": "top-tagging",
            "seed": 1,
            "settings": {"shower": "default", "detector": "atlas"},
            "versions": {"kaon": "0.1.0", "pythia8mc": "8.317.2"},
            "cross_section": 12.5,
            "history": ["selected 10000 of 24000 events"],
        },
        "features": features,
        "image": {"edges": edges.tolist(), "mean": mean, "unit": "GeV"},
    }


def write_comparison(
    folder: Path, models: Mapping[str, float] = MODELS, seeds: Sequence[int] = (0, 1, 2), **run: Any
) -> Path:
    """A comparison directory with a run for each model and seed."""
    folder.mkdir(parents=True, exist_ok=True)
    for model, distance in models.items():
        for seed in seeds:
            write_run(folder / "runs" / f"{model}-seed{seed}", model, seed, distance=distance, **run)
    info = {"models": list(models), "seeds": list(seeds), "source": "jets.h5", "created": "2026-03-01T12:00:00"}
    (folder / "comparison.json").write_text(json.dumps(info))
    (folder / "sample.json").write_text(json.dumps(sample(run.get("classes", ("qcd", "top")))))
    return folder


@pytest.fixture(scope="session")
def comparison_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models, three seeds, everything there; read only."""
    return write_comparison(tmp_path_factory.mktemp("report") / "comparison")


@pytest.fixture
def comparison_writer() -> Callable[..., Path]:
    """`write_comparison(folder, models=, seeds=, classes=, events=, change=)`, for directories with peculiarities."""
    return write_comparison


@pytest.fixture
def run_writer() -> Callable[..., Path]:
    """`write_run(folder, model, seed, distance=, classes=, events=, change=)`."""
    return write_run
