"""Run directories as `kaon compare` leaves them, filled with scores drawn from known distributions."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot
import yaml

from kaon.data import Predictions
from kaon.evaluate import accuracy, auc, background_rejection, macro_auc

if TYPE_CHECKING:
    from kaon.analysis import Analysis

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
    if len(classes) > 2:
        metrics |= {"error_rate": 1 - accuracy(test), "macro_auc": macro_auc(test)}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "config.yaml").write_text(yaml.safe_dump({"model": model, "train": {"epochs": 20, "seed": seed}}))
    environment = {"command": "kaon compare jets.h5 --models bdt,topodnn,pfn", "versions": {"kaon": "0.1.0"}}
    (folder / "environment.json").write_text(json.dumps(environment))
    with (folder / "log.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        level = "auc" if len(classes) == 2 else "accuracy"
        writer.writerow(["epoch", "train_loss", "validation_loss", f"validation_{level}", "learning_rate", "seconds"])
        floor = 1.2 / (1 + distance**2)
        for epoch in range(20):
            fall = 0.5 * np.exp(-epoch / 4) + rng.normal(0, 0.004)
            losses = [floor + fall - 0.001 * epoch, floor + fall + 0.01]
            writer.writerow([epoch, *losses, metrics[level] - 0.1 * fall, 1e-3, 1.5 + distance])
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


@pytest.fixture(scope="session")
def comparison_writer() -> Callable[..., Path]:
    """`write_comparison(folder, models=, seeds=, classes=, events=, change=)`, for directories with peculiarities."""
    return write_comparison


@pytest.fixture
def run_writer() -> Callable[..., Path]:
    """`write_run(folder, model, seed, distance=, classes=, events=, change=)`."""
    return write_run


ANALYSIS = {
    "name": "toy",
    "title": "Z → ττ",
    "luminosity": 20.3,
    "energy": 8,
    "weight": "weight",
    "data": {"files": "data.root", "label": "Data"},
    "processes": {
        "top": {"files": "top.root", "label": "tt̄"},
        "w": {"files": "w.root", "label": "W <jets>"},
        "ztautau": {"files": "ztautau.root", "label": "Z → ττ", "signal": True},
    },
    "selection": {"lepton above threshold": "lep_pt > 26"},
    "regions": {
        "signal": {"cuts": ["mt < 30", "dphi < 3.5", "sign > 0", "iso > 0"], "label": "Signal region"},
        "same_sign": {"cuts": ["mt < 30", "dphi < 3.5", "sign < 0", "iso > 0"], "label": "Same sign"},
        "w_opposite": {"cuts": ["mt > 70", "dphi > 3.5", "sign > 0", "iso > 0"], "label": "W control, opposite sign"},
        "w_same": {"cuts": ["mt > 70", "dphi > 3.5", "sign < 0", "iso > 0"], "label": "W control, same sign"},
        "qcd_opposite": {"cuts": ["mt < 30", "dphi < 3.5", "sign > 0", "iso < 1"], "label": "QCD, opposite sign"},
        "qcd_same": {"cuts": ["mt < 30", "dphi < 3.5", "sign < 0", "iso < 1"], "label": "QCD, same sign"},
    },
    "histograms": {
        "mass": {"edges": [0, 30, 40, 50, 60, 70, 80, 90, 120], "label": "Visible mass [GeV]"},
        "mt": {"edges": [0, 5, 10, 15, 20, 30, 70, 140], "label": "Transverse mass [GeV]", "logarithmic": True},
    },
    "estimates": {
        "W": {
            "method": "normalise",
            "processes": ["w"],
            "control": {
                "signal": "w_opposite",
                "w_opposite": "w_opposite",
                "qcd_opposite": "w_opposite",
                "same_sign": "w_same",
                "w_same": "w_same",
                "qcd_same": "w_same",
            },
        },
        "multijet": {
            "method": "same_sign",
            "label": "Multijet",
            "regions": {"signal": "same_sign"},
            "opposite_control": "qcd_opposite",
            "same_control": "qcd_same",
        },
    },
    "systematics": {
        "luminosity": {"normalisation": 0.02},
        "tau_energy": {"factor": {"up": "1 + 0.0005 * mass", "down": "1 - 0.0005 * mass"}, "processes": ["ztautau"]},
    },
    "fit": {"regions": {"signal": "mass"}, "limit": False},
}
"""A small Z -> tau tau analysis of the files of `write_ntuples`."""

# Process -> events, share of opposite sign, share of isolated leptons, shapes of transverse mass, angle and mass.
_PROCESSES = {
    "ztautau": (2500, 0.98, 0.95, (2.0, 9.0), (2.6, 0.6), (25.0, 2.7)),
    "top": (400, 0.85, 0.95, (4.0, 18.0), (3.2, 1.0), (6.0, 15.0)),
    "w": (9000, 0.72, 0.95, (4.0, 17.0), (3.8, 0.9), (5.0, 14.0)),
    "multijet": (12_000, 0.53, 0.12, (1.2, 8.0), (3.0, 0.9), (6.0, 9.0)),
}


def write_ntuples(folder: Path) -> Path:
    """Simulation of four times the luminosity, and data with 20% more W and a multijet background."""
    rng = np.random.default_rng(11)

    def drawn(process: str, luminosity: float) -> dict[str, Any]:
        events, opposite, isolated, mt, dphi, mass = _PROCESSES[process]
        n = rng.poisson(events * luminosity)
        return {
            "sign": np.where(rng.random(n) < opposite, 1, -1),
            "iso": (rng.random(n) < isolated).astype(int),
            "mt": rng.gamma(*mt, n),
            "dphi": rng.normal(*dphi, n),
            "mass": rng.gamma(*mass, n),
            "lep_pt": rng.uniform(25, 60, n),
        }

    seen = [drawn(name, 1.2 if name == "w" else 1.0) for name in _PROCESSES]
    tables = {"data": {key: np.concatenate([part[key] for part in seen]) for key in seen[0]}}
    for name in ("ztautau", "top", "w"):
        made = drawn(name, 4.0)
        tables[name] = {**made, "weight": np.full(len(made["mt"]), 0.25)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        with uproot.recreate(folder / f"{name}.root") as file:
            file.mktree("events", {key: column.dtype for key, column in table.items()}).extend(table)
    return folder


@pytest.fixture(scope="session")
def ntuples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files for `ANALYSIS`; read only."""
    return write_ntuples(tmp_path_factory.mktemp("ntuples"))


@pytest.fixture(scope="session")
def analysis_settings() -> dict[str, Any]:
    """Settings of a small analysis of the `ntuples`; copy before changing."""
    return ANALYSIS


@pytest.fixture(scope="session")
def analysis(ntuples: Path) -> Analysis:
    """Its result, with a limit as it might be, since that takes long to find."""
    pytest.importorskip("pyhf")
    from kaon.analysis import analyse
    from kaon.evaluate.likelihood import UpperLimit

    found = analyse(ANALYSIS, data=ntuples)
    assert found.fit is not None
    limit = UpperLimit(1.1, (0.02, 0.03, 0.04, 0.06, 0.08), 0.95)
    return replace(found, fit=replace(found.fit, limit=limit))
