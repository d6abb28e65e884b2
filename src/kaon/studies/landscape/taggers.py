"""The taggers of the landscape: how each paper trains its own, what it published, how much is done at each scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kaon.learn import RunConfig, TrainConfig
from kaon.studies.base import ScaleName

__all__ = ["GOAT", "TAGGERS", "Effort", "Published", "Tagger"]

LANDSCAPE = "arXiv:1902.09914, table 1"


@dataclass(frozen=True)
class Published:
    """A published number, its spread over trainings where the paper gives one, and the paper."""

    value: float
    spread: float | None = None
    source: str = LANDSCAPE


@dataclass(frozen=True)
class Effort:
    """How long and how often a tagger is trained."""

    epochs: int
    seeds: int = 1


@dataclass(frozen=True)
class Tagger:
    """One line of the table.

    Args:
        model: registered name.
        quick: effort at that scale; full is the paper's epochs, five times.
        train: settings of the paper, as `TrainConfig` names them; where the paper decays the learning rate in steps or
            by a factor an epoch, half a cosine does.
        published: column -> number.
        stacked: whether GoaT sees it.
        smoke: effort at that scale.
        options: hyper-parameters.
    """

    model: str
    quick: Effort
    train: Mapping[str, Any]
    published: Mapping[str, Published] = field(default_factory=dict)
    stacked: bool = True
    smoke: Effort = Effort(1)
    options: Mapping[str, Any] = field(default_factory=dict)

    def effort(self, scale: ScaleName) -> Effort:
        """Epochs and seeds at a scale."""
        if scale == "smoke":
            return self.smoke
        return self.quick if scale == "quick" else Effort(self.train.get("epochs", 1), 5)

    def config(self, scale: ScaleName, batch_size: int | None, **more: Any) -> RunConfig:
        """Settings of its training.

        Args:
            scale: decides the epochs.
            batch_size: upper limit, for samples so small that the paper's batches would make too few steps.
            more: for `RunConfig`.
        """
        chosen = {**self.train, "epochs": self.effort(scale).epochs}
        if batch_size is not None:
            chosen["batch_size"] = min(batch_size, chosen.get("batch_size", batch_size))
        return RunConfig(model=self.model, options=dict(self.options), train=TrainConfig(**chosen), **more)


def _table(
    auc: float,
    accuracy: float,
    rejection: float,
    spread: float | None,
    ensemble: float | None,
    parameters: float | None,
    rejection_50: Published | None = None,
) -> dict[str, Published]:
    """A line of the landscape's table 1, and a rejection at 0.5 from elsewhere."""
    found = {
        "auc": Published(auc),
        "accuracy": Published(accuracy),
        "rejection_30": Published(rejection, spread),
    }
    if ensemble is not None:
        found["rejection_30_ensemble"] = Published(ensemble)
    if parameters is not None:
        found["parameters"] = Published(parameters)
    if rejection_50 is not None:
        found["rejection_50"] = rejection_50
    return found


def _later(rejection_50: float, rejection_30: float, parameters: float, source: str) -> dict[str, Published]:
    """What a later paper says of the same sample."""
    return {
        "rejection_30": Published(rejection_30, None, source),
        "rejection_50": Published(rejection_50, None, source),
        "parameters": Published(parameters, None, source),
    }


PARTICLE_NET, PART = "arXiv:1902.08570", "arXiv:2202.03772"
LORENTZ_NET, LGATR_SLIM = "arXiv:2201.08187", "arXiv:2512.17011"

_LIGHT = Effort(20, 2)
_CLOSED = Effort(1, 1)

TAGGERS = (
    Tagger("bdt", Effort(1, 1), {"epochs": 1}, stacked=False),
    Tagger("lda", _CLOSED, {"epochs": 1}, _table(0.955, 0.892, 151, None, None, 184_000)),
    Tagger("efp_lda", _CLOSED, {"epochs": 1}, _table(0.980, 0.932, 384, None, None, 1_000)),
    Tagger(
        "topodnn",
        _LIGHT,
        {"epochs": 40, "batch_size": 96, "learning_rate": 1e-3, "optimizer": "adam", "weight_decay": 0.0},
        _table(0.972, 0.916, 295, 5, 382, 59_000),
    ),
    Tagger(
        "nsubjettiness_6",
        _LIGHT,
        {"epochs": 50, "batch_size": 256, "learning_rate": 1e-3, "optimizer": "adam", "weight_decay": 0.0},
        _table(0.979, 0.922, 792, None, None, 57_000),
    ),
    Tagger(
        "nsubjettiness_8",
        _LIGHT,
        {"epochs": 50, "batch_size": 256, "learning_rate": 1e-3, "optimizer": "adam", "weight_decay": 0.0},
        _table(0.981, 0.929, 867, None, None, 58_000),
    ),
    Tagger(
        "cnn",
        Effort(4),
        {"epochs": 40, "batch_size": 128, "learning_rate": 1e-3, "optimizer": "adam", "weight_decay": 0.0},
        _table(0.981, 0.930, 914, 14, 995, 610_000),
    ),
    Tagger(
        "resnext",
        Effort(2),
        {"epochs": 30, "batch_size": 256, "learning_rate": 3e-3, "schedule": "one_cycle", "weight_decay": 1e-4},
        _table(0.984, 0.936, 1122, 47, 1270, 1_460_000, Published(302, None, PARTICLE_NET)),
    ),
    Tagger(
        "recnn",
        Effort(20, 2),
        {"epochs": 20, "batch_size": 64, "learning_rate": 5e-4, "optimizer": "adam", "weight_decay": 0.0},
        {"rejection_30": Published(810, None, "arXiv:1902.09914, version 1"), "parameters": Published(13_000)},
    ),
    Tagger(
        "treenin",
        Effort(20, 2),
        {"epochs": 40, "batch_size": 64, "learning_rate": 2e-3, "optimizer": "adam", "weight_decay": 0.0},
        _table(0.982, 0.933, 1025, 11, 1202, 34_000),
    ),
    Tagger(
        "pcnn",
        Effort(10),
        {"epochs": 30, "batch_size": 256, "learning_rate": 3e-3, "schedule": "one_cycle", "weight_decay": 1e-4},
        _table(0.980, 0.930, 732, 24, 845, 348_000, Published(201, None, PARTICLE_NET)),
    ),
    Tagger(
        "lbn",
        Effort(20, 2),
        {"epochs": 50, "batch_size": 1024, "learning_rate": 1e-3, "optimizer": "adam", "weight_decay": 1e-5},
        _table(0.981, 0.931, 836, 17, 859, 705_000),
    ),
    Tagger(
        "lola",
        Effort(15, 2),
        {"epochs": 100, "batch_size": 512, "learning_rate": 1e-3, "optimizer": "adam", "weight_decay": 0.0},
        _table(0.980, 0.929, 722, 17, 768, 127_000),
    ),
    Tagger(
        "efn",
        _LIGHT,
        {"epochs": 50, "batch_size": 500, "learning_rate": 1e-3, "optimizer": "adam", "weight_decay": 0.0},
        _table(0.979, 0.927, 633, 31, 729, 82_000),
    ),
    Tagger(
        "pfn",
        _LIGHT,
        {"epochs": 50, "batch_size": 500, "learning_rate": 1e-3, "optimizer": "adam", "weight_decay": 0.0},
        _table(0.982, 0.932, 891, 18, 1063, 82_000, Published(247, None, PARTICLE_NET)),
    ),
    Tagger(
        "transformer",
        Effort(4),
        {"epochs": 20, "batch_size": 256, "learning_rate": 1e-3, "weight_decay": 0.01, "gradient_clip": 1.0},
    ),
    Tagger(
        "particle_net_lite",
        Effort(8),
        {"epochs": 20, "batch_size": 1024, "learning_rate": 5e-3, "schedule": "one_cycle", "weight_decay": 1e-4},
        _later(325, 1262, 26_000, PARTICLE_NET),
    ),
    Tagger(
        "particle_net",
        Effort(2),
        {"epochs": 20, "batch_size": 384, "learning_rate": 3e-3, "schedule": "one_cycle", "weight_decay": 1e-4},
        {
            **_table(0.985, 0.938, 1298, 46, 1412, 498_000),
            "rejection_50": Published(397, None, f"{PARTICLE_NET}, the released network of 366k parameters"),
        },
    ),
    Tagger(
        "part",
        Effort(2),
        {"epochs": 20, "batch_size": 512, "learning_rate": 1e-3, "weight_decay": 0.01, "gradient_clip": 1.0},
        _later(413, 1602, 2_140_000, PART),
    ),
    Tagger(
        "lorentz_net",
        Effort(2),
        {"epochs": 35, "batch_size": 128, "learning_rate": 1e-3, "weight_decay": 0.01, "warmup": 0.14},
        _later(498, 2195, 224_000, LORENTZ_NET),
    ),
    Tagger(
        "lgatr_slim",
        Effort(2),
        {"epochs": 20, "batch_size": 128, "learning_rate": 1e-3, "weight_decay": 0.01, "gradient_clip": 1.0},
        {
            "rejection_50": Published(546, None, LGATR_SLIM),
            "rejection_30": Published(2264, None, LGATR_SLIM),
        },
    ),
)
"""In the order of the table. Learning rates of papers that give none, and the effort at the scale quick, are ours."""

GOAT = Tagger(
    "goat",
    Effort(30, 2),
    {"epochs": 60, "batch_size": 256, "learning_rate": 1e-3, "weight_decay": 0.01, "patience": 15},
    _table(0.985, 0.939, 1368, 140, 1549, 35_000),
    stacked=False,
    smoke=Effort(10),
)
"""Trained on held-out jets over the others' scores, see `kaon.learn.stacking`."""
